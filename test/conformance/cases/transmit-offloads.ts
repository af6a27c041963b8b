/** What context and data descriptors ask for on the way out. */
import assert from 'node:assert/strict';
import { crc32c, ethernet, internetChecksum, numbers, packet, read16, read32, STATION, unfinished } from '../frames.ts';
import { L4, OPTION, TX } from '../rings.ts';
import { conformance } from '../suite.ts';

const AREA = 'transmit offloads';

for (const version of [4, 6] as const) {
  for (const protocol of ['tcp', 'udp'] as const) {
    conformance(`TXSM: ${protocol} over IPv${version}`, { area: AREA, evidence: '05 §5.4' }, (station) => {
      const { tx } = station.open();
      const options = { version, protocol, payload: numbers(101) };
      const ipLength = version === 4 ? 20 : 40;
      tx.context({ ipLength, ipv4: version === 4, l4: protocol === 'tcp' ? L4.tcp : L4.udp });
      tx.send(unfinished(options), 0, OPTION.TXSM | (version === 4 ? OPTION.IXSM : 0));
      assert.deepEqual(station.wire.take(), [packet(options)]);
    });
  }
  conformance(`TXSM: SCTP over IPv${version} gets its CRC32c`, { area: AREA, evidence: '05 §5.4' }, (station) => {
    const { tx } = station.open();
    const options = { version, protocol: 'sctp', payload: numbers(60) } as const;
    tx.context({ ipLength: version === 4 ? 20 : 40, ipv4: version === 4, l4: L4.sctp });
    tx.send(unfinished(options), 0, OPTION.TXSM | (version === 4 ? OPTION.IXSM : 0));
    assert.deepEqual(station.wire.take(), [packet(options)]);
  });
}

conformance('IXSM alone leaves the L4 checksum as it is', { area: AREA, evidence: '05 §5.4' }, (station) => {
  const { tx } = station.open();
  const given = unfinished({ payload: numbers(10) });
  tx.context();
  tx.send(given, 0, OPTION.IXSM);
  const [sent] = station.wire.take();
  assert.equal(internetChecksum([...sent!.subarray(14, 34)]), 0);
  assert.deepEqual(sent!.subarray(34), given.subarray(34));
});

conformance('without options nothing is touched', { area: AREA, evidence: '05 §5.4' }, (station) => {
  const { tx } = station.open();
  const given = unfinished({ payload: numbers(10) });
  tx.context();
  tx.send(given);
  assert.deepEqual(station.wire.take(), [
    given.length < 60 ? Uint8Array.from([...given, ...numbers(60)].slice(0, 60)) : given,
  ]);
});

conformance('IPv4 options are inside IPLEN', { area: AREA, evidence: '03 §3.3' }, (station) => {
  const { tx } = station.open();
  const options = { payload: numbers(40), ipOptions: [1, 1, 1, 1, 1, 1, 1, 0] };
  tx.context({ ipLength: 28 });
  tx.send(unfinished(options), 0, OPTION.TXSM | OPTION.IXSM);
  assert.deepEqual(station.wire.take(), [packet(options)]);
});

conformance('a tag in the buffer is inside MACLEN', { area: AREA, evidence: '03 §3.3' }, (station) => {
  const { tx } = station.open();
  const options = { payload: numbers(40), tags: [100] };
  tx.context({ macLength: 18 });
  tx.send(unfinished(options), 0, OPTION.TXSM | OPTION.IXSM);
  assert.deepEqual(station.wire.take(), [packet(options)]);
});

conformance(
  'the headers lie where the context says: behind a header of an unknown EtherType',
  { area: AREA, evidence: '05 §5.4, 11.2', expect: { qemu: 'q-context-lengths' } },
  (station) => {
    const { tx } = station.open();
    const options = { protocol: 'udp', payload: numbers(40) } as const;
    const shim = [0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc];
    const shimmed = (bytes: Uint8Array): Uint8Array =>
      Uint8Array.from([...bytes.subarray(0, 12), 0x88, 0xb5, ...shim, ...bytes.subarray(14)]);
    tx.context({ macLength: 14 + shim.length, l4: L4.udp, l4Length: 8 });
    tx.send(shimmed(unfinished(options)), 0, OPTION.TXSM | OPTION.IXSM);
    assert.deepEqual(station.wire.take(), [shimmed(packet(options))]);
  },
);

conformance(
  'IPLEN reaches over headers that the device does not know: the inner IP packet of a tunnel',
  { area: AREA, evidence: '05 §5.4, 11.2', expect: { qemu: 'q-context-lengths' } },
  (station) => {
    const { tx } = station.open();
    const inner = { protocol: 'udp', payload: numbers(30) } as const;
    const outer = [0x45, 0, 0, 78, 0, 7, 0x40, 0, 64, 4, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8];
    const tunnelled = (bytes: Uint8Array): Uint8Array =>
      Uint8Array.from([...bytes.subarray(0, 14), ...outer, ...bytes.subarray(14)]);
    tx.context({ macLength: 34, l4: L4.udp, l4Length: 8 });
    tx.send(tunnelled(unfinished(inner)), 0, OPTION.TXSM | OPTION.IXSM);
    assert.deepEqual(station.wire.take(), [tunnelled(packet(inner))]);
  },
);

conformance('two contexts: each data descriptor names its own', { area: AREA, evidence: '03 §3.3' }, (station) => {
  const { tx } = station.open();
  const tcp = { payload: numbers(20) };
  const udp = { protocol: 'udp', payload: numbers(20), version: 6 } as const;
  tx.context({ slot: 0 });
  tx.context({ slot: 1, l4: L4.udp, ipv4: false, ipLength: 40 });
  tx.data(unfinished(udp), 0, OPTION.TXSM | (1 << 4));
  tx.data(unfinished(tcp), 0, OPTION.TXSM | OPTION.IXSM);
  tx.go();
  assert.deepEqual(station.wire.take(), [packet(udp), packet(tcp)]);
});

conformance('a context stays for the packets after', { area: AREA, evidence: '03 §3.3' }, (station) => {
  const { tx } = station.open();
  const options = { payload: numbers(20) };
  tx.context();
  for (let n = 0; n < 3; n += 1) tx.send(unfinished(options), 0, OPTION.TXSM | OPTION.IXSM);
  assert.deepEqual(station.wire.take(), [packet(options), packet(options), packet(options)]);
});

conformance('contexts belong to their queue', { area: AREA, evidence: '03 §3.3' }, (station) => {
  const { tx } = station.open();
  const second = station.tx(1);
  tx.context({ tag: 100 });
  tx.go();
  second.context({ tag: 200 });
  second.go();
  const tags = [tx, second].map((queue) => {
    queue.send(ethernet(STATION), TX.VLE);
    return station.wire.take().map((bytes) => read16(bytes, 14));
  });
  assert.deepEqual(tags, [[100], [200]]);
});

conformance('VLE inserts the context’s tag behind the addresses', { area: AREA, evidence: '05 §5.3' }, (station) => {
  const { tx } = station.open();
  const frame = ethernet(STATION);
  tx.context({ tag: 0xa123 });
  tx.send(frame, TX.VLE);
  assert.deepEqual(station.wire.take(), [
    Uint8Array.from([...frame.subarray(0, 12), 0x81, 0, 0xa1, 0x23, ...frame.subarray(12)]),
  ]);
});

conformance('the inserted EtherType is VET’s', { area: AREA, evidence: '05 §5.3' }, (station) => {
  const { tx } = station.open();
  station.set('VET', 0x88a8);
  tx.context({ tag: 5 });
  tx.send(ethernet(STATION), TX.VLE);
  assert.equal(read32(station.wire.take()[0]!, 12), 0x88a8_0005);
});

conformance('VLE puts its tag before one in the buffer', { area: AREA, evidence: '05 §5.3' }, (station) => {
  const { tx } = station.open();
  tx.context({ tag: 5 });
  tx.send(ethernet(STATION, { tags: [6] }), TX.VLE);
  const [sent] = station.wire.take();
  assert.deepEqual([read32(sent!, 12), read32(sent!, 16)], [0x8100_0005, 0x8100_0006]);
});

conformance(
  'TCTL.PSP pads a short frame to 60 bytes',
  { area: AREA, evidence: '05 §5.5', expect: { qemu: 'q-padding' } },
  (station) => {
    const { tx } = station.open();
    tx.send(ethernet(STATION, { length: 20 }));
    assert.deepEqual(
      station.wire.take().map(({ length }) => length),
      [60],
    );
  },
);

conformance(
  'a legacy descriptor sends a frame and is done',
  { area: 'legacy transmit', evidence: '03 §3.2, ipxe' },
  (station) => {
    const { tx } = station.open();
    const frame = ethernet(STATION);
    const index = tx.legacy(frame);
    tx.go();
    assert.deepEqual(station.wire.take(), [frame]);
    assert.ok(tx.isDone(index));
  },
);

conformance(
  'a legacy descriptor inserts a checksum from CSS to the end at CSO',
  { area: 'legacy transmit', evidence: '03 §3.2', expect: { qemu: 'q-legacy-tx' } },
  (station) => {
    const { tx } = station.open();
    const options = { protocol: 'udp', payload: numbers(30) } as const;
    const given = unfinished(options);
    given.set(packet(options).subarray(24, 26), 24);
    tx.legacy(given, TX.IC, { css: 34, cso: 40 });
    tx.go();
    assert.deepEqual(station.wire.take(), [packet(options)]);
  },
);

conformance(
  'a legacy descriptor inserts its tag',
  { area: 'legacy transmit', evidence: '03 §3.2', expect: { qemu: 'q-legacy-tx' } },
  (station) => {
    const { tx } = station.open();
    tx.legacy(ethernet(STATION), TX.VLE, { tag: 0x2042 });
    tx.go();
    assert.equal(read32(station.wire.take()[0]!, 12), 0x8100_2042);
  },
);

conformance(
  'SCTP: a CRC32c over padding is that of the whole chunk',
  { area: AREA, evidence: '05 §5.4' },
  (station) => {
    const { tx } = station.open();
    const options = { protocol: 'sctp', payload: numbers(32) } as const;
    tx.context({ l4: L4.sctp });
    tx.send(unfinished(options), 0, OPTION.TXSM | OPTION.IXSM);
    const [sent] = station.wire.take();
    const sctp = [...sent!.subarray(34)];
    const stored = sctp.splice(8, 4, 0, 0, 0, 0);
    assert.deepEqual(stored, crc32c(sctp));
  },
);
