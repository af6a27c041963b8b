/** What the write-back says of a packet, checksums verified, headers split, FCS kept. */
import assert from 'node:assert/strict';
import { ethernet, fcsOf, internetChecksum, numbers, packet, type PacketOptions, STATION } from '../frames.ts';
import { DESCRIPTOR, type Received, RX } from '../rings.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const AREA = 'receive offloads';
const IPOFL = 1 << 8;
const TUOFL = 1 << 9;
const CRCOFL = 1 << 11;
const PCSD = 1 << 13;
const CHECKED = RX.L4CS | RX.IPCS | RX.L4E | RX.IPE;

function receive(station: Station, frame: Uint8Array, rxcsum = IPOFL | TUOFL | CRCOFL | PCSD, rctl = 0): Received {
  const { rx } = station.open({ rctl });
  station.set('RXCSUM', rxcsum);
  station.wire.send(frame);
  const taken = rx.take();
  assert.equal(taken.length, 1);
  return taken[0]!;
}

interface Verdict {
  readonly name: string;
  readonly packet: PacketOptions;
  readonly bits: number;
  readonly rxcsum?: number;
  readonly qemu?: string;
}

const payload = numbers(40);
const verdicts: readonly Verdict[] = [
  { name: 'TCP over IPv4, right', packet: { payload }, bits: RX.L4CS | RX.IPCS },
  { name: 'TCP over IPv4, IP checksum wrong', packet: { payload, spoil: 'ip' }, bits: RX.L4CS | RX.IPCS | RX.IPE },
  { name: 'TCP over IPv4, TCP checksum wrong', packet: { payload, spoil: 'l4' }, bits: RX.L4CS | RX.IPCS | RX.L4E },
  { name: 'UDP over IPv4, right', packet: { payload, protocol: 'udp' }, bits: RX.L4CS | RX.IPCS },
  { name: 'UDP over IPv4, wrong', packet: { payload, protocol: 'udp', spoil: 'l4' }, bits: RX.L4CS | RX.IPCS | RX.L4E },
  { name: 'TCP over IPv6, right', packet: { payload, version: 6 }, bits: RX.L4CS },
  { name: 'TCP over IPv6, wrong', packet: { payload, version: 6, spoil: 'l4' }, bits: RX.L4CS | RX.L4E },
  { name: 'UDP over IPv6, right', packet: { payload, version: 6, protocol: 'udp' }, bits: RX.L4CS },
  { name: 'SCTP over IPv4, right', packet: { payload, protocol: 'sctp' }, bits: RX.L4CS | RX.IPCS },
  {
    name: 'SCTP over IPv4, wrong',
    packet: { payload, protocol: 'sctp', spoil: 'l4' },
    bits: RX.L4CS | RX.IPCS | RX.L4E,
  },
  { name: 'SCTP over IPv6, right', packet: { payload, protocol: 'sctp', version: 6 }, bits: RX.L4CS },
  { name: 'ICMP over IPv4: the IP header alone', packet: { payload, protocol: 'icmp' }, bits: RX.IPCS },
  { name: 'a fragment: the IP header alone', packet: { payload, fragment: 0x2000 }, bits: RX.IPCS },
  { name: 'a later fragment: the IP header alone', packet: { payload, fragment: 0x0010 }, bits: RX.IPCS },
  { name: 'IPOFL = 0: no IP verdict', packet: { payload, spoil: 'ip' }, bits: RX.L4CS, rxcsum: TUOFL | PCSD },
  { name: 'TUOFL = 0: no L4 verdict', packet: { payload, spoil: 'l4' }, bits: RX.IPCS, rxcsum: IPOFL | PCSD },
  {
    name: 'CRCOFL = 0: no SCTP verdict',
    packet: { payload, protocol: 'sctp', spoil: 'l4' },
    bits: RX.IPCS,
    rxcsum: IPOFL | TUOFL | PCSD,
    qemu: 'q-crcofl',
  },
  {
    name: 'UDP over IPv4 without a checksum: nothing was checked',
    packet: { payload, protocol: 'udp', noChecksum: true },
    bits: RX.IPCS,
  },
  { name: 'IPv4 options', packet: { payload, ipOptions: [1, 1, 1, 0] }, bits: RX.L4CS | RX.IPCS },
  { name: 'a tag in front', packet: { payload, tags: [5] }, bits: RX.L4CS | RX.IPCS },
];

for (const { name, packet: options, bits, rxcsum, qemu } of verdicts) {
  conformance(
    `checksums: ${name}`,
    { area: AREA, evidence: '04 §4.8, linux', ...(qemu === undefined ? {} : { expect: { qemu } }) },
    (station) => {
      assert.equal(receive(station, packet(options), rxcsum).status & CHECKED, bits);
    },
  );
}

conformance('checksums: a frame that is no IP has no verdict', { area: AREA, evidence: '04 §4.8' }, (station) => {
  assert.equal(receive(station, ethernet(STATION)).status & CHECKED, 0);
});

conformance('UDPCS tells UDP from TCP', { area: AREA, evidence: '03 §3.6' }, (station) => {
  assert.equal(receive(station, packet({ payload, protocol: 'udp' })).status & RX.UDPCS, RX.UDPCS);
});

conformance('UDPCS is not set for TCP', { area: AREA, evidence: '03 §3.6' }, (station) => {
  assert.equal(receive(station, packet({ payload })).status & RX.UDPCS, 0);
});

conformance('RFCTL.IPV6_XSUM_DIS: no verdict over IPv6', { area: AREA, evidence: '04 §4.8' }, (station) => {
  station.set('RFCTL', 1 << 11);
  assert.equal(receive(station, packet({ payload, version: 6, spoil: 'l4' })).status & CHECKED, 0);
});

const types: readonly (readonly [string, PacketOptions, number, string?])[] = [
  ['IPv4 and TCP', { payload }, 0x110],
  ['IPv4 and UDP', { payload, protocol: 'udp' }, 0x210],
  ['IPv4 and SCTP', { payload, protocol: 'sctp' }, 0x410],
  ['IPv4 and ICMP', { payload, protocol: 'icmp' }, 0x010],
  ['IPv6 and TCP', { payload, version: 6 }, 0x140],
  ['IPv6 and UDP', { payload, version: 6, protocol: 'udp' }, 0x240],
  ['IPv6 and SCTP', { payload, version: 6, protocol: 'sctp' }, 0x440],
  ['an IPv4 fragment', { payload, fragment: 0x2000 }, 0x010],
  ['IPv4 behind a tag', { payload, tags: [5] }, 0x110],
];

for (const [name, options, type, qemu] of types) {
  conformance(
    `packet type: ${name}`,
    { area: AREA, evidence: '03 §3.6', ...(qemu === undefined ? {} : { expect: { qemu } }) },
    (station) => {
      assert.equal(receive(station, packet(options)).dwords[0]! & 0xfff0, type);
    },
  );
}

conformance(
  'packet type: IPv4 options',
  { area: AREA, evidence: '03 §3.6 linux', expect: { qemu: 'q-ipv4-options' } },
  (station) => {
    assert.equal(receive(station, packet({ payload, ipOptions: [1, 1, 1, 0] })).dwords[0]! & 0x20, 0x20);
  },
);

conformance('packet type: something that is no IP has none', { area: AREA, evidence: '03 §3.6' }, (station) => {
  assert.equal(receive(station, ethernet(STATION)).dwords[0]! & 0xfff0, 0);
});

conformance('packet type: a matching EtherType filter’s index', { area: AREA, evidence: '03 §3.6' }, (station) => {
  station.set('ETQF', (1 << 26) | 0x88b5, 5);
  assert.equal(receive(station, ethernet(STATION)).dwords[0]! & 0xfff0, 0x8050);
});

conformance('PCSD = 0: identification and sum in place of the hash', { area: AREA, evidence: '03 §3.6' }, (station) => {
  const frame = packet({ payload, identification: 0x1234, fragment: 0x2000, protocol: 'udp' });
  const { dwords, status } = receive(station, frame, IPOFL | TUOFL);
  assert.equal(dwords[1]! & 0xffff, 0x1234);
  assert.equal(status & RX.IPIDV, RX.IPIDV);
});

conformance(
  'PCSD = 0: the packet sum begins at PCSS',
  { area: AREA, evidence: '02, 03 §3.5', expect: { qemu: 'q-packet-sum' } },
  (station) => {
    const { rx } = station.open({ rx: { srrctl: DESCRIPTOR.legacy | 2 } });
    station.set('RXCSUM', 14);
    const frame = packet({ payload });
    station.wire.send(frame);
    const [got] = rx.takeLegacy();
    assert.ok(got);
    const sum = ~internetChecksum([...frame.subarray(14)]) & 0xffff;
    const stored = got.dwords[2]! >>> 16;
    assert.ok(stored === sum || ((stored << 8) | (stored >>> 8)) % 0x1_0000 === sum, stored.toString(16));
  },
);

conformance(
  'SECRC = 0: the frame’s FCS is delivered',
  { area: AREA, evidence: '04 §4.8', expect: { qemu: 'q-fcs' } },
  (station) => {
    const { rx } = station.open();
    station.change('RCTL', 1 << 26, 0);
    const frame = ethernet(STATION);
    station.wire.send(frame);
    assert.deepEqual(rx.frames(), [Uint8Array.from([...frame, ...fcsOf(frame)])]);
  },
);

conformance('SECRC = 0: the length counts the FCS', { area: AREA, evidence: '04 §4.8' }, (station) => {
  const { rx } = station.open();
  station.change('RCTL', 1 << 26, 0);
  station.wire.send(ethernet(STATION));
  assert.equal(rx.take()[0]!.length, 64);
});

/** Header split: SRRCTL with header buffers of 128 bytes. */
function split(
  station: Station,
  type: number,
  frame: Uint8Array,
  headerUnits = 2,
): { got: Received; header: Uint8Array } {
  const { rx } = station.open({ rx: { srrctl: type | (headerUnits << 8) | 2 } });
  station.wire.send(frame);
  const taken = rx.take();
  assert.equal(taken.length, 1);
  const got = taken[0]!;
  return { got, header: rx.header(0, (got.dwords[0]! >>> 21) & 0x3ff) };
}
const SPH = 0x8000_0000;
const headerLength = ({ dwords }: Received): number => (dwords[0]! >>> 21) & 0x3ff;
const isSplit = ({ dwords }: Received): boolean => (dwords[0]! & SPH) !== 0;

for (const [name, options, length] of [
  ['TCP over IPv4', { payload }, 54],
  ['UDP over IPv4', { payload, protocol: 'udp' }, 42],
  ['TCP over IPv6', { payload, version: 6 }, 74],
  ['UDP over IPv6', { payload, version: 6, protocol: 'udp' }, 62],
] as const) {
  conformance(`header split: ${name}`, { area: 'header split', evidence: '03 §3.7' }, (station) => {
    const frame = packet(options);
    const { got, header } = split(station, DESCRIPTOR.split, frame);
    assert.ok(isSplit(got));
    assert.equal(headerLength(got), length);
    assert.deepEqual(header, frame.subarray(0, length));
    assert.deepEqual(got.bytes, frame.subarray(length));
  });
}

conformance(
  'header split: what has no header to split lies in the packet buffer',
  { area: 'header split', evidence: '03 §3.7' },
  (station) => {
    const frame = ethernet(STATION);
    const { got } = split(station, DESCRIPTOR.split, frame);
    assert.ok(!isSplit(got));
    assert.deepEqual(got.bytes, frame);
  },
);

conformance(
  'header split: a header that is too long sets HBO, all is in the packet buffer',
  { area: 'header split', evidence: '03 §3.7' },
  (station) => {
    const frame = packet({ payload, version: 6 });
    const { got } = split(station, DESCRIPTOR.split, frame, 1);
    assert.equal(got.status & RX.HBO, RX.HBO);
    assert.deepEqual(got.bytes, frame);
  },
);

conformance(
  'split always: a packet that fits the header buffer is there alone',
  { area: 'header split', evidence: '03 §3.7' },
  (station) => {
    const frame = ethernet(STATION);
    const { got, header } = split(station, DESCRIPTOR.splitAlways, frame);
    assert.equal(got.length, 0);
    assert.ok(!isSplit(got));
    assert.deepEqual(header, frame);
  },
);

conformance(
  'split always: what has no header is cut at the header buffer’s end',
  { area: 'header split', evidence: '03 §3.7' },
  (station) => {
    const frame = ethernet(STATION, { length: 300 });
    const { got, header } = split(station, DESCRIPTOR.splitAlways, frame);
    assert.deepEqual(header, frame.subarray(0, 128));
    assert.deepEqual(got.bytes, frame.subarray(128));
  },
);

conformance('split always: TCP is cut behind its header', { area: 'header split', evidence: '03 §3.7' }, (station) => {
  const frame = packet({ payload: numbers(200) });
  const { got, header } = split(station, DESCRIPTOR.splitAlways, frame);
  assert.deepEqual(header, frame.subarray(0, 54));
  assert.deepEqual(got.bytes, frame.subarray(54));
});
