/** Filters for wake-up beyond the address: bytes of the frame, ARP, IP. */
import assert from 'node:assert/strict';
import { BROADCAST, be16, bytesOf, ethernet, STATION } from '../frames.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';
import { asleep } from '../wake.ts';

const area = 'wake-up';
const evidence = '08 §8.6';
const wake = { area, evidence, expect: { qemu: 'q-wake' } } as const;
const [ARP, IPV4, IPV6, FLX0] = [0x20, 0x40, 0x80, 0x1_0000];

const ours = [10, 0, 0, 5];
const ours6 = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5];
const theirs6 = ours6.map((byte, n) => (n === 15 ? 6 : byte));
/** Bytes as an address register has them, the first lowest. */
const dword = ([a, b, c, d]: readonly number[]): number => (a! | (b! << 8) | (c! << 16) | (d! << 24)) >>> 0;

const arpFor = (address: readonly number[], opcode = 1): Uint8Array => {
  const sender = [2, 0, 0, 0, 0, 9, 10, 0, 0, 9];
  return ethernet(BROADCAST, {
    type: 0x0806,
    payload: [...be16(1, 0x0800), 6, 4, ...be16(opcode), ...sender, ...bytesOf('00:00:00:00:00:00'), ...address],
  });
};

const ipv4To = (address: readonly number[]): Uint8Array =>
  ethernet(STATION, {
    type: 0x0800,
    payload: [0x45, 0, ...be16(20, 0, 0), 64, 17, ...be16(0), 10, 0, 0, 9, ...address],
  });

const ipv6To = (address: readonly number[]): Uint8Array =>
  ethernet(STATION, { type: 0x86dd, payload: [0x60, 0, 0, 0, ...be16(0), 59, 64, ...theirs6, ...address] });

function withAddresses(station: Station): void {
  station.set('IPAV', 1 | (1 << 16));
  station.set('IP4AT', dword(ours));
  for (let n = 0; n < 4; n += 1) station.set('IP6AT', dword(ours6.slice(4 * n)), n);
}

for (const [name, filter, frame] of [
  ['an ARP request for an address of IP4AT', ARP, arpFor(ours)],
  ['IPv4 to an address of IP4AT', IPV4, ipv4To(ours)],
  ['IPv6 to the address of IP6AT', IPV6, ipv6To(ours6)],
] as const)
  conformance(`${name} wakes`, wake, (station) => {
    withAddresses(station);
    assert.equal(asleep(station, filter, frame), filter);
  });

for (const [name, filter, frame] of [
  ['an ARP request for another address', ARP, arpFor([10, 0, 0, 6])],
  ['an ARP reply', ARP, arpFor(ours, 2)],
  ['IPv4 to another address', IPV4, ipv4To([10, 0, 0, 6])],
  ['IPv6 to another address', IPV6, ipv6To(theirs6)],
] as const)
  conformance(`${name} does not`, { area, evidence }, (station) => {
    withAddresses(station);
    assert.equal(asleep(station, filter, frame), 0);
  });

conformance('an address that IPAV does not call valid does not wake', { area, evidence }, (station) => {
  withAddresses(station);
  station.set('IPAV', 0);
  assert.equal(asleep(station, ARP | IPV4 | IPV6, ipv4To(ours)), 0);
});

/** Filter 0 looks for two bytes at 12, in a frame of 16 at least. */
function flexible(station: Station, type: number): void {
  for (let n = 0; n < 64; n += 1) station.set('FHFT', 0, n);
  station.set('FHFT', (type >>> 8) | ((type & 0xff) << 8), 5);
  station.set('FHFT', 3 << 4, 6);
  station.set('FHFT', 16, 63);
}

conformance(
  'a frame that a flexible filter describes wakes, and WUPL and WUPM keep it',
  { ...wake, evidence: '08 §8.6, 11.3' },
  (station) => {
    flexible(station, 0x88b5);
    const frame = ethernet(BROADCAST, { length: 100 });
    const kept: number[] = [];
    const status = asleep(station, FLX0, frame, () => {
      kept.push(station.get('WUPL'), station.get('WUPM'), station.get('WUPM', 3), station.get('WUPM', 24));
    });
    const word = (n: number): number => dword([...frame.subarray(4 * n, 4 * n + 4)]);
    assert.deepEqual([status, ...kept], [FLX0, frame.length, word(0), word(3), word(24)]);
  },
);

conformance('another does not', { area, evidence: '08 §8.6, 11.3' }, (station) => {
  flexible(station, 0x88b6);
  assert.equal(asleep(station, FLX0, ethernet(BROADCAST)), 0);
});
