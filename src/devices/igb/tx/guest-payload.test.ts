import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arena, Segmenter, SegmentLayout } from '../../../packet/index.ts';
import { buildFrame } from '../../../packet/testing.ts';
import type { GuestMemory } from '../../../ports/index.ts';
import { command } from './descriptor.ts';
import { DescriptorFetch } from './fetch.ts';
import { gatherFrame, GATHERED_AT } from './gather.ts';
import { GuestPayload } from './guest-payload.ts';

const BASE = 0x10_0000;
const LENGTH = 0x4_0000;
const HEADERS = 54;
const DATA = command.DEXT | (3 << 20);

/** One piece, which has a place in the arena or not. */
function makeMemory(windowed: boolean): { memory: GuestMemory; bytes: Uint8Array } {
  const window = windowed ? arena.windows.take(LENGTH) : -1;
  const buffer = new ArrayBuffer(LENGTH);
  const views = windowed
    ? arena.viewOf(window, LENGTH)
    : { bytes: new Uint8Array(buffer), dwords: new Uint32Array(buffer) };
  const piece = { base: BASE, length: LENGTH, window: window | 0, ...views };
  const within = (address: number, length: number): boolean => address >= BASE && address + length <= BASE + LENGTH;
  const forReading: GuestMemory['forReading'] = (address, length) => (within(address, length) ? piece : undefined);
  return { memory: { forReading } as GuestMemory, bytes: piece.bytes };
}

/** Puts a frame into buffers of the given sizes, the last of which takes the rest, with gaps between them. */
function scatter(frame: Uint8Array, sizes: readonly number[], bytes: Uint8Array, fetch: DescriptorFetch): void {
  let at = 3;
  let done = 0;
  fetch.count = 0;
  fetch.bytes = frame.length;
  for (let n = 0; done < frame.length; n += 1) {
    const size = Math.min(sizes[n] ?? frame.length, frame.length - done);
    bytes.set(frame.subarray(done, done + size), at);
    fetch.words.set([BASE + at, 0, DATA | size, 0], fetch.count * 4);
    fetch.count += 1;
    at += size + 5;
    done += size;
  }
}

function layout(segmentSize: number): SegmentLayout {
  const made = new SegmentLayout();
  [made.l3Offset, made.l3Length, made.l4Length, made.segmentSize] = [14, 20, 20, segmentSize];
  return made;
}

test('segments of scattered buffers are those of the gathered frame', () => {
  const segmenter = new Segmenter();
  const { memory, bytes } = makeMemory(true);
  const fetch = new DescriptorFetch();
  const payload = new GuestPayload();
  const frame = buildFrame({ payload: Uint8Array.from({ length: 5003 }, (_, n) => (n * 37) ^ (n >> 5)) });
  for (const sizes of [[], [54], [55, 1, 1, 1, 700], [20, 35, 999, 0, 1001, 7], [54, 1447, 1, 1449, 3]]) {
    for (const size of [1448, 1001, 333]) {
      scatter(frame, sizes, bytes, fetch);
      assert.equal(gatherFrame(fetch, memory), frame.length);
      const expected: Uint8Array[] = [];
      const keep = (into: Uint8Array[]) => ({
        segment: (from: Uint8Array, offset: number, length: number) =>
          void into.push(from.slice(offset, offset + length)),
      });
      segmenter.segment(arena.bytes, GATHERED_AT, frame.length, layout(size), keep(expected));
      arena.bytes.fill(0, GATHERED_AT, GATHERED_AT + frame.length);
      assert.ok(payload.begin(fetch, memory));
      assert.equal(gatherFrame(fetch, memory, 0, HEADERS), HEADERS);
      const direct: Uint8Array[] = [];
      segmenter.segment(arena.bytes, GATHERED_AT, frame.length, layout(size), keep(direct), payload);
      assert.deepEqual(direct, expected, `${sizes.join()} in segments of ${size}`);
      // In turns, and the rest of the frame brought after its headers.
      const later = layout(size);
      later.firstSegment = 2;
      const rest: Uint8Array[] = [];
      segmenter.segment(arena.bytes, GATHERED_AT, frame.length, later, keep(rest), payload);
      assert.equal(rest.length, expected.length - 2);
      assert.deepEqual(
        rest.map((one) => one.subarray(HEADERS)),
        expected.slice(2).map((one) => one.subarray(HEADERS)),
      );
      assert.equal(gatherFrame(fetch, memory, HEADERS), frame.length);
      assert.deepEqual(arena.bytes.slice(GATHERED_AT, GATHERED_AT + frame.length), frame);
    }
  }
});

test('a packet in pieces: headers from the arena, the rest from where it lies, a tag more or less', () => {
  const { memory, bytes } = makeMemory(true);
  const fetch = new DescriptorFetch();
  const payload = new GuestPayload();
  const frame = Uint8Array.from({ length: 3000 }, (_, n) => (n * 11) ^ (n >> 8));
  const tagged = Uint8Array.from([...frame.subarray(0, 12), 0x81, 0, 0, 5, ...frame.subarray(12)]);
  const headers = arena.reserve(64);
  for (const sizes of [[], [54], [53, 1, 1], [1, 1, 60, 0, 200], [54, 1000, 1]]) {
    for (const whole of [frame, tagged]) {
      scatter(frame, sizes, bytes, fetch);
      assert.ok(payload.begin(fetch, memory));
      payload.inserted = whole.length - frame.length;
      const length = 54 + payload.inserted;
      arena.bytes.set(whole.subarray(0, length), headers);
      const { places, lengths, count } = payload.behind(headers, length);
      const found = Array.from({ length: count }, (_, n) => [
        ...new Uint8Array(arena.dwords.buffer, places[n]! >>> 0, lengths[n]),
      ]);
      assert.deepEqual(Uint8Array.from(found.flat()), whole, sizes.join());
      assert.ok(found.every((piece) => piece.length > 0));
    }
  }
});

test('buffers without a place in the arena, or outside memory, are gathered', () => {
  const fetch = new DescriptorFetch();
  const payload = new GuestPayload();
  const plain = makeMemory(false);
  scatter(new Uint8Array(100), [50], plain.bytes, fetch);
  assert.equal(payload.begin(fetch, plain.memory), false);
  const windowed = makeMemory(true);
  assert.equal(payload.begin(fetch, windowed.memory), true);
  fetch.words[4] = BASE + LENGTH - 1;
  assert.equal(payload.begin(fetch, windowed.memory), false);
});
