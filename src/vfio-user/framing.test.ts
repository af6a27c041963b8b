import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageReader, RECEIVE_BYTES } from './framing.ts';
import { HEADER_BYTES, MAX_MESSAGE_BYTES } from './protocol.ts';

/** A header and a payload of `length` bytes that all are the id. */
function bytesOf(id: number, length: number, size = HEADER_BYTES + length): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + length).fill(id, HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, id, true);
  view.setUint16(2, id + 100, true);
  view.setUint32(4, size, true);
  return bytes;
}

function makeReader(): {
  reader: MessageReader;
  closed: number[];
  /** What one receive brings. */
  give: (bytes: Uint8Array, fds?: readonly number[]) => void;
  /** Id, payload length and descriptors of every message that is complete now. */
  take: () => (readonly [number, number, readonly number[]])[];
} {
  const closed: number[] = [];
  const reader = new MessageReader((fd) => closed.push(fd));
  return {
    reader,
    closed,
    give: (bytes, fds = []) => {
      reader.bytes.set(bytes, reader.end);
      reader.received(bytes.length, Int32Array.from(fds), fds.length);
    },
    take: () => {
      const seen: (readonly [number, number, readonly number[]])[] = [];
      while (reader.next()) {
        seen.push([reader.id, reader.payloadLength, [...reader.fds.subarray(0, reader.fdCount)]]);
        reader.release();
      }
      return seen;
    },
  };
}

const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

test('header fields, and the payload where it lies', () => {
  const { reader, give } = makeReader();
  give(bytesOf(7, 5));
  assert.ok(reader.next());
  assert.deepEqual([reader.id, reader.command, reader.payloadLength, reader.bytes[reader.payload + 4]], [7, 107, 5, 7]);
});

test('messages of any cut come out whole and in order', () => {
  const stream = joined(bytesOf(1, 0), bytesOf(2, 40), bytesOf(3, 3), bytesOf(4, 0));
  for (const piece of [1, 2, 15, 16, 17, 33, stream.length]) {
    const { give, take } = makeReader();
    const seen = [];
    for (let at = 0; at < stream.length; at += piece) {
      give(stream.subarray(at, at + piece));
      seen.push(...take());
    }
    assert.deepEqual(
      seen.map(([id, length]) => [id, length]),
      [
        [1, 0],
        [2, 40],
        [3, 3],
        [4, 0],
      ],
      `pieces of ${piece}`,
    );
  }
});

test('descriptors go to the message with the last byte of their receive, be it complete or not', () => {
  const { give, take } = makeReader();
  give(joined(bytesOf(1, 4), bytesOf(2, 4)), [50]);
  assert.deepEqual(take(), [
    [1, 4, []],
    [2, 4, [50]],
  ]);
  const third = bytesOf(3, 20);
  give(joined(bytesOf(4, 0), third.subarray(0, 10)), [51, 52]);
  assert.deepEqual(take(), [[4, 0, []]]);
  give(third.subarray(10, 20), [53]);
  assert.deepEqual(take(), []);
  give(joined(third.subarray(20), bytesOf(5, 0), bytesOf(6, 0)), [54]);
  assert.deepEqual(take(), [
    [3, 20, [51, 52, 53]],
    [5, 0, []],
    [6, 0, [54]],
  ]);
});

test('descriptors that nobody takes are closed; a taken one is not', () => {
  const { reader, give, closed } = makeReader();
  give(bytesOf(1, 0), [50, 51, 52]);
  reader.next();
  assert.equal(reader.takeFd(1), 51);
  reader.release();
  reader.release();
  assert.deepEqual(closed, [50, 52]);
});

test('a reset closes what is held for messages to come', () => {
  const { reader, give, take, closed } = makeReader();
  give(bytesOf(1, 9).subarray(0, 20), [60]);
  assert.deepEqual(take(), []);
  reader.reset();
  assert.deepEqual(closed, [60]);
  give(bytesOf(2, 0));
  assert.deepEqual(take(), [[2, 0, []]]);
});

test('there is room for a receive behind the largest message that is nearly complete', () => {
  const { reader, give, take } = makeReader();
  give(bytesOf(1, 0));
  give(bytesOf(2, MAX_MESSAGE_BYTES - HEADER_BYTES).subarray(0, MAX_MESSAGE_BYTES - 1));
  assert.equal(take().length, 1);
  assert.ok(reader.bytes.length - reader.end >= RECEIVE_BYTES);
  give(Uint8Array.of(2));
  assert.equal(take()[0]![1], MAX_MESSAGE_BYTES - HEADER_BYTES);
});

for (const size of [0, HEADER_BYTES - 1, MAX_MESSAGE_BYTES + 1, 0xffffffff]) {
  test(`a size of ${size} is a fault that stays`, () => {
    const { reader, give, take } = makeReader();
    give(joined(bytesOf(1, 0), bytesOf(2, 0, size), bytesOf(3, 0)));
    assert.deepEqual(take(), [[1, 0, []]]);
    assert.match(reader.fault!, new RegExp(`${size} bytes`));
    assert.equal(reader.next(), false);
    reader.reset();
    assert.equal(reader.fault, undefined);
  });
}

test('too many descriptors are a fault, and none of them is lost', () => {
  const { reader, give, closed } = makeReader();
  give(
    bytesOf(1, 9).subarray(0, 20),
    Array.from({ length: 70 }, (_, i) => i + 10),
  );
  assert.match(reader.fault!, /descriptors/);
  reader.reset();
  assert.equal(new Set(closed).size, 70);
});
