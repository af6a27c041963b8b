/** PSRTYPE: which headers are split, kind by kind; what of the kinds is not recognised. */
import assert from 'node:assert/strict';
import { pf } from '../../../src/devices/igb/tables/index.ts';
import { be16, ethernet, internetChecksum, packet, STATION } from '../frames.ts';
import { DESCRIPTOR } from '../rings.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const area = 'PSRTYPE';
const SPLIT = 0x8000_0000;
/** Header buffers of 128 bytes, packet buffers of 2 KB. */
const SRRCTL = DESCRIPTOR.split | (2 << 8) | 2;
const payload = [1, 2, 3, 4, 5, 6, 7, 8];
const { IPV4, IPV4_IPV6, IPV4_TCP, IPV4_UDP, IPV6, IPV6_TCP, IPV6_UDP, MAC } = pf.PSRTYPE;

/** Length of the header that a frame is split behind, 0 where it is not, with such kinds on. */
function headerOf(station: Station, types: number, frame: Uint8Array): number {
  const { rx } = station.open({ rx: { srrctl: SRRCTL } });
  station.set('PSRTYPE', types);
  station.wire.send(frame);
  const [got] = rx.take();
  const first = got!.dwords[0]!;
  return (first & SPLIT) === 0 ? 0 : (first >>> 21) & 0x3ff;
}

const kinds = [
  ['IPv4', IPV4.mask, packet({ protocol: 'icmp', payload }), 34],
  ['TCP over IPv4', IPV4_TCP.mask, packet({ payload }), 54],
  ['UDP over IPv4', IPV4_UDP.mask, packet({ protocol: 'udp', payload }), 42],
  ['IPv6', IPV6.mask, packet({ version: 6, protocol: 'icmp', payload }), 54],
  ['TCP over IPv6', IPV6_TCP.mask, packet({ version: 6, payload }), 74],
  ['UDP over IPv6', IPV6_UDP.mask, packet({ version: 6, protocol: 'udp', payload }), 62],
] as const;
const all = kinds.reduce((types, [, bit]) => types | bit, 0);

for (const [name, bit, frame, length] of kinds) {
  conformance(`${name} is split where its bit alone is set`, { area, evidence: 'I210 manual, own' }, (station) => {
    assert.equal(headerOf(station, bit, frame), length);
  });
  conformance(
    `${name} is not split where all bits but its are set`,
    { area, evidence: 'I210 manual, own', expect: { qemu: 'q-psrtype' } },
    (station) => {
      assert.equal(headerOf(station, all & ~bit, frame), 0);
    },
  );
}

conformance(
  'a kind that is off splits behind the EtherType with MAC',
  { area, evidence: 'own', expect: { qemu: 'q-psrtype' } },
  (station) => {
    assert.equal(headerOf(station, MAC.mask, packet({ payload })), 14);
  },
);

/** IPv4 with an IPv6 packet in it. */
function sixInFour(): Uint8Array {
  const inner = [...packet({ version: 6, payload }).subarray(14)];
  const outer = [0x45, 0, ...be16(20 + inner.length), 0, 7, 0, 0, 64, 41, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
  outer.splice(10, 2, ...be16(internetChecksum(outer)));
  return ethernet(STATION, { type: 0x0800, payload: [...outer, ...inner], length: 0 });
}

conformance('IPv6 in IPv4 is IPv4: split behind that header', { area, evidence: 'own' }, (station) => {
  assert.equal(headerOf(station, IPV4.mask, sixInFour()), 34);
});

conformance(
  'the bits of IPv6 in IPv4 select nothing',
  { area, evidence: 'own', expect: { qemu: 'q-psrtype' } },
  (station) => {
    assert.equal(headerOf(station, IPV4_IPV6.mask, sixInFour()), 0);
  },
);

conformance('NFS is TCP or UDP like any other', { area, evidence: 'own' }, (station) => {
  const call = packet({ protocol: 'udp', ports: [800, 2049], payload: Array.from({ length: 40 }, (_, n) => n) });
  assert.equal(headerOf(station, IPV4_UDP.mask, call), 42);
});
