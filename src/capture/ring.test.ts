import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CaptureReader, CaptureWriter, makeCaptureMemory } from './ring.ts';

test('frames come out as they went in, across many turns of the ring', () => {
  const memory = makeCaptureMemory(65_536);
  const writer = new CaptureWriter(memory);
  const reader = new CaptureReader(memory);
  const frame = Uint8Array.from({ length: 9000 }, (_, index) => index & 255);
  for (let round = 0; round < 4000; round += 1) {
    const length = 60 + ((round * 37) % 8900);
    writer.record(round, frame, 3, length);
    const [out, ...more] = [...reader.drain()];
    assert.equal(more.length, 0);
    assert.equal(out?.timeNs, round);
    assert.equal(out.length, length);
    assert.deepEqual(out.bytes, frame.slice(3, 3 + length));
  }
  assert.equal(reader.dropped, 0);
});

test('a full ring drops whole frames and counts them', () => {
  const memory = makeCaptureMemory(65_536);
  const writer = new CaptureWriter(memory);
  const reader = new CaptureReader(memory);
  const frame = new Uint8Array(1514);
  for (let sent = 0; sent < 10_000; sent += 1) writer.record(sent, frame, 0, frame.length);
  const kept = [...reader.drain()];
  assert.equal(kept.length + reader.dropped, 10_000);
  assert.ok(reader.dropped > 0);
  assert.deepEqual(
    kept.map(({ timeNs }) => timeNs),
    kept.map((_, index) => index),
  );
});

test('maxlen cuts the bytes kept and leaves the length on the wire', () => {
  const memory = makeCaptureMemory(64);
  new CaptureWriter(memory).record(1, new Uint8Array(1000), 0, 1000);
  const [frame] = [...new CaptureReader(memory).drain()];
  assert.equal(frame?.length, 1000);
  assert.equal(frame.bytes.length, 64);
});
