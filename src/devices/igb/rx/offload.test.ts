import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from '../../../packet/checksum.ts';
import { PacketHeaders } from '../../../packet/headers.ts';
import { buildFrame, naiveSum } from '../../../packet/testing.ts';
import { pf } from '../tables/index.ts';
import { ERROR, ReceiveOffload, STATUS, matchEtherTypeFilter, packetSum, packetType } from './offload.ts';
import { makeValues } from './testing.ts';

const { RXCSUM } = pf;
const payload = Uint8Array.from({ length: 77 }, (_, n) => 255 - n);

function judge(frame: Uint8Array, rxcsum: number = RXCSUM.reset | RXCSUM.PCSD.mask, known = false): ReceiveOffload {
  const values = makeValues();
  values[RXCSUM.index] = rxcsum;
  const headers = new PacketHeaders();
  headers.parse(frame, 0, frame.length);
  const offload = new ReceiveOffload();
  offload.judge(values, frame, 0, headers, known);
  return offload;
}

function typeOf(frame: Uint8Array): number {
  const headers = new PacketHeaders();
  headers.parse(frame, 0, frame.length);
  return packetType(headers, -1);
}

function changed(frame: Uint8Array, at: number, value: number): Uint8Array {
  const copy = frame.slice();
  copy[at] = value;
  return copy;
}

test('TCP and UDP over IPv4 and IPv6: good, and bad by one bit (§4.8)', () => {
  const tcp = STATUS.L4CS;
  const udp = STATUS.L4CS | STATUS.UDPCS;
  for (const version of [4, 6] as const) {
    const ip = version === 4 ? STATUS.IPCS : 0;
    for (const [protocol, status] of [
      ['tcp', tcp],
      ['udp', udp],
    ] as const) {
      const frame = buildFrame({ version, protocol, payload });
      assert.equal(judge(frame).status, ip | status);
      const bad = changed(frame, frame.length - 1, frame.at(-1)! ^ 0x40);
      assert.equal(judge(bad).status, ip | status | ERROR.L4E);
      assert.equal(judge(bad, undefined, true).status, ip | status, 'somebody vouches for it');
    }
  }
});

test('padding behind the packet is no part of the checksum', () => {
  const frame = new Uint8Array(64).fill(0xaa);
  frame.set(buildFrame());
  assert.equal(judge(frame).status, STATUS.IPCS | STATUS.L4CS);
});

test('the IPv4 header by itself', () => {
  const frame = buildFrame({ payload });
  assert.equal(judge(changed(frame, 22, 63)).status, STATUS.IPCS | ERROR.IPE | STATUS.L4CS);
  assert.equal(judge(frame, RXCSUM.IPOFL.mask | RXCSUM.PCSD.mask).status, STATUS.IPCS);
  assert.equal(judge(frame, RXCSUM.PCSD.mask).status, 0);
  assert.equal(judge(buildFrame({ payload, ipOptions: [1, 1, 1, 0] })).status, STATUS.IPCS | STATUS.L4CS);
});

test('nothing is said of UDP without checksum, of fragments, or of packets cut short', () => {
  const udp = buildFrame({ protocol: 'udp', payload });
  udp[40] = 0;
  udp[41] = 0;
  assert.equal(judge(udp).status, STATUS.IPCS);
  const tcp = buildFrame({ payload });
  assert.equal(judge(tcp.subarray(0, tcp.length - 1)).status, STATUS.IPCS);
  const fragment = changed(tcp, 20, 0x20);
  assert.equal(judge(fragment).status & STATUS.L4CS, 0);
});

test('SCTP by CRC32c where RXCSUM.CRCOFL', () => {
  const frame = buildFrame({ protocol: 'sctp', payload });
  const crc = crc32c(frame, 34, frame.length - 34);
  frame.set([crc & 0xff, (crc >>> 8) & 0xff, (crc >>> 16) & 0xff, crc >>> 24], 42);
  const enabled = RXCSUM.reset | RXCSUM.CRCOFL.mask | RXCSUM.PCSD.mask;
  assert.equal(judge(frame, enabled).status, STATUS.IPCS | STATUS.L4CS);
  assert.equal(judge(frame).status, STATUS.IPCS);
  assert.equal(judge(changed(frame, 60, 1), enabled).status, STATUS.IPCS | STATUS.L4CS | ERROR.L4E);
});

test('RFCTL.IPV6_XSUM_DIS', () => {
  const values = makeValues();
  values[pf.RFCTL.index] = pf.RFCTL.IPV6_XSUM_DIS.mask;
  const frame = buildFrame({ version: 6, payload });
  const headers = new PacketHeaders();
  headers.parse(frame, 0, frame.length);
  const offload = new ReceiveOffload();
  offload.judge(values, frame, 0, headers, false);
  assert.equal(offload.status, 0);
});

test('without PCSD: identification, and of a fragment the sum of its payload', () => {
  const frame = buildFrame({ protocol: 'udp', payload, identification: 0x1234 });
  assert.equal(judge(frame, RXCSUM.reset).identificationAndSum, 0x1234);
  const first = changed(frame, 20, 0x20);
  const offload = judge(first, RXCSUM.reset);
  assert.equal(offload.identificationAndSum, naiveSum(frame.subarray(34)) * 65536 + 0x1234);
  assert.equal(offload.status & (STATUS.IPIDV | STATUS.UDPV), STATUS.IPIDV | STATUS.UDPV);
  assert.equal(judge(changed(first, 21, 1), RXCSUM.reset).status & STATUS.UDPV, 0, 'not the first one');
});

test('the packet checksum of legacy descriptors starts at PCSS', () => {
  const values = makeValues();
  const frame = buildFrame({ payload });
  assert.equal(packetSum(values, frame, 0, frame.length), naiveSum(frame));
  values[RXCSUM.index] = 14;
  assert.equal(packetSum(values, frame, 0, frame.length), naiveSum(frame.subarray(14)));
  values[RXCSUM.index] = 15;
  assert.equal(packetSum(values, frame, 0, frame.length), naiveSum([0, ...frame.subarray(15)]));
  values[RXCSUM.index] = 255;
  assert.equal(packetSum(values, frame, 0, frame.length), 0);
});

test('packet types (03 §3.6), and EtherType filters before them', () => {
  assert.equal(typeOf(buildFrame()), 0x110);
  assert.equal(typeOf(buildFrame({ tags: [3], protocol: 'udp' })), 0x210);
  assert.equal(typeOf(buildFrame({ ipOptions: [1, 1, 1, 0], protocol: 'sctp' })), 0x420);
  assert.equal(typeOf(buildFrame({ version: 6 })), 0x140);
  assert.equal(typeOf(changed(buildFrame({ payload }), 20, 0x20)), 0x010, 'a fragment');
  assert.equal(typeOf(new Uint8Array(60)), 0);
  const values = makeValues();
  assert.equal(matchEtherTypeFilter(values, 0x88f7), -1);
  values[pf.ETQF.index + 3] = pf.ETQF.FILTER_ENABLE.mask | 0x88f7;
  assert.equal(matchEtherTypeFilter(values, 0x88f7), 3);
  assert.equal(packetType(new PacketHeaders(), 3), 0x8030);
});
