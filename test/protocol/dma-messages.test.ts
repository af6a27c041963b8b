import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DMA_READ,
  DMA_WRITE,
  NO_REPLY,
  REGION_READ,
  REGION_WRITE,
  concat,
  message,
  pack,
  u32,
  u64,
  versionPayload,
  VERSION,
} from './client.ts';
import { withServer } from './harness.ts';

/** A write of one byte that wants its reply. */
const write = (offset: number): Uint8Array =>
  message(REGION_WRITE, concat(pack(u64(offset), u32(0), u32(1)), new Uint8Array(1)), { id: 8 });

const REPLY = 1;
const ERROR = 0x20;

test('an MSI message: u64 address, u64 count, 4 bytes at 32, no reply wanted', () =>
  withServer(({ connect, device }) => {
    const client = connect().version();
    device.written = () => device.client!.writeMessage(0xfee01004, 0x4021);
    client.write(0, 0, pack(u32(1)));
    const { command, flags, size, payload } = client.receive()!;
    assert.deepEqual([command, flags, size], [DMA_WRITE, NO_REPLY, 36]);
    assert.deepEqual(new Uint8Array(payload.buffer, payload.byteOffset), pack(u64(0xfee01004), u64(4), u32(0x4021)));
  }));

test('messages keep their place between the replies of a turn', () =>
  withServer(({ connect, device }) => {
    const client = connect().version();
    device.written = (_, offset) => device.client!.writeMessage(0xfee00000, offset);
    const read = message(REGION_READ, pack(u64(0), u32(0), u32(4)), { id: 7 });
    client.send(concat(read, write(16), read, write(32)));
    const seen = Array.from({ length: 6 }, () => client.receive()!);
    assert.deepEqual(
      seen.map(({ command }) => command),
      [9, 12, 10, 9, 12, 10],
    );
    assert.deepEqual(
      [seen[1]!, seen[4]!].map(({ payload }) => payload.getUint32(16, true)),
      [16, 32],
    );
  }));

test('a message above 4 GiB, and an address that is none', () =>
  withServer(({ connect, device, settle }) => {
    const client = connect().version();
    device.written = () => {
      device.client!.writeMessage(Number.NaN, 1);
      device.client!.writeMessage(-4, 1);
      device.client!.writeMessage(2 ** 54, 1);
      device.client!.writeMessage(2 ** 40 + 0xfee00000, 2);
    };
    client.write(0, 0, pack(u32(1)));
    assert.equal(client.receive()!.payload.getBigUint64(0, true), 2n ** 40n + 0xfee00000n);
    settle();
    assert.equal(client.receive(20), undefined);
  }));

test('error replies that nobody asked for are tolerated (QEMU sends them even to NO_REPLY)', () =>
  withServer(({ connect }) => {
    const client = connect().version();
    for (const command of [DMA_WRITE, DMA_READ, 0, 99]) {
      client.send(message(command, pack(), { id: 0, flags: REPLY | ERROR }));
    }
    assert.equal(client.read(0, 0, 4).length, 4);
  }));

test('DMA_READ brings guest memory without anybody waiting for it', () =>
  withServer(({ connect, device, settle }) => {
    const client = connect().version();
    const got: (number[] | undefined)[] = [];
    device.written = () => {
      assert.ok(device.client!.readMemory(0x1_2345_6000, 8, (bytes) => got.push(bytes && [...bytes])));
    };
    client.write(0, 0, pack(u32(1)));
    const request = client.receive()!;
    assert.deepEqual([request.command, request.flags, request.size], [DMA_READ, 0, 32]);
    const { payload } = request;
    assert.deepEqual([payload.getBigUint64(0, true), payload.getBigUint64(8, true)], [0x1_2345_6000n, 8n]);
    const data = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const answer = concat(pack(u64(0x1_2345_6000), u64(8)), data);
    client.send(message(DMA_READ, answer, { id: request.id, flags: REPLY }));
    client.send(message(DMA_READ, answer, { id: request.id, flags: REPLY }));
    settle();
    assert.deepEqual(got, [[...data]]);
  }));

for (const [name, payload, flags] of [
  ['an error', pack(), REPLY | ERROR],
  ['less data than asked for', concat(pack(u64(0), u64(8)), new Uint8Array(7)), REPLY],
  ['another count', concat(pack(u64(0), u64(7)), new Uint8Array(8)), REPLY],
  ['nothing', pack(), REPLY],
] as const) {
  test(`DMA_READ answered with ${name} brings nothing`, () =>
    withServer(({ connect, device, settle }) => {
      const client = connect().version();
      const got: unknown[] = [];
      device.written = () => void device.client!.readMemory(0, 8, (bytes) => got.push(bytes));
      client.write(0, 0, pack(u32(1)));
      client.send(message(DMA_READ, payload, { id: client.receive()!.id, flags }));
      settle();
      assert.deepEqual(got, [undefined]);
    }));
}

test('reads under way end when the client goes; more than 64 are not begun', () =>
  withServer(({ connect, device, settle }) => {
    const client = connect().version();
    let ended = 0;
    const begun = Array.from({ length: 70 }, () =>
      device.client!.readMemory(0, 8, (bytes) => (ended += bytes === undefined ? 1 : 0)),
    );
    assert.equal(begun.filter(Boolean).length, 64);
    client.close();
    settle();
    assert.equal(ended, 64);
  }));

test('DMA_WRITE of a block, no longer than the client takes', () =>
  withServer(({ connect, device, settle }) => {
    const client = connect();
    client.accepted(VERSION, versionPayload('{"capabilities":{"max_data_xfer_size":4096}}'));
    const block = Uint8Array.from({ length: 5000 }, (_, i) => i & 255);
    const results: boolean[] = [];
    device.written = () => {
      const { client: dma } = device;
      results.push(dma!.writeMemory(0x1000, block, 10, 4096), dma!.writeMemory(0, block, 0, 4097));
      results.push(
        dma!.writeMemory(2 ** 60, block, 0, 1),
        dma!.readMemory(0, 4097, () => undefined),
      );
    };
    client.write(0, 0, pack(u32(1)));
    const { payload } = client.receive()!;
    assert.deepEqual(results, [true, false, false, false]);
    assert.deepEqual(new Uint8Array(payload.buffer, payload.byteOffset + 16), block.subarray(10, 10 + 4096));
    settle();
  }));

test('a client that has gone is not written to', () =>
  withServer(({ connect, device, settle }) => {
    const client = connect().version();
    const held = device.client!;
    client.close();
    settle();
    held.writeMessage(0xfee00000, 1);
    assert.equal(held.writeMemory(0, new Uint8Array(4), 0, 4), false);
    assert.equal(
      held.readMemory(0, 4, () => undefined),
      false,
    );
    assert.equal(held.signal(2, 0), false);
    assert.equal(held.dma.forReading(0, 1), undefined);
  }));
