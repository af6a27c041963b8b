import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_REPLY, REGION_READ, REGION_WRITE, concat, message, pack, u32, u64, u8 } from './client.ts';
import { BAR0_BYTES, CONFIG_REGION, withServer } from './harness.ts';

const E2BIG = 7;
const EINVAL = 22;

const access = (
  offset: number | bigint,
  region: number,
  count: number,
  data: Uint8Array = new Uint8Array(0),
): Uint8Array => concat(pack(u64(offset), u32(region), u32(count)), data);

test('a read brings offset, region, count and the data', () =>
  withServer(({ connect, device }) => {
    device.bytes[0]!.set([0x11, 0x22, 0x33, 0x44], 0x1000);
    const reply = connect()
      .version()
      .accepted(REGION_READ, access(0x1000, 0, 4));
    assert.deepEqual(
      [...new Uint8Array(reply.buffer, reply.byteOffset)],
      [...access(0x1000, 0, 4), 0x11, 0x22, 0x33, 0x44],
    );
  }));

test('a posted write is done before the read behind it, and is not answered', () =>
  withServer(({ connect }) => {
    const client = connect().version();
    client.write(0, 0x38, pack(u32(0xdeadbeef)));
    assert.deepEqual([...client.read(0, 0x38, 4)], [0xef, 0xbe, 0xad, 0xde]);
  }));

test('a write that wants a reply gets offset, region and count', () =>
  withServer(({ connect }) => {
    const reply = connect()
      .version()
      .accepted(REGION_WRITE, access(4, CONFIG_REGION, 2, pack(u8(6), u8(0))));
    assert.deepEqual([...new Uint8Array(reply.buffer, reply.byteOffset)], [...access(4, CONFIG_REGION, 2)]);
  }));

test('accesses of any length and alignment within a region', () =>
  withServer(({ connect, device }) => {
    const client = connect().version();
    for (const count of [1, 2, 3, 7, 8, 100, 4093]) {
      const data = Uint8Array.from({ length: count }, (_, i) => (i * 7 + count) & 255);
      client.write(0, 3, data);
      assert.deepEqual(client.read(0, 3, count), data);
    }
    assert.equal(client.read(CONFIG_REGION, 0, 4096).length, 4096, 'QEMU reads config space as a whole');
    assert.equal(client.read(0, 0, BAR0_BYTES).length, BAR0_BYTES);
    assert.equal(client.read(0, BAR0_BYTES - 1, 1)[0], device.bytes[0]!.at(-1));
    assert.equal(client.read(0, BAR0_BYTES, 0).length, 0);
  }));

test('many messages in one segment are answered in order', () =>
  withServer(({ connect, device }) => {
    const client = connect().version();
    const requests = Array.from({ length: 300 }, (_, i) => message(REGION_READ, access(i, 0, 1), { id: i }));
    device.bytes[0]!.forEach((_, i, all) => (all[i] = i & 255));
    client.send(concat(...requests));
    for (let i = 0; i < 300; i++) {
      const reply = client.receive()!;
      assert.deepEqual([reply.id, reply.payload.getUint8(16)], [i, i & 255]);
    }
  }));

for (const [name, payload, errno] of [
  ['beyond the end', access(BAR0_BYTES, 0, 1), EINVAL],
  ['across the end', access(BAR0_BYTES - 2, 0, 4), EINVAL],
  ['a region of no size', access(0, 1, 1), EINVAL],
  ['region 9', access(0, 9, 1), EINVAL],
  ['region of all ones', access(0, 0xffffffff, 1), EINVAL],
  ['an offset of 2^32', access(2n ** 32n, 0, 4), EINVAL],
  ['an offset beyond 2^53', access(2n ** 53n, 0, 4), EINVAL],
  ['an offset of all ones', access(2n ** 64n - 1n, 0, 4), EINVAL],
] as const) {
  test(`refused: ${name}`, () =>
    withServer(({ connect }) => {
      const client = connect().version();
      assert.equal(client.refused(REGION_READ, payload), errno);
      const count = new DataView(payload.buffer).getUint32(12, true);
      assert.equal(client.refused(REGION_WRITE, concat(payload, new Uint8Array(count))), errno);
      assert.equal(client.read(0, 0, 4).length, 4, 'the session goes on');
    }));
}

for (const [name, command, payload, errno] of [
  ['a read of more than 1 MiB', REGION_READ, access(0, 0, (1 << 20) + 1), E2BIG],
  ['a read of 4 GiB - 1', REGION_READ, access(0, 0, 0xffffffff), E2BIG],
  ['a read with data', REGION_READ, access(0, 0, 4, new Uint8Array(4)), EINVAL],
  ['a read without a count', REGION_READ, pack(u64(0), u32(0)), EINVAL],
  ['a write with less data than it says', REGION_WRITE, access(0, 0, 4, new Uint8Array(3)), EINVAL],
  ['a write with more data than it says', REGION_WRITE, access(0, 0, 4, new Uint8Array(5)), EINVAL],
  ['a write without a count', REGION_WRITE, pack(u64(0), u32(0)), EINVAL],
] as const) {
  test(`refused: ${name}`, () =>
    withServer(({ connect }) => {
      const client = connect().version();
      assert.equal(client.refused(command, payload), errno);
      assert.equal(client.read(0, 0, 4).length, 4, 'the session goes on');
    }));
}

test('a posted write out of range changes nothing and is not answered', () =>
  withServer(({ connect, device }) => {
    const client = connect().version();
    client.write(0, BAR0_BYTES - 1, pack(u32(0xffffffff)));
    client.send(message(REGION_READ, access(0, 0, 4), { id: 9, flags: NO_REPLY }));
    assert.deepEqual([...client.read(0, BAR0_BYTES - 4, 4)], [0, 0, 0, 0]);
    assert.ok(device.bytes[0]!.every((byte) => byte === 0));
  }));

test('refusals are logged with their reason, each once, and not without end', () =>
  withServer(({ connect, log }) => {
    const client = connect().version();
    const refusals = (): string[] => log.filter((line) => line.includes('refused'));
    for (let i = 0; i < 50; i++) client.refused(REGION_READ, access(0, 9, 4));
    assert.equal(refusals().length, 1);
    assert.match(refusals()[0]!, /refused REGION_READ \(EINVAL\): outside the regions/);
    for (let i = 0; i < 50; i++) client.refused(1000 + i);
    assert.equal(refusals().length, 10);
    assert.match(refusals().at(-1)!, /not logged/);
  }));
