import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VfioUserDevice } from './device.ts';
import { MessageReader } from './framing.ts';
import { OutputQueue } from './output-queue.ts';
import { HEADER_BYTES, NO_REPLY, command } from './protocol.ts';
import { regionRead, regionWrite } from './region.ts';

const registers = new Uint8Array(0x20000);
const device: VfioUserDevice = {
  regionSizes: [registers.length, 0, 0, 0, 0, 0, 0, 4096, 0],
  irqCounts: [1, 1, 10, 1, 1],
  regionRead: (_region, offset, bytes, at, count) => {
    for (let i = 0; i < count; i++) bytes[at + i] = registers[offset + i]!;
  },
  regionWrite: (_region, offset, bytes, at, count) => {
    for (let i = 0; i < count; i++) registers[offset + i] = bytes[at + i]!;
  },
  attached: () => undefined,
  detached: () => undefined,
  reset: () => undefined,
  irqsChanged: () => undefined,
};

/** An access of 4 bytes, as QEMU sends it. */
function access(name: number, offset: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + 16 + (name === command.REGION_WRITE ? 4 : 0));
  const view = new DataView(bytes.buffer);
  view.setUint16(2, name, true);
  view.setUint32(4, bytes.length, true);
  view.setUint32(8, name === command.REGION_WRITE ? NO_REPLY : 0, true);
  view.setUint32(16, offset, true);
  view.setUint32(28, 4, true);
  return bytes;
}

test('an access allocates nothing, from the received bytes to the queued reply', () => {
  const reader = new MessageReader(() => assert.fail('no descriptor came'));
  const output = new OutputQueue();
  const sink = { send: (_bytes: Uint8Array, _offset: number, length: number): number => length };
  const noFds = new Int32Array(0);
  const write = access(command.REGION_WRITE, 0x3818);
  const read = access(command.REGION_READ, 0x3818);
  const turn = (): void => {
    reader.bytes.set(write, reader.end);
    reader.received(write.length, noFds, 0);
    reader.bytes.set(read, reader.end);
    reader.received(read.length, noFds, 0);
    while (reader.next()) {
      if (reader.command === command.REGION_READ) regionRead(reader, output, device);
      else regionWrite(reader, output, device);
      reader.release();
    }
    output.flush(sink);
  };
  for (let i = 0; i < 30_000; i++) turn();
  let least = Infinity;
  for (let attempt = 0; attempt < 5; attempt++) {
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 20_000; i++) turn();
    least = Math.min(least, Math.abs(process.memoryUsage().heapUsed - before));
  }
  assert.ok(least < 100_000, `${least} bytes for 20,000 writes and reads`);
});
