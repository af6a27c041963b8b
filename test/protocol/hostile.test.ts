/** What no sane client does: each gets an error reply or a closed session, and leaves nothing behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { close, createEventFd } from '../../src/linux/index.ts';
import {
  DMA_MAP,
  GET_INFO,
  NO_REPLY,
  REGION_READ,
  REGION_WRITE,
  SET_IRQS,
  VERSION,
  concat,
  message,
  pack,
  u32,
  u64,
  versionPayload,
} from './client.ts';
import type { Client } from './client.ts';
import { collectViews, openFds, processMaps, sharedMaps, withServer } from './harness.ts';

const EINVAL = 22;
const PAGE = 4096;
const ERROR_REPLY = 0x21;

const getInfo = (id: number): Uint8Array => message(GET_INFO, pack(u32(16), u32(0), u32(0), u32(0)), { id });
const mapPage = (id: number, address: number): Uint8Array =>
  message(DMA_MAP, pack(u32(32), u32(3), u64(0), u64(address), u64(PAGE)), { id });
const readWord = (id: number): Uint8Array => message(REGION_READ, pack(u64(0), u32(0), u32(4)), { id });

/** Ids and errnos of the next replies. */
function replies(client: Client, count: number): [number, number][] {
  return Array.from({ length: count }, () => {
    const reply = client.receive();
    assert.ok(reply, 'a reply');
    return [reply.id, reply.errno];
  });
}

for (const size of [0, 1, 15, 2 ** 20 + 33, 2 ** 31, 2 ** 32 - 1]) {
  test(`a message that claims ${size} bytes gets an error reply and the end: nothing behind it can be trusted`, () =>
    withServer(({ connect, log }) => {
      const client = connect().version();
      client.send(concat(message(GET_INFO, new Uint8Array(16), { id: 5, size }), getInfo(6)));
      const reply = client.receive()!;
      assert.deepEqual([reply.id, reply.flags, reply.errno, reply.size], [5, ERROR_REPLY, EINVAL, 16]);
      assert.ok(client.closes());
      assert.match(log.at(-1)!, new RegExp(`claims to be ${size} bytes`));
    }));
}

test('the longest message there is passes', () =>
  withServer(({ connect }) => {
    const client = connect().version();
    const payload = concat(pack(u64(0), u32(0), u32(0x20000)), new Uint8Array(0x20000).fill(0x77));
    client.accepted(REGION_WRITE, payload);
    const longest = new Uint8Array(2 ** 20 + 16);
    longest.set(pack(u64(0), u32(0), u32(2 ** 20)));
    assert.equal(client.refused(REGION_WRITE, longest), EINVAL, 'it is read, and longer than the region');
    assert.equal(client.read(0, 0x1ffff, 1)[0], 0x77);
  }));

for (const flags of [2, 7, 15]) {
  test(`a message of type ${flags} is refused`, () =>
    withServer(({ connect }) => {
      const client = connect().version();
      client.send(message(GET_INFO, new Uint8Array(16), { id: 3, flags }));
      assert.deepEqual(replies(client, 1), [[3, EINVAL]]);
      assert.equal(client.read(0, 0, 4).length, 4);
    }));
}

for (const length of [1, 15, 16, 17, 40, 47]) {
  test(`a peer that closes after ${length} bytes of a message`, () =>
    withServer(({ connect, memfd, device, settle, log }) => {
      const client = connect().version();
      client.send(mapPage(1, 0).subarray(0, length), [memfd(PAGE)]);
      settle();
      client.close();
      settle();
      assert.deepEqual(device.events, ['attached', 'detached']);
      assert.match(log.at(-1)!, /within a message/);
    }));
}

test('a peer that never reads is given up, and what waited for it with it', () =>
  withServer(({ connect, log, device }) => {
    const client = connect().version();
    const read = message(REGION_READ, pack(u64(0), u32(0), u32(0x20000)));
    let sent = 0;
    while (sent < 1000 && client.send(read)) {
      client.pump(1);
      sent++;
    }
    assert.ok(sent < 100, `closed after ${sent} reads of 128 KiB`);
    assert.match(log.at(-1)!, /does not read/);
    assert.deepEqual(device.events, ['attached', 'detached']);
  }));

test('a peer that never reads is given up when the device sends it messages, too', () =>
  withServer(({ connect, log, device, settle }) => {
    const client = connect().version();
    device.written = () => {
      for (let i = 0; i < 20_000; i++) device.client?.writeMessage(0xfee00000, i);
    };
    for (let i = 0; i < 20 && device.client !== undefined; i++) {
      client.write(0, 0, pack(u32(1)));
      settle();
    }
    assert.match(log.at(-1)!, /does not read/);
  }));

test('a slow reader loses nothing', () =>
  withServer(({ connect, device }) => {
    const client = connect().version();
    device.bytes[0]!.forEach((_, i, all) => (all[i] = (i * 31) & 255));
    const requests = Array.from({ length: 16 }, (_, i) =>
      message(REGION_READ, pack(u64(i * 4), u32(0), u32(60_000)), { id: i }),
    );
    client.send(concat(...requests));
    for (let i = 0; i < 100; i++) client.pump(0);
    for (let i = 0; i < 16; i++) {
      const { id, payload } = client.receive()!;
      assert.equal(id, i);
      const data = new Uint8Array(payload.buffer, payload.byteOffset + 16);
      assert.deepEqual(data, device.bytes[0]!.subarray(i * 4, i * 4 + 60_000));
    }
  }));

test('byte by byte, descriptors with the first byte', () =>
  withServer(({ connect, memfd, device, settle }) => {
    const client = connect();
    const trickle = (bytes: Uint8Array, fds: readonly number[] = []): void => {
      for (let i = 0; i < bytes.length; i++) {
        client.send(bytes.subarray(i, i + 1), i === 0 ? fds : []);
        settle();
      }
    };
    trickle(message(VERSION, versionPayload('{}'), { id: 1 }));
    trickle(mapPage(2, 0x1000), [memfd(PAGE)]);
    trickle(readWord(3));
    assert.deepEqual(replies(client, 3), [
      [1, 0],
      [2, 0],
      [3, 0],
    ]);
    assert.equal(device.client!.dma.forReading(0x1000, PAGE)?.length, PAGE);
  }));

test('a descriptor with any byte of a message belongs to it', () =>
  withServer(({ connect, memfd, settle }) => {
    const client = connect().version();
    for (const at of [1, 15, 16, 30, 47]) {
      const bytes = mapPage(at, at * 0x1000);
      client.send(bytes.subarray(0, at));
      settle();
      client.send(bytes.subarray(at), [memfd(PAGE)]);
      assert.deepEqual(replies(client, 1), [[at, 0]]);
    }
    assert.equal(sharedMaps(), 5);
  }));

test('descriptors belong to the last message of what one receive brings', () =>
  withServer(({ connect, memfd, device }) => {
    const client = connect().version();
    const first = memfd(PAGE);
    const second = memfd(PAGE);
    client.send(getInfo(1));
    client.send(readWord(2));
    client.send(mapPage(3, 0x1000), [first]);
    client.send(mapPage(4, 0x2000), [second]);
    client.send(concat(readWord(5), mapPage(6, 0x3000)), [first]);
    client.send(readWord(7));
    assert.deepEqual(
      replies(client, 7),
      [1, 2, 3, 4, 5, 6, 7].map((id) => [id, 0]),
    );
    for (const address of [0x1000, 0x2000, 0x3000]) assert.ok(device.client!.dma.forReading(address, PAGE));
  }));

test('descriptors where none belong are closed', () =>
  withServer(({ connect, memfd, device, settle }) => {
    const fd = memfd(PAGE);
    const client = connect().version();
    const before = openFds();
    for (const bytes of [getInfo(1), readWord(1), message(13, pack(), { id: 1 }), message(99, pack(), { id: 1 })]) {
      client.send(bytes, [fd, fd, fd]);
      assert.deepEqual(replies(client, 1), [[1, EINVAL]]);
    }
    const posted = message(REGION_WRITE, pack(u64(0), u32(0), u32(4), u32(0xffff)), { flags: NO_REPLY });
    client.send(posted, [fd]);
    client.send(message(12, pack(), { flags: ERROR_REPLY }), [fd, fd]);
    settle();
    assert.equal(device.bytes[0]![0], 0);
    assert.equal(openFds(), before);
  }));

test('sixty-four descriptors are more than any message has; more still end the session', () =>
  withServer(({ connect, log, settle }) => {
    const event = createEventFd();
    const client = connect().version();
    const before = openFds();
    client.send(
      getInfo(1),
      Array.from({ length: 64 }, () => event),
    );
    assert.deepEqual(replies(client, 1), [[1, EINVAL]]);
    assert.equal(openFds(), before);
    client.send(
      getInfo(2),
      Array.from({ length: 65 }, () => event),
    );
    settle();
    assert.ok(client.closes());
    assert.match(log.at(-1)!, /file descriptors/);
    close(event);
  }));

test('descriptors cannot be piled up before a message that never ends', () =>
  withServer(({ connect, settle }) => {
    const event = createEventFd();
    const client = connect().version();
    const bytes = message(REGION_WRITE, new Uint8Array(500));
    for (let i = 0; i < 100; i++) {
      if (!client.send(bytes.subarray(i, i + 1), [event])) break;
      settle();
    }
    assert.ok(client.closes());
    close(event);
  }));

test('maps by the thousand come and go without trace', async () => {
  await collectViews();
  const before = processMaps().length;
  await withServer(({ connect, memfd }) => {
    const fd = memfd(PAGE);
    const client = connect().version();
    for (let i = 0; i < 2000; i++) assert.equal(client.map(i * 2 * PAGE, PAGE, { fd }), 0);
    assert.equal(sharedMaps(), 2000);
    for (let i = 0; i < 1000; i++) assert.equal(client.unmap(i * 2 * PAGE, PAGE), 0);
    assert.equal(sharedMaps(), 1000);
  });
  await collectViews();
  const after = processMaps().length;
  assert.ok(after < before + 200, `${before} mappings of the process before, ${after} after`);
});

test('SET_IRQS churn keeps no descriptor', () =>
  withServer(({ connect, settle }) => {
    const events = Array.from({ length: 10 }, createEventFd);
    const client = connect().version();
    settle();
    const before = openFds();
    for (let i = 0; i < 300; i++) client.request(SET_IRQS, client.setIrqs(0x24, 2, 0, 10, []), events);
    assert.equal(openFds(), before + 10);
    client.request(SET_IRQS, client.setIrqs(0x21, 2, 0, 0, []));
    assert.equal(openFds(), before);
    for (const fd of events) close(fd);
  }));
