import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GET_INFO, GET_IRQ_INFO, GET_REGION_INFO, NO_REPLY, RESET, message, pack, u32, u64 } from './client.ts';
import { BAR0_BYTES, MSIX_VECTORS, withServer } from './harness.ts';

const EINVAL = 22;
const ENOTSUP = 95;

const regionInfo = (index: number, argsz = 32): Uint8Array =>
  pack(u32(argsz), u32(0), u32(index), u32(0), u64(0), u64(0));
const irqInfo = (index: number, argsz = 16): Uint8Array => pack(u32(argsz), u32(0), u32(index), u32(0));

test('GET_INFO: a PCI device with a reset, nine regions, five irq indexes', () =>
  withServer(({ connect }) => {
    const reply = connect()
      .version()
      .accepted(GET_INFO, pack(u32(16), u32(0), u32(0), u32(0)));
    assert.deepEqual(
      [0, 4, 8, 12].map((at) => reply.getUint32(at, true)),
      [16, 3, 9, 5],
    );
  }));

test('GET_REGION_INFO: sizes, access, and no region that the client could map', () =>
  withServer(({ connect }) => {
    const client = connect().version();
    const seen = Array.from({ length: 9 }, (_, index) => {
      const reply = client.accepted(GET_REGION_INFO, regionInfo(index));
      assert.deepEqual([reply.getUint32(0, true), reply.getUint32(8, true), reply.getUint32(12, true)], [32, index, 0]);
      assert.equal(reply.byteLength, 32);
      return [reply.getUint32(4, true), Number(reply.getBigUint64(16, true))];
    });
    const absent = [0, 0];
    assert.deepEqual(seen, [
      [3, BAR0_BYTES],
      absent,
      absent,
      [3, 0x4000],
      absent,
      absent,
      [1, 0x10000],
      [3, 4096],
      absent,
    ]);
  }));

test('GET_IRQ_INFO: INTx masks itself; MSI and MSI-X may grow vector by vector', () =>
  withServer(({ connect }) => {
    const client = connect().version();
    const seen = Array.from({ length: 5 }, (_, index) => {
      const reply = client.accepted(GET_IRQ_INFO, irqInfo(index));
      assert.deepEqual([reply.getUint32(0, true), reply.getUint32(8, true)], [16, index]);
      return [reply.getUint32(4, true), reply.getUint32(12, true)];
    });
    assert.deepEqual(seen, [
      [7, 1],
      [1, 1],
      [1, MSIX_VECTORS],
      [1, 0],
      [1, 0],
    ]);
  }));

test('RESET reaches the device and is answered with a header', () =>
  withServer(({ connect, device }) => {
    const client = connect().version();
    assert.equal(client.accepted(RESET).byteLength, 0);
    assert.deepEqual(device.events, ['attached', 'reset']);
  }));

for (const [name, command, payload] of [
  ['GET_INFO, too short', GET_INFO, pack(u32(16), u32(0), u32(0))],
  ['GET_INFO, too long', GET_INFO, pack(u32(16), u32(0), u32(0), u32(0), u32(0))],
  ['GET_INFO, empty', GET_INFO, pack()],
  ['GET_INFO, no room for the reply', GET_INFO, pack(u32(8), u32(0), u32(0), u32(0))],
  ['GET_REGION_INFO, too short', GET_REGION_INFO, pack(u32(32), u32(0), u32(0))],
  ['GET_REGION_INFO, no such region', GET_REGION_INFO, regionInfo(9)],
  ['GET_REGION_INFO, index of all ones', GET_REGION_INFO, regionInfo(0xffffffff)],
  ['GET_REGION_INFO, no room for the reply', GET_REGION_INFO, regionInfo(0, 31)],
  ['GET_IRQ_INFO, no such index', GET_IRQ_INFO, irqInfo(5)],
  ['GET_IRQ_INFO, no room for the reply', GET_IRQ_INFO, irqInfo(0, 0)],
  ['RESET with a payload', RESET, pack(u32(0))],
] as const) {
  test(`refused: ${name}`, () =>
    withServer(({ connect, device }) => {
      const client = connect().version();
      assert.equal(client.refused(command, payload), EINVAL);
      assert.deepEqual(device.events, ['attached']);
      assert.equal(client.accepted(RESET).byteLength, 0, 'the session goes on');
    }));
}

for (const command of [6, 14, 15, 16, 17, 18]) {
  test(`command ${command} is known and not offered`, () =>
    withServer(({ connect }) => {
      assert.equal(
        connect()
          .version()
          .refused(command, pack(u64(0), u64(0))),
        ENOTSUP,
      );
    }));
}

for (const command of [0, 11, 12, 19, 0xffff]) {
  test(`command ${command} is no request to a server`, () =>
    withServer(({ connect }) => {
      assert.equal(
        connect()
          .version()
          .refused(command, pack(u64(0), u64(0))),
        EINVAL,
      );
    }));
}

test('a query that wants no reply gets none, not even an error', () =>
  withServer(({ connect }) => {
    const client = connect().version();
    client.send(message(GET_INFO, pack(u32(16), u32(0), u32(0), u32(0)), { flags: NO_REPLY }));
    client.send(message(19, pack(), { flags: NO_REPLY }));
    client.send(message(RESET, pack(), { id: 77 }));
    assert.equal(client.receive()!.id, 77);
  }));
