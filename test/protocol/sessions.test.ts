import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { EventLoop, close, listenUnix } from '../../src/linux/index.ts';
import { VfioUserServer } from '../../src/vfio-user/index.ts';
import { Client, REGION_WRITE, SET_IRQS, concat, message, pack, u32, u64 } from './client.ts';
import { ToyDevice, openFds, withServer } from './harness.ts';

test('a client may come and go a thousand times', () =>
  withServer(({ connect, device, settle }) => {
    const before = openFds();
    for (let i = 0; i < 1000; i++) {
      const client = connect().version();
      client.close();
      settle();
    }
    assert.equal(device.events.filter((event) => event === 'detached').length, 1000);
    assert.equal(openFds(), before);
  }));

test('the next client finds nothing of the one before', () =>
  withServer(({ connect, device, memfd, settle }) => {
    const first = connect().version();
    first.map(0, 4096, { fd: memfd(4096) });
    first.send(message(REGION_WRITE, pack(u64(0)), { size: 5000 }));
    first.close();
    settle();
    const second = connect().version();
    assert.equal(device.client!.dma.forReading(0, 1), undefined);
    assert.equal(second.read(0, 0, 4).length, 4);
    assert.equal(device.client!.signal(2, 0), false);
  }));

test('a second client is turned away with a line that says what to do; the first goes on', () =>
  withServer(({ connect, log }) => {
    const first = connect().version();
    const second = connect();
    assert.ok(second.closes());
    assert.equal(first.read(0, 0, 4).length, 4);
    assert.ok(log.some((line) => line.includes('socket of its own')));
  }));

test('a client that comes in the turn in which the one before went is served', () =>
  withServer(({ connect, device }) => {
    connect().version().close();
    connect().version();
    assert.deepEqual(device.events, ['attached', 'detached', 'attached']);
  }));

test('a client that never says its version is not shown to the device', () =>
  withServer(({ connect, device, settle }) => {
    const client = connect();
    settle();
    client.close();
    settle();
    assert.deepEqual(device.events, []);
  }));

test('closing the server ends the session and removes the socket file', () =>
  withServer(({ connect, device, server, path }) => {
    const client = connect().version();
    server.close();
    server.close();
    assert.equal(existsSync(path), false);
    assert.ok(client.closes());
    assert.deepEqual(device.events, ['attached', 'detached']);
  }));

test('a device may close the server while it handles an access', () =>
  withServer(({ connect, device, server }) => {
    const client = connect().version();
    device.written = () => server.close();
    client.send(message(REGION_WRITE, concat(pack(u64(0), u32(0), u32(4)), pack(u32(1)))));
    assert.ok(client.closes());
  }));

test('an error of the device ends its session and is not swallowed', () =>
  withServer(({ connect, device, loop, settle }) => {
    const client = connect().version();
    device.written = () => {
      throw new RangeError('of the device');
    };
    client.write(0, 0, pack(u32(1)));
    assert.throws(() => loop.runOnce(100), { message: 'of the device' });
    assert.deepEqual(device.events, ['attached', 'detached']);
    device.written = () => undefined;
    settle();
    assert.ok(client.closes());
  }));

test('a client that comes in the turn in which the session before dies of our error is served', () =>
  withServer(({ connect, device, loop, settle }) => {
    const first = connect().version();
    // The listener is looked at before the session then.
    settle();
    const second = connect();
    device.written = () => {
      throw new RangeError('of the device');
    };
    first.write(0, 0, pack(u32(1)));
    assert.throws(() => loop.runOnce(100), { message: 'of the device' });
    device.written = () => undefined;
    second.version();
    assert.deepEqual(device.events, ['attached', 'detached', 'attached']);
  }));

function inFolder(body: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-user-'));
  try {
    body(join(folder, 'nic.sock'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const start = (loop: EventLoop, path: string, device = new ToyDevice()): VfioUserServer =>
  new VfioUserServer({ loop, path, device, log: () => undefined });

test('a stale socket file is replaced', () =>
  inFolder((path) => {
    close(listenUnix(path));
    assert.ok(lstatSync(path).isSocket());
    const loop = new EventLoop();
    const server = start(loop, path);
    new Client(path, (timeoutMs) => loop.runOnce(timeoutMs)).version().close();
    server.close();
    loop.close();
  }));

test('a path on which somebody listens is left to him', () =>
  inFolder((path) => {
    const loop = new EventLoop();
    const first = start(loop, path);
    assert.throws(() => start(loop, path), { code: 'EADDRINUSE', message: /listens on .*choose another path/ });
    new Client(path, (timeoutMs) => loop.runOnce(timeoutMs)).version().close();
    first.close();
    loop.close();
  }));

test('a file that is no socket is never removed', () =>
  inFolder((path) => {
    writeFileSync(path, 'precious');
    const loop = new EventLoop();
    assert.throws(() => start(loop, path), { code: 'EEXIST', message: /no socket/ });
    assert.ok(existsSync(path));
    loop.close();
  }));

test('a path that is too long, and a folder that is not there', () => {
  const loop = new EventLoop();
  assert.throws(() => start(loop, `/tmp/${'x'.repeat(200)}`), { code: 'ENAMETOOLONG' });
  assert.throws(() => start(loop, '/nonexistent/nic.sock'), { code: 'ENOENT' });
  loop.close();
});

test('several servers in one loop: what one client does wrong does not reach another', () =>
  inFolder((path) => {
    const loop = new EventLoop();
    const pump = (timeoutMs: number): boolean => loop.runOnce(timeoutMs);
    const devices = [new ToyDevice(), new ToyDevice()];
    const servers = devices.map((device, i) => start(loop, `${path}${i}`, device));
    const good = new Client(`${path}0`, pump).version();
    const bad = new Client(`${path}1`, pump).version();
    good.write(0, 0x100, pack(u32(0x600d)));
    bad.send(message(SET_IRQS, pack(), { size: 3 }));
    assert.ok(bad.closes());
    assert.deepEqual(devices[1]!.events, ['attached', 'detached']);
    assert.equal(new DataView(good.read(0, 0x100, 4).slice().buffer).getUint32(0, true), 0x600d);
    assert.deepEqual(devices[0]!.events, ['attached']);
    good.close();
    bad.close();
    for (const server of servers) server.close();
    loop.close();
  }));
