import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arena } from '../packet/index.ts';
import { close } from './descriptor.ts';
import { FrameReader } from './frame-reader.ts';
import { datagramPair } from './unix-socket.ts';
import { FrameWriter, PieceWriter } from './vectored.ts';

const HEADER = 10;

test('frames go where they are to, with their headers in front; a longer one is cut, and none is -1', () => {
  const [from, to] = datagramPair();
  const bytes = new Uint8Array(256);
  const writer = new FrameWriter(from, HEADER);
  const reader = new FrameReader(to, HEADER, bytes, 64, 100);
  assert.equal(reader.read(), -1);
  for (const length of [60, 100, 150]) {
    writer.header.setUint16(8, length);
    assert.equal(writer.write(new Uint8Array(200).fill(length), 7, length), 0);
    bytes.fill(0);
    assert.equal(reader.read(), Math.min(length, 100));
    assert.equal(reader.header.getUint16(8), length);
    assert.deepEqual(bytes.subarray(64, 164), new Uint8Array(100).fill(length, 0, length));
    assert.deepEqual(bytes.subarray(164), new Uint8Array(92), 'and no further');
  }
  assert.throws(() => new FrameReader(to, HEADER, bytes, 5, 100), RangeError);
  assert.throws(() => new FrameReader(to, HEADER, bytes, 200, 57), RangeError);
  close(from);
  close(to);
});

test('a frame in pieces is one frame', () => {
  const [from, to] = datagramPair();
  const bytes = new Uint8Array(256);
  const reader = new FrameReader(to, HEADER, bytes, 64, 100);
  const writer = new PieceWriter(from, HEADER);
  const at = arena.reserve(128);
  for (let n = 0; n < 128; n += 1) arena.bytes[at + n] = n;
  writer.header.setUint16(0, 77);
  const pieces = { places: Int32Array.of(at + 90, at, at + 33), lengths: Int32Array.of(3, 1, 2), count: 3 };
  assert.equal(writer.write(pieces), 0);
  assert.equal(reader.read(), 6);
  assert.equal(reader.header.getUint16(0), 77);
  assert.deepEqual([...bytes.subarray(64, 71)], [90, 91, 92, 0, 33, 34, 0]);
  assert.throws(() => writer.write({ ...pieces, count: 1024 }), RangeError);
  close(from);
  close(to);
});
