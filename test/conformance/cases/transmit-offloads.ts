/** What context and data descriptors ask for on the way out. */
import assert from 'node:assert/strict';
import { be16, crc32c, ethernet, internetChecksum, isSound, packet, type PacketOptions, STATION } from '../frames.ts';
import { L4, OPTION, TX } from '../rings.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const AREA = 'transmit offloads';
const numbers = (length: number): number[] => Array.from({ length }, (_, n) => n & 0xff);
const read16 = (bytes: Uint8Array, at: number): number => bytes[at]! * 256 + bytes[at + 1]!;
const read32 = (bytes: Uint8Array, at: number): number => read16(bytes, at) * 0x1_0000 + read16(bytes, at + 2);

/** The packet as a stack hands it over: IPv4 checksum 0, L4 checksum field with the pseudo header's sum. */
function unfinished(options: PacketOptions, { withLength = true } = {}): Uint8Array {
  const bytes = packet(options);
  const l3 = 14 + 4 * (options.tags?.length ?? 0);
  const four = options.version !== 6;
  const header = four ? (bytes[l3]! & 0xf) * 4 : 40;
  const l4 = l3 + header;
  if (four) bytes.set([0, 0], l3 + 10);
  const protocol = four ? bytes[l3 + 9]! : bytes[l3 + 6]!;
  const addresses = four ? bytes.subarray(l3 + 12, l3 + 20) : bytes.subarray(l3 + 8, l3 + 40);
  const length = withLength ? bytes.length - l4 : 0;
  const sum = ~internetChecksum([...addresses, ...be16(protocol, length)]) & 0xffff;
  if (protocol === 6) bytes.set(be16(sum), l4 + 16);
  else if (protocol === 17) bytes.set(be16(sum), l4 + 6);
  else bytes.set([0, 0, 0, 0], l4 + 8);
  return bytes;
}

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

/** Sends a large packet to be segmented, in one buffer. */
function segment(
  station: Station,
  options: PacketOptions,
  mss: number,
  more: { l4Length?: number } = {},
): Uint8Array[] {
  const { tx } = station.open();
  const four = options.version !== 6;
  const udp = options.protocol === 'udp';
  const bytes = unfinished(options, { withLength: false });
  const l4Length = more.l4Length ?? (udp ? 8 : 20);
  const ipLength = four ? 20 : 40;
  const macLength = 14 + 4 * (options.tags?.length ?? 0);
  tx.context({ macLength, ipLength, l4Length, mss, ipv4: four, l4: udp ? L4.udp : L4.tcp });
  const popts = OPTION.TXSM | (four ? OPTION.IXSM : 0);
  tx.data(bytes, TX.TSE, popts, bytes.length - macLength - ipLength - l4Length);
  tx.go();
  return station.wire.take();
}

for (const version of [4, 6] as const) {
  conformance(`TSO: TCP over IPv${version}, every segment sound`, { area: AREA, evidence: '05 §5.4' }, (station) => {
    const payload = numbers(3000);
    const segments = segment(station, { version, payload }, 1000);
    const header = 14 + (version === 4 ? 20 : 40) + 20;
    assert.deepEqual(
      segments.map(({ length }) => length - header),
      [1000, 1000, 1000],
    );
    assert.ok(segments.every((bytes) => isSound(bytes)));
    assert.deepEqual(
      segments.flatMap((bytes) => [...bytes.subarray(header)]),
      payload,
    );
  });
}

conformance('TSO: the sequence number goes on by what was sent', { area: AREA, evidence: '05 §5.4' }, (station) => {
  const segments = segment(station, { payload: numbers(2500) }, 1000);
  assert.deepEqual(
    segments.map((bytes) => read32(bytes, 38)),
    [1000, 2000, 3000],
  );
});

conformance('TSO: the IPv4 identification goes on by one', { area: AREA, evidence: '05 §5.4' }, (station) => {
  const segments = segment(station, { payload: numbers(2500), identification: 0xffff }, 1000);
  assert.deepEqual(
    segments.map((bytes) => read16(bytes, 18)),
    [0xffff, 0, 1],
  );
});

conformance(
  'TSO: FIN and PSH are on the last segment only',
  { area: AREA, evidence: '05 §5.4', expect: { qemu: 'q-tso-flags' } },
  (station) => {
    const segments = segment(station, { payload: numbers(2500), flags: 0x19 }, 1000);
    assert.deepEqual(
      segments.map((bytes) => bytes[47]),
      [0x10, 0x10, 0x19],
    );
  },
);

conformance('TSO: CWR is on the first segment only', { area: AREA, evidence: '05 §5.4 ds-mem' }, (station) => {
  const segments = segment(station, { payload: numbers(2500), flags: 0x90 }, 1000);
  assert.deepEqual(
    segments.map((bytes) => bytes[47]),
    [0x90, 0x10, 0x10],
  );
});

conformance(
  'TSO: a payload that is no multiple of MSS ends with a short segment',
  { area: AREA, evidence: '05 §5.4' },
  (station) => {
    const segments = segment(station, { payload: numbers(1020) }, 500);
    assert.deepEqual(
      segments.map(({ length }) => length - 54),
      [500, 500, 20],
    );
  },
);

conformance('TSO: a payload not longer than MSS is one segment', { area: AREA, evidence: '05 §5.4' }, (station) => {
  const options = { payload: numbers(400) };
  assert.deepEqual(segment(station, options, 1000), [packet(options)]);
});

conformance('TSO: TCP options are inside L4LEN', { area: AREA, evidence: '05 §5.4' }, (station) => {
  const { tx } = station.open();
  const options = { payload: [...Array.from({ length: 12 }, () => 1), ...numbers(1500)] };
  const bytes = unfinished(options, { withLength: false });
  bytes[46] = 0x80;
  tx.context({ l4Length: 32, mss: 1000 });
  tx.data(bytes, TX.TSE, OPTION.TXSM | OPTION.IXSM, 1500);
  tx.go();
  const segments = station.wire.take();
  assert.deepEqual(
    segments.map(({ length }) => length),
    [66 + 1000, 66 + 500],
  );
  assert.ok(segments.every((sent) => isSound(sent)));
});

conformance('TSO: a tag in the buffer is in every segment', { area: AREA, evidence: '05 §5.4' }, (station) => {
  const segments = segment(station, { payload: numbers(1500), tags: [77] }, 1000);
  assert.deepEqual(
    segments.map((bytes) => read32(bytes, 12)),
    [0x8100_004d, 0x8100_004d],
  );
  assert.ok(segments.every((bytes) => isSound(bytes, 18)));
});

conformance('TSO: a tag from the context is in every segment', { area: AREA, evidence: '05 §5.3' }, (station) => {
  const { tx } = station.open();
  const bytes = unfinished({ payload: numbers(1500) }, { withLength: false });
  tx.context({ mss: 1000, tag: 0x6005 });
  tx.data(bytes, TX.TSE | TX.VLE, OPTION.TXSM | OPTION.IXSM, 1500);
  tx.go();
  const segments = station.wire.take();
  assert.deepEqual(
    segments.map((sent) => read32(sent, 12)),
    [0x8100_6005, 0x8100_6005],
  );
  assert.ok(segments.every((sent) => isSound(sent, 18)));
});

conformance('TSO: headers and payload in buffers of their own', { area: AREA, evidence: '05 §5.2' }, (station) => {
  const { tx } = station.open();
  const payload = numbers(2000);
  const bytes = unfinished({ payload }, { withLength: false });
  tx.context({ mss: 900 });
  const parts = [bytes.subarray(0, 54), bytes.subarray(54, 1000), bytes.subarray(1000)];
  for (const [n, part] of parts.entries()) {
    const command = TX.DATA | TX.IFCS | TX.TSE | (n === 2 ? TX.EOP | TX.RS : 0) | part.length;
    tx.post(tx.bytes(part), 0, command, OPTION.TXSM | OPTION.IXSM | (2000 << 14));
  }
  tx.go();
  const segments = station.wire.take();
  assert.ok(segments.every((sent) => isSound(sent)));
  assert.deepEqual(
    segments.flatMap((sent) => [...sent.subarray(54)]),
    payload,
  );
});

for (const version of [4, 6] as const) {
  conformance(
    `UDP segmentation over IPv${version}: datagrams of their own, not fragments`,
    { area: AREA, evidence: '05 §5.4, linux', expect: { qemu: 'q-udp-segmentation' } },
    (station) => {
      const payload = numbers(2500);
      const segments = segment(station, { version, protocol: 'udp', payload }, 1000);
      const header = 14 + (version === 4 ? 20 : 40) + 8;
      assert.deepEqual(
        segments.map((bytes) => bytes.length - header),
        [1000, 1000, 500],
      );
      assert.ok(segments.every((bytes) => isSound(bytes)));
      assert.deepEqual(
        segments.map((bytes) => read16(bytes, header - 4)),
        [1008, 1008, 508],
      );
    },
  );
}

conformance(
  'DTXTCPFLG gives the flags of first, middle and last segments',
  { area: AREA, evidence: '05 §5.4 ds-mem', expect: { qemu: 'q-tso-flags' } },
  (station) => {
    station.set('DTXTCPFLGL', (0xff0 << 16) | 0xfff);
    station.set('DTXTCPFLGH', 0xf00);
    const segments = segment(station, { payload: numbers(2500), flags: 0x19 }, 1000);
    assert.deepEqual(
      segments.map((bytes) => bytes[47]),
      [0x19, 0x10, 0x00],
    );
  },
);

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
