import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ByteSink } from './output-queue.ts';
import { OutputQueue, QUEUE_LIMIT_BYTES } from './output-queue.ts';
import { HEADER_BYTES } from './protocol.ts';

/** Takes up to `room` bytes in all, in sends that it records; a send of at most 32 KiB as a whole or not, like the kernel. */
class Sink implements ByteSink {
  readonly sends: number[] = [];
  readonly bytes: number[] = [];
  room: number;

  constructor(room: number) {
    this.room = room;
  }

  send(bytes: Uint8Array, offset: number, length: number): number {
    const taken = length <= 32768 && length > this.room ? 0 : Math.min(length, this.room);
    if (taken === 0) return -1;
    this.room -= taken;
    this.sends.push(taken);
    this.bytes.push(...bytes.subarray(offset, offset + taken));
    return taken;
  }
}

/** Queues a reply whose payload is its id again and again. */
function queue(output: OutputQueue, id: number, length: number): void {
  const at = output.addReply(id, 9, length);
  output.bytes.fill(id, at, at + length);
}

/** Ids of the messages that a sink has; checks that they are whole. */
function ids(sink: Sink): number[] {
  const view = new DataView(Uint8Array.from(sink.bytes).buffer);
  const found: number[] = [];
  for (let at = 0; at < view.byteLength; at += view.getUint32(at + 4, true)) {
    const id = view.getUint16(at, true);
    found.push(id);
    for (let i = HEADER_BYTES; i < view.getUint32(at + 4, true); i++) assert.equal(view.getUint8(at + i), id);
  }
  return found;
}

test('what a turn queues leaves in order and in one send', () => {
  const output = new OutputQueue();
  const sink = new Sink(Infinity);
  for (const id of [1, 2, 3]) queue(output, id, id * 10);
  assert.equal(output.pendingBytes, 3 * HEADER_BYTES + 60);
  assert.ok(output.flush(sink));
  assert.equal(sink.sends.length, 1);
  assert.deepEqual(ids(sink), [1, 2, 3]);
  assert.equal(output.pendingBytes, 0);
});

test('an error reply is a header with the flag and the errno', () => {
  const output = new OutputQueue();
  const sink = new Sink(Infinity);
  output.addError(0x1234, 5, 22);
  output.flush(sink);
  assert.deepEqual(sink.bytes, [0x34, 0x12, 5, 0, 16, 0, 0, 0, 0x21, 0, 0, 0, 22, 0, 0, 0]);
});

test('sends of more than 32 KiB end where a message ends: QEMU gives up on half a header', () => {
  const output = new OutputQueue();
  const sink = new Sink(Infinity);
  for (let id = 1; id <= 50; id++) queue(output, id, 3000);
  queue(output, 51, 100_000);
  queue(output, 52, 4);
  output.flush(sink);
  let at = 0;
  const view = new DataView(Uint8Array.from(sink.bytes).buffer);
  for (const length of sink.sends) {
    const end = at + length;
    while (at < end) at += view.getUint32(at + 4, true);
    assert.equal(at, end);
    assert.ok(length <= 32768 || length === HEADER_BYTES + 100_000);
  }
  assert.equal(ids(sink).length, 52);
});

test('a socket that takes a part gets the rest later, in order, with what came in between', () => {
  const output = new OutputQueue();
  const sink = new Sink(50_000);
  queue(output, 1, 100_000);
  queue(output, 2, 10);
  assert.equal(output.flush(sink), false);
  queue(output, 3, 10);
  for (let i = 0; i < 20; i++) {
    sink.room = 40_000;
    output.flush(sink);
  }
  assert.deepEqual(ids(sink), [1, 2, 3]);
});

test('a full socket is tried once', () => {
  const output = new OutputQueue();
  queue(output, 1, 10);
  assert.equal(output.flush(new Sink(0)), false);
  assert.equal(output.pendingBytes, HEADER_BYTES + 10);
});

test('what finds no room is reported, and stays reported when the rest has left', () => {
  const output = new OutputQueue();
  let queued = 0;
  while (output.addReply(queued & 0xffff, 9, 1000) >= 0) queued++;
  assert.ok(queued * 1016 > QUEUE_LIMIT_BYTES);
  output.flush({ send: (_bytes, _offset, length) => length });
  assert.equal(output.overflowed, true);
  output.reset();
  assert.equal(output.overflowed, false);
});
