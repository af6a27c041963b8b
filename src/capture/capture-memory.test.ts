import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOWHERE, place, placeOf, type FrameOffload } from '../ports/index.ts';
import { points } from './points.ts';
import { INBOUND, makeCaptureMemory, OUTBOUND, type CaptureOptions } from './capture-memory.ts';
import { CaptureReader, type CapturedFrame } from './capture-reader.ts';
import { CaptureWriter } from './capture-writer.ts';

const time = new Float64Array(1);
const epoch = { seconds: 0, nanoseconds: 0 };
const WIRE_IN = placeOf(place.wire, NOWHERE, NOWHERE, NOWHERE);
/** Queue 3 of VF 2 in pool 3, as a frame from there and to there. */
const FROM_QUEUE = placeOf(place.outbound, 3, 3, 3);
const TO_QUEUE = placeOf(0, 3, 3, 3);

function make(options: Partial<CaptureOptions> = {}): { writer: CaptureWriter; reader: CaptureReader } {
  const memory = makeCaptureMemory({
    id: 'f0',
    maxLength: 65_536,
    points: [points.wire],
    directions: INBOUND | OUTBOUND,
    withDrops: true,
    ...options,
  });
  return { writer: new CaptureWriter(memory, epoch, time), reader: new CaptureReader(memory) };
}

function record(writer: CaptureWriter, timeNs: number, bytes: Uint8Array, offset: number, length: number): void {
  time[0] = timeNs;
  writer.frame(WIRE_IN, -1, 7, bytes, offset, length, length, undefined);
  writer.publish();
}

function drain(reader: CaptureReader): (CapturedFrame & { readonly captured: Uint8Array })[] {
  const frames = [];
  for (let frame = reader.next(); frame !== undefined; frame = reader.next())
    frames.push({ ...frame, captured: frame.bytes.slice(frame.start, frame.start + frame.kept) });
  return frames;
}

test('frames come out as they went in, wherever they lay, across many turns of the ring', () => {
  const { writer, reader } = make();
  const frame = Uint8Array.from({ length: 9000 }, (_, index) => index & 255);
  for (let round = 0; round < 12_000; round += 1) {
    const length = 60 + ((round * 37) % 8900);
    const offset = round % 13;
    record(writer, round, frame, offset, length);
    const [out, ...more] = drain(reader);
    assert.equal(more.length, 0);
    assert.deepEqual([out!.timeNs, out!.length, out!.packet, out!.at], [round, length, 7, WIRE_IN]);
    assert.deepEqual(out!.captured, frame.slice(offset, offset + length));
  }
  assert.deepEqual([reader.seen(0), reader.lost(0)], [12_000, 0]);
});

test('a full ring drops whole frames and counts them', () => {
  const { writer, reader } = make();
  const frame = new Uint8Array(1514);
  const count = 30_000;
  for (let sent = 0; sent < count; sent += 1) record(writer, sent, frame, 0, frame.length);
  const kept = drain(reader);
  assert.equal(kept.length + reader.lost(0), count);
  assert.equal(reader.seen(0), count);
  assert.ok(reader.lost(0) > 0);
  assert.deepEqual(
    kept.map(({ timeNs }) => timeNs),
    kept.map((_, index) => index),
  );
});

test('maxlen cuts the bytes kept and leaves the length', () => {
  const { writer, reader } = make({ maxLength: 64 });
  record(writer, 1, new Uint8Array(1000), 0, 1000);
  const [frame] = drain(reader);
  assert.deepEqual([frame!.length, frame!.captured.length], [1000, 64]);
});

test('a frame is kept once for each captured point that it passes, a lost one at the drops too', () => {
  const list = [points.drops, points.rx + 3, points.functions + 3, points.pools + 3, points.tx + 3];
  const { writer, reader } = make({ points: list });
  const bytes = new Uint8Array(60);
  const seen = (at: number, reason: number): (number | undefined)[] => {
    writer.frame(at, reason, 0, bytes, 0, 60, 60, undefined);
    writer.publish();
    return drain(reader).map((frame) => list[frame.interface]);
  };
  assert.deepEqual(seen(WIRE_IN, -1), []);
  assert.deepEqual(seen(TO_QUEUE, -1), [points.functions + 3, points.pools + 3, points.rx + 3]);
  assert.deepEqual(seen(FROM_QUEUE, 17), [points.functions + 3, points.pools + 3, points.tx + 3, points.drops]);
  assert.deepEqual(seen(placeOf(0, NOWHERE, NOWHERE, NOWHERE), 5), [points.drops]);
  assert.deepEqual(seen(placeOf(0, 2, 0, 2), -1), [], 'other queues are not captured');
});

test('one direction only; drops are left out where a format cannot tell them', () => {
  const { writer, reader } = make({ points: [points.tx + 3, points.rx + 3], directions: OUTBOUND, withDrops: false });
  const bytes = new Uint8Array(60);
  for (const at of [FROM_QUEUE, TO_QUEUE]) writer.frame(at, -1, 0, bytes, 0, 60, 60, undefined);
  writer.publish();
  writer.frame(FROM_QUEUE, 4, 0, bytes, 0, 60, 60, undefined);
  writer.publish();
  assert.deepEqual(
    drain(reader).map(({ at, reason }) => [at, reason]),
    [[FROM_QUEUE, -1]],
  );
});

test('what is left to do is told, and forgotten with the next frame', () => {
  const { writer, reader } = make({ points: [points.tx + 3] });
  const offload: FrameOffload = {
    needsChecksum: true,
    checksumStart: 34,
    checksumOffset: 16,
    segmentation: 'tcp6',
    headerLength: 66,
    segmentSize: 1448,
  };
  const bytes = new Uint8Array(60);
  writer.frame(FROM_QUEUE, -1, 0, bytes, 0, 60, 60, offload);
  writer.publish();
  // Over the same place of the ring, once around.
  const filler = new Uint8Array(65_000);
  for (let n = 0; n < 1000; n += 1) {
    writer.frame(FROM_QUEUE, -1, 0, filler, 0, filler.length, filler.length, undefined);
    writer.publish();
    const [first, second] = drain(reader);
    if (n === 0) {
      assert.deepEqual([first!.segmentation, first!.segmentSize, first!.headerLength], ['tcp6', 1448, 66]);
      assert.equal(first!.needsChecksum, true);
    }
    const plain = second ?? first!;
    assert.deepEqual([plain.needsChecksum, plain.segmentation], [false, 'none']);
  }
});
