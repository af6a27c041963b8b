/** Large packets that are segmented on the way out: TSO, and UDP. */
import assert from 'node:assert/strict';
import { isSound, numbers, packet, type PacketOptions, read16, read32, unfinished } from '../frames.ts';
import { L4, OPTION, TX } from '../rings.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const AREA = 'transmit offloads';

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
