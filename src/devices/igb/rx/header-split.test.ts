import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildFrame, concatenate } from '../../../packet/testing.ts';
import { pf } from '../tables/index.ts';
import { ERROR, ReceiveHarness, STATUS } from './testing.ts';

const { SRRCTL } = pf;
const payload = Uint8Array.from({ length: 300 }, (_, n) => n * 3);
const SPH = 0x80000000;

function received(type: number, headerUnits: number, frame: Uint8Array, kinds = pf.PSRTYPE.reset) {
  const rx = new ReceiveHarness();
  rx.set('CTRL', pf.CTRL.VME.mask);
  rx.set('PSRTYPE', kinds);
  rx.ring(0, { srrctl: (type << SRRCTL.DESCTYPE.shift) | (headerUnits << SRRCTL.BSIZEHEADER.shift) | 1 });
  rx.receive(frame);
  assert.equal(rx.head(0), 1);
  const { dwords, data } = rx.descriptor(0, 0);
  const headerLength = (dwords[0]! >>> 21) & 0x3ff;
  return {
    headerLength,
    split: dwords[0]! >= SPH,
    overflow: (dwords[2]! & ERROR.HBO) !== 0,
    done: (dwords[2]! & (STATUS.DD | STATUS.EOP)) === 3,
    header: rx.memory.peekBytes(rx.headerAddress(0, 0), headerLength),
    data,
    memory: rx.memory,
    headerAt: rx.headerAddress(0, 0),
  };
}

test('headers behind TCP go to the header buffer, without a stripped tag (03 §3.7)', () => {
  for (const type of [2, 5]) {
    const frame = buildFrame({ payload, tags: [9], tcpOptions: [1, 1, 1, 1] });
    const found = received(type, 2, frame);
    assert.deepEqual([found.headerLength, found.split, found.overflow, found.done], [58, true, false, true]);
    assert.deepEqual(found.header, concatenate(frame.subarray(0, 12), frame.subarray(16, 62)));
    assert.deepEqual(found.data, payload);
  }
});

test('other IP packets split behind the IP header; others not at all, or at the size of the buffer', () => {
  const sctp = buildFrame({ protocol: 'sctp', payload });
  assert.equal(received(2, 2, sctp).headerLength, 34);
  const plain = new Uint8Array(200).map((_, n) => n);
  plain.fill(0xff, 0, 6);
  assert.deepEqual(received(2, 2, plain).data, plain);
  assert.equal(received(2, 2, plain).split, false);
  const always = received(5, 2, plain);
  assert.deepEqual([always.headerLength, always.split], [128, false]);
  assert.deepEqual(concatenate(always.header, always.data), plain);
});

test('a small packet goes to the header buffer whole with split always, and igbvf finds length 0', () => {
  const frame = buildFrame({ payload: payload.subarray(0, 20) });
  const found = received(5, 4, frame);
  assert.deepEqual([found.headerLength, found.split, found.data.length], [frame.length, false, 0]);
  assert.deepEqual(found.header, frame);
});

test('headers that do not fit: HBO, all in the packet buffer, or the buffer full with split always', () => {
  const frame = buildFrame({ payload, tcpOptions: Array<number>(40).fill(1) });
  const split = received(2, 1, frame);
  assert.deepEqual([split.headerLength, split.split, split.overflow], [94, true, true]);
  assert.deepEqual(split.data, frame);
  const always = received(5, 1, frame);
  assert.deepEqual([always.headerLength, always.split, always.overflow], [94, true, true]);
  assert.deepEqual(concatenate(always.header.subarray(0, 64), always.data), frame);
});

test('replicate: the header buffer is filled from the start, and the packet buffer has the frame whole', () => {
  const frame = buildFrame({ payload });
  const found = received(3, 2, frame);
  assert.deepEqual([found.headerLength, found.split, found.overflow], [54, true, false]);
  assert.deepEqual(found.memory.peekBytes(found.headerAt, 128), frame.subarray(0, 128), 'beyond the headers');
  assert.deepEqual(found.data, frame);
  const plain = new Uint8Array(100).map((_, n) => n * 2);
  const unknown = received(3, 2, plain);
  assert.deepEqual([unknown.headerLength, unknown.split], [100, false]);
  assert.deepEqual([unknown.header, unknown.data], [plain, plain]);
});

test('replicate large: the same for what is longer than the header buffer; the rest only there, with its length in PKT_LEN', () => {
  const large = buildFrame({ payload });
  const found = received(4, 1, large);
  assert.deepEqual([found.headerLength, found.header], [54, large.subarray(0, 54)]);
  assert.deepEqual(found.data, large);
  const small = buildFrame({ payload: payload.subarray(0, 20) });
  const kept = received(4, 2, small);
  assert.deepEqual([kept.headerLength, kept.split, kept.data.length], [54, true, small.length]);
  assert.deepEqual(kept.memory.peekBytes(kept.headerAt, small.length), small);
  assert.deepEqual(kept.data, new Uint8Array(small.length), 'the packet buffer is untouched');
});

test('PSRTYPE of the pool says which headers split', () => {
  const kinds = [
    ['IPV4_TCP', buildFrame({ payload }), 54],
    ['IPV4_UDP', buildFrame({ payload, protocol: 'udp' }), 42],
    ['IPV4', buildFrame({ payload, protocol: 'sctp' }), 34],
    ['IPV6_TCP', buildFrame({ payload, version: 6 }), 74],
    ['IPV6_UDP', buildFrame({ payload, version: 6, protocol: 'udp' }), 62],
    ['IPV6', buildFrame({ payload, version: 6, protocol: 'sctp' }), 54],
  ] as const;
  for (const [name, frame, length] of kinds) {
    assert.equal(received(2, 4, frame, pf.PSRTYPE[name].mask).headerLength, length, name);
    const without = received(2, 4, frame, pf.PSRTYPE.reset & ~pf.PSRTYPE[name].mask);
    assert.deepEqual([without.split, without.data], [false, frame], `without ${name}`);
    assert.equal(received(2, 4, frame, pf.PSRTYPE.MAC.mask).headerLength, 14);
  }
});

test('without header buffers, and for reserved types, everything goes to the packet buffer', () => {
  const frame = buildFrame({ payload });
  for (const [type, units] of [
    [2, 0],
    [3, 0],
    [4, 0],
    [5, 0],
    [6, 4],
    [7, 4],
  ] as const) {
    const found = received(type, units, frame);
    assert.deepEqual([found.headerLength, found.split], [0, false], `type ${type}`);
    assert.deepEqual(found.data, frame);
  }
});
