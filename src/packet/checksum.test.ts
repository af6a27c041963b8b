import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { arena, LONGEST_VECTOR_RUN } from './arena.ts';
import { copyAndSum, crc32, crc32c, foldSum, internetChecksum, internetSum, scalarSum } from './checksum.ts';
import { finishChecksum } from './finish.ts';
import { buildFrame, fromHex, isConsistent, naiveSum } from './testing.ts';

const source = arena.reserve(65536 * 2);
const target = arena.reserve(65536);

test('RFC 1071 §3: the sum of its example', () => {
  const bytes = fromHex('0001 f203 f4f5 f6f7');
  assert.equal(internetSum(bytes, 0, 8), 0xddf2);
  assert.equal(internetChecksum(bytes, 0, 8), 0x220d);
});

test('an IPv4 header with its checksum in place sums to ffff', () => {
  const header = fromHex('4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7');
  assert.equal(internetSum(header, 0, 20), 0xffff);
  header.fill(0, 10, 12);
  assert.equal(internetChecksum(header, 0, 20), 0xb861);
});

test('SIMD, scalar and naive sums agree for any bytes, offset, length and initial sum', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(40),
      fc.nat(0xffff),
      fc.boolean(),
      (bytes, shift, initial, full) => {
        const content = full ? bytes.map(() => 0xff) : bytes;
        arena.bytes.fill(0xaa, source, source + 400);
        arena.bytes.set(content, source + shift);
        const expected = naiveSum([initial >>> 8, initial & 0xff, ...content]);
        assert.equal(internetSum(arena.bytes, source + shift, content.length, initial), expected);
        assert.equal(internetSum(content, 0, content.length, initial), expected);
      },
    ),
  );
});

test('the longest vector run of all ones overflows no lane', () => {
  arena.bytes.fill(0xff, source, source + 131072);
  assert.equal(internetSum(arena.bytes, source, 131072), 0xffff);
  arena.bytes[source + 131070] = 0;
  arena.bytes[source + 131071] = 0;
  assert.equal(internetSum(arena.bytes, source, 131072, 1), 1);
});

test('a copy that sums gives the bytes and their sum, and touches nothing behind', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), fc.boolean(), (bytes, shift, inArena) => {
      arena.bytes.fill(0x55, target, target + 256);
      arena.bytes.set(bytes, source + shift);
      const sum = inArena
        ? copyAndSum(target + 1, arena.bytes, source + shift, bytes.length)
        : copyAndSum(target + 1, bytes, 0, bytes.length);
      assert.equal(sum, naiveSum(bytes));
      assert.deepEqual(arena.bytes.slice(target + 1, target + 1 + bytes.length), bytes);
      assert.equal(arena.bytes[target], 0x55);
      assert.equal(arena.bytes[target + 1 + bytes.length], 0x55);
    }),
  );
});

test('folding brings carries of any size round', () => {
  for (const sum of [0, 1, 0xffff, 0x10000, 0x1ffff, 0xffffffff, 0x100000000, 2 ** 52 + 12345]) {
    const expected = sum === 0 ? 0 : ((sum - 1) % 0xffff) + 1;
    assert.equal(foldSum(sum), expected);
  }
  assert.equal(foldSum(scalarSum(Uint8Array.of(0x12), 0, 1, 0)), 0x1200);
});

test('CRC32 and CRC32c give the check values of their catalogue entries, at once and in parts', () => {
  const bytes = new TextEncoder().encode('123456789');
  assert.equal(crc32(bytes, 0, 9), 0xcbf43926);
  assert.equal(crc32c(bytes, 0, 9), 0xe3069283);
  for (let cut = 0; cut <= 9; cut += 1) {
    assert.equal(crc32(bytes, cut, 9 - cut, crc32(bytes, 0, cut)), 0xcbf43926);
    assert.equal(crc32c(bytes, cut, 9 - cut, crc32c(bytes, 0, cut)), 0xe3069283);
  }
});

test('CRC32c of 32 zeros and of 32 ones as in RFC 3720 §B.4', () => {
  assert.equal(crc32c(new Uint8Array(32), 0, 32), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff), 0, 32), 0x62a8ab43);
});

test('a checksum left to do is completed from the pseudo-header sum', () => {
  for (const protocol of ['tcp', 'udp'] as const) {
    const frame = buildFrame({ protocol, payload: [1, 2, 3] });
    const field = protocol === 'tcp' ? 16 : 6;
    const wanted = frame.slice();
    const number = protocol === 'tcp' ? 6 : 17;
    const pseudo = naiveSum([...frame.subarray(26, 34), 0, number, 0, frame.length - 34]);
    frame[34 + field] = pseudo >>> 8;
    frame[35 + field] = pseudo & 0xff;
    assert.equal(finishChecksum(frame, 0, frame.length, 34, field), true);
    assert.deepEqual(frame, wanted);
    assert.equal(isConsistent(frame), true);
  }
});

test('positions beyond the frame change nothing', () => {
  const frame = buildFrame();
  const before = frame.slice();
  assert.equal(finishChecksum(frame, 0, frame.length, frame.length - 17, 16), false);
  assert.equal(finishChecksum(frame, 0, frame.length, 0xffff, 16), false);
  assert.equal(finishChecksum(frame, 0, frame.length, -2, 1), false);
  assert.deepEqual(frame, before);
});

test('a finished checksum of 0 is stored as ffff', () => {
  const bytes = fromHex('ff00 0000 00ff');
  assert.equal(finishChecksum(bytes, 0, 6, 0, 2), true);
  assert.deepEqual(bytes, fromHex('ff00 ffff 00ff'));
});

test('the longest run of vectors does not overflow, whatever its words are', () => {
  const at = arena.reserve(LONGEST_VECTOR_RUN);
  for (const fill of [0, 0x7f, 0x80, 0xff]) {
    arena.bytes.fill(fill, at, at + LONGEST_VECTOR_RUN);
    const expected = foldSum(scalarSum(arena.bytes, at, LONGEST_VECTOR_RUN, 0));
    assert.equal(internetSum(arena.bytes, at, LONGEST_VECTOR_RUN), expected);
  }
});
