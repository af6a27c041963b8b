import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { arena } from './arena.ts';
import { ipProtocols } from './protocols.ts';
import { pseudoHeaderSum } from './pseudo-header.ts';
import { LARGEST_SEGMENT, MOST_SEGMENTS, segmentCount, Segmenter, SegmentLayout } from './segment.ts';
import { buildFrame, concatenate, isConsistent, naiveSum, type FrameOptions } from './testing.ts';

const at = arena.reserve(0x4_0000);
const segmenter = new Segmenter();

function collect(): { segments: Uint8Array[]; segment(bytes: Uint8Array, offset: number, length: number): void } {
  const segments: Uint8Array[] = [];
  return {
    segments,
    segment(bytes, offset, length) {
      segments.push(bytes.slice(offset, offset + length));
      bytes.fill(0, offset + length, offset + length + 64);
    },
  };
}

function layoutOf(options: FrameOptions, segmentSize: number): SegmentLayout {
  const layout = new SegmentLayout();
  const udp = options.protocol === 'udp';
  layout.l3Offset = 14 + 4 * (options.tags ?? []).length;
  layout.l3Length = (options.version ?? 4) === 4 ? 20 + (options.ipOptions ?? []).length : 40;
  layout.l4Length = udp ? 8 : 20 + (options.tcpOptions ?? []).length;
  layout.protocol = udp ? ipProtocols.udp : ipProtocols.tcp;
  layout.segmentSize = segmentSize;
  return layout;
}

function cut(options: FrameOptions, segmentSize: number, inArena = true): Uint8Array[] {
  const frame = buildFrame(options);
  const sink = collect();
  if (inArena) arena.bytes.set(frame, at);
  const count = inArena
    ? segmenter.segment(arena.bytes, at, frame.length, layoutOf(options, segmentSize), sink)
    : segmenter.segment(frame, 0, frame.length, layoutOf(options, segmentSize), sink);
  assert.equal(count, sink.segments.length);
  if (inArena) assert.deepEqual(arena.bytes.slice(at, at + frame.length), frame);
  return sink.segments;
}

const payload = Uint8Array.from({ length: 2500 }, (_, n) => (n * 7) & 0xff);

test('TCP over IPv4: identification, sequence, flags, lengths and checksums of each segment', () => {
  const options = { payload, identification: 0xffff, sequence: 0xfffffc00, flags: 0x99 };
  const segments = cut(options, 1000);
  const expected = [
    { flags: 0x90, sequence: 0xfffffc00, identification: 0xffff },
    { flags: 0x10, sequence: 0xffffffe8, identification: 0 },
    { flags: 0x19, sequence: 0x3d0, identification: 1 },
  ].map((one, n) => buildFrame({ ...one, payload: payload.subarray(n * 1000, n * 1000 + 1000) }));
  assert.deepEqual(segments, expected);
});

test('TCP over IPv6 with a tag and TCP options', () => {
  const options = { version: 6, payload, tags: [5], tcpOptions: [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8] } as const;
  const segments = cut({ ...options, flags: 0x18 }, 1001);
  const expected = [0x10, 0x10, 0x18].map((flags, n) =>
    buildFrame({ ...options, flags, sequence: 1000 + n * 1001, payload: payload.subarray(n * 1001, n * 1001 + 1001) }),
  );
  assert.deepEqual(segments, expected);
});

test('UDP: each segment is a datagram of its own', () => {
  for (const version of [4, 6] as const) {
    const segments = cut({ version, protocol: 'udp', payload }, 900);
    const expected = [0, 1, 2].map((n) =>
      buildFrame({
        version,
        protocol: 'udp',
        identification: 7 + n,
        payload: payload.subarray(n * 900, n * 900 + 900),
      }),
    );
    assert.deepEqual(segments, expected);
  }
});

test('a single segment keeps all its flags', () => {
  const options = { payload: payload.subarray(0, 1000), flags: 0x99 };
  assert.deepEqual(cut(options, 1000), [buildFrame(options)]);
  assert.deepEqual(cut({ flags: 0x99 }, 1000), [buildFrame({ flags: 0x99 })]);
});

test('any frame is cut into consistent frames that add up to its payload', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<4 | 6>(4, 6),
      fc.constantFrom<'tcp' | 'udp'>('tcp', 'udp'),
      fc.uint8Array({ minLength: 1, maxLength: 400 }),
      fc.integer({ min: 1, max: 200 }),
      fc.boolean(),
      (version, protocol, content, size, inArena) => {
        const options = { version, protocol, payload: content, tags: [3], flags: 0x19 } as const;
        const segments = cut(options, size, inArena);
        const { l3Offset, l3Length, l4Length } = layoutOf(options, size);
        assert.ok(segments.every((segment) => isConsistent(segment, l3Offset)));
        const pieces = segments.map((segment) => segment.subarray(l3Offset + l3Length + l4Length));
        assert.ok(pieces.slice(0, -1).every((piece) => piece.length === size));
        assert.deepEqual(concatenate(...pieces), content);
      },
    ),
  );
});

test('a sum placed by a driver is used instead of the addresses', () => {
  const frame = buildFrame({ payload });
  arena.bytes.set(frame, at);
  const layout = layoutOf({}, 1000);
  layout.pseudoHeader = naiveSum([...frame.subarray(26, 34), 0, 6]);
  const sink = collect();
  segmenter.segment(arena.bytes, at, frame.length, layout, sink);
  assert.deepEqual(sink.segments, cut({ payload }, 1000));
});

test('layouts that do not fit the frame, or ask for too much, give nothing', () => {
  const refused = (change: (layout: SegmentLayout) => void, length = 1054): void => {
    const layout = layoutOf({}, 100);
    change(layout);
    assert.equal(segmentCount(layout, length), 0);
    assert.equal(segmenter.segment(arena.bytes, at, length, layout, collect()), 0);
  };
  refused((layout) => void (layout.segmentSize = 0));
  refused((layout) => void (layout.segmentSize = LARGEST_SEGMENT - 53));
  refused((layout) => void (layout.l4Length = 19));
  refused((layout) => void (layout.l4Length = 21));
  refused((layout) => void (layout.l3Length = 0));
  refused(() => {}, 53);
  refused((layout) => void (layout.segmentSize = 1), 54 + MOST_SEGMENTS + 1);
  const layout = layoutOf({}, 100);
  arena.bytes.fill(0, at, at + 1054);
  assert.equal(segmenter.segment(arena.bytes, at, 1054, layout, collect()), 0);
});

test('a frame handed over with segmentation left is cut by what its headers say', () => {
  const frame = buildFrame({ payload, tags: [9], flags: 0x18 });
  arena.bytes.set(frame, at);
  const sink = collect();
  const request = { segmentation: 'tcp4', segmentSize: 1000 } as const;
  assert.equal(segmenter.segmentOffloaded(arena.bytes, at, frame.length, request, sink), 3);
  assert.deepEqual(sink.segments, cut({ payload, tags: [9], flags: 0x18 }, 1000));
  for (const segmentation of ['none', 'tcp6', 'udp'] as const) {
    assert.equal(segmenter.segmentOffloaded(arena.bytes, at, frame.length, { segmentation, segmentSize: 9 }, sink), 0);
  }
});

test('the pseudo-header leads to the protocol at that place or there is none', () => {
  const frame = buildFrame({ version: 6 });
  const sum = pseudoHeaderSum(frame, 14, 40, 6);
  assert.equal(naiveSum([...frame.subarray(22, 54), 0, 6]), ((sum - 1) % 0xffff) + 1);
  assert.equal(pseudoHeaderSum(frame, 14, 40, 17), -1);
  assert.equal(pseudoHeaderSum(frame, 14, 48, 6), -1);
  assert.equal(pseudoHeaderSum(buildFrame(), 14, 24, 6), -1);
});

test('RFC 8200 §8.1: behind a routing header the last address counts', () => {
  const final = Array.from({ length: 16 }, () => 0x22);
  const plain = buildFrame({ version: 6 });
  const frame = concatenate(plain.subarray(0, 54), [6, 2, 2, 1, 0, 0, 0, 0], final, plain.subarray(54));
  frame[20] = 43;
  const sum = pseudoHeaderSum(frame, 14, 64, 6);
  assert.equal(naiveSum([...frame.subarray(22, 38), ...final, 0, 6]), ((sum - 1) % 0xffff) + 1);
});
