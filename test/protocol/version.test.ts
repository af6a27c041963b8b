import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GET_INFO, VERSION, message, pack, u16, u32, versionPayload } from './client.ts';
import type { Client } from './client.ts';
import { withServer } from './harness.ts';

const EINVAL = 22;
const ENOTSUP = 95;

/** major, minor and the JSON of a VERSION reply; its NUL is checked. */
function answer(client: Client, payload: Uint8Array): { major: number; minor: number; text: string } {
  const reply = client.accepted(VERSION, payload);
  const bytes = new Uint8Array(reply.buffer, reply.byteOffset + 4, reply.byteLength - 4);
  if (bytes.length > 0) assert.equal(bytes.at(-1), 0);
  return {
    major: reply.getUint16(0, true),
    minor: reply.getUint16(2, true),
    text: new TextDecoder().decode(bytes.subarray(0, -1)),
  };
}

test('QEMU’s proposal is answered with limits and without write_multiple or migration', () =>
  withServer(({ connect, device }) => {
    const { major, minor, text } = answer(connect(), versionPayload());
    assert.deepEqual([major, minor], [0, 0]);
    assert.deepEqual(JSON.parse(text), {
      capabilities: { max_msg_fds: 16, max_data_xfer_size: 1048576, max_dma_maps: 65535, pgsizes: 4096 },
    });
    assert.deepEqual(device.events, ['attached']);
  }));

test('the reply is a subset of what was proposed, and no more than that', () =>
  withServer(({ connect }) => {
    const { text } = answer(connect(), versionPayload('{"capabilities":{"max_msg_fds":8,"max_dma_maps":1000000}}'));
    assert.deepEqual(JSON.parse(text), { capabilities: { max_msg_fds: 8, max_dma_maps: 65535 } });
  }));

test('a minor version above ours is answered with ours', () =>
  withServer(({ connect }) => {
    assert.equal(answer(connect(), versionPayload('{}', 0, 9)).minor, 0);
  }));

for (const [name, capabilities] of [
  ['an empty object', '{}'],
  ['an empty string', ''],
  ['a number that grows when it is written out', '{"capabilities":{"max_dma_maps":6e4}}'],
] as const) {
  test(`the reply is never longer than the request: ${name} (QEMU has room for no more)`, () =>
    withServer(({ connect }) => {
      const payload = versionPayload(capabilities);
      assert.ok(connect().accepted(VERSION, payload).byteLength <= payload.length);
    }));
}

test('capabilities are optional', () =>
  withServer(({ connect }) => {
    assert.equal(answer(connect(), pack(u16(0), u16(0))).text, '');
  }));

for (const [name, payload, errno] of [
  ['another major version', versionPayload('{}', 1), ENOTSUP],
  ['no version', new Uint8Array(0), EINVAL],
  ['half a version', pack(u16(0)), EINVAL],
  ['JSON without NUL', versionPayload('{}').subarray(0, -1), EINVAL],
  ['broken JSON', versionPayload('{"capabilities"'), EINVAL],
  ['a list for an object', versionPayload('[]'), EINVAL],
  ['capabilities that are a list', versionPayload('{"capabilities":[]}'), EINVAL],
  ['deep JSON', versionPayload('['.repeat(12000)), EINVAL],
  ['very long JSON', versionPayload(' '.repeat(100_000)), EINVAL],
] as const) {
  test(`${name} is refused, and the session ends`, () =>
    withServer(({ connect, device, log }) => {
      const client = connect();
      assert.equal(client.refused(VERSION, payload), errno);
      assert.ok(client.closes());
      assert.deepEqual(device.events, []);
      assert.equal(log.length, 1);
    }));
}

test('an unknown major version is explained', () =>
  withServer(({ connect, log, path }) => {
    connect().refused(VERSION, versionPayload('{}', 2, 1));
    assert.match(log[0]!, /speaks vfio-user 2\.1.*QEMU 11\.1/);
    assert.ok(log[0]!.startsWith(`${path}: `));
  }));

test('nothing else is served before VERSION, and VERSION only once', () =>
  withServer(({ connect }) => {
    const client = connect();
    assert.equal(client.refused(GET_INFO, pack(u32(16), u32(0), u32(0), u32(0))), EINVAL);
    client.version();
    assert.equal(client.refused(VERSION, versionPayload()), EINVAL);
    client.accepted(GET_INFO, pack(u32(16), u32(0), u32(0), u32(0)));
  }));

test('a reply repeats id and command', () =>
  withServer(({ connect }) => {
    const client = connect();
    client.send(message(VERSION, versionPayload(), { id: 0xbeef }));
    const reply = client.receive()!;
    assert.deepEqual([reply.id, reply.command, reply.flags, reply.errno], [0xbeef, VERSION, 1, 0]);
  }));
