import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { close, isOpen } from './descriptor.ts';
import { SystemError } from './errors.ts';
import { createEventFd, drain, signal } from './event-fd.ts';
import { createMemfd, sizeOf } from './memory.ts';
import { acceptUnix, bindUnixDatagram, connectUnix, listenUnix, MessageSocket, streamPair } from './unix-socket.ts';

const folder = mkdtempSync(join(tmpdir(), 'outboard-socket-'));
after(() => rmSync(folder, { recursive: true }));
const openFds = (): number => readdirSync('/proc/self/fd').length;
const withCode = (code: string) => (error: unknown) => error instanceof SystemError && error.code === code;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function messagePair(): [MessageSocket, MessageSocket] {
  const [a, b] = streamPair();
  return [new MessageSocket(a), new MessageSocket(b)];
}

test('bytes and descriptors travel both ways', () => {
  const [left, right] = messagePair();
  const buffer = new Uint8Array(64);
  for (const [from, to] of [
    [left, right],
    [right, left],
  ] as const) {
    const event = createEventFd();
    const memfd = createMemfd('passed', 12288);
    assert.equal(from.send(text('hello'), 1, 4, [event, memfd]), 4);
    assert.equal(to.receive(buffer, 8, 56), 4);
    assert.deepEqual(buffer.slice(8, 12), text('ello'));
    assert.equal(to.receivedFdCount, 2);
    const [received, file] = to.receivedFds;
    signal(event);
    assert.equal(drain(received!), 1, 'the same eventfd');
    assert.equal(sizeOf(file!), 12288);
    for (const fd of [event, memfd, received!, file!]) close(fd);
    assert.equal(to.receive(buffer, 0, 64), -1);
    assert.equal(to.receivedFdCount, 0);
  }
  left.close();
  assert.equal(right.receive(buffer, 0, 64), 0, 'the end');
  assert.throws(() => right.send(buffer, 0, 1), withCode('EPIPE'));
  right.close();
});

test('a stream read stops after the bytes that brought descriptors', () => {
  const [left, right] = messagePair();
  const fd = createEventFd();
  left.send(text('plain'), 0, 5);
  left.send(text('with'), 0, 4, [fd]);
  left.send(text('after'), 0, 5);
  const buffer = new Uint8Array(64);
  const seen: [number, number][] = [];
  for (;;) {
    const count = right.receive(buffer, 0, 64);
    if (count <= 0) break;
    seen.push([count, right.receivedFdCount]);
    for (let i = 0; i < right.receivedFdCount; i++) close(right.receivedFds[i]!);
  }
  assert.deepEqual(
    seen.reduce((sum, [count]) => sum + count, 0),
    14,
  );
  assert.equal(seen.findIndex(([, fds]) => fds === 1) < seen.length - 1, true, 'bytes after it come by themselves');
  close(fd);
  left.close();
  right.close();
});

test('as many descriptors as the kernel passes at once arrive whole', () => {
  const before = openFds();
  const [left, right] = messagePair();
  const fds = Array.from({ length: 253 }, createEventFd);
  assert.equal(left.send(text('x'), 0, 1, fds), 1);
  assert.equal(right.receive(new Uint8Array(1), 0, 1), 1);
  assert.equal(right.receivedFdCount, 253);
  for (const fd of [...fds, ...right.receivedFds]) close(fd);
  assert.throws(() => left.send(text('x'), 0, 1, [...fds, 1]), RangeError);
  left.close();
  right.close();
  assert.equal(openFds(), before);
});

test('a peer that never reads makes send answer -1', () => {
  const [left, right] = messagePair();
  const bytes = new Uint8Array(65536);
  let count = 0;
  while (left.send(bytes, 0, bytes.length) !== -1) assert.ok(++count < 1000);
  left.close();
  right.close();
});

test('ranges outside the buffer are our own bug', () => {
  const [left, right] = messagePair();
  const bytes = new Uint8Array(8);
  assert.throws(() => left.send(bytes, 0, 9), RangeError);
  assert.throws(() => left.receive(bytes, 8, 1), RangeError);
  assert.throws(() => left.receive(bytes, -1, 4), RangeError);
  left.close();
  right.close();
  right.close();
});

test('1,000 connections with descriptors passed leave none behind', () => {
  const path = join(folder, 'many');
  const listener = listenUnix(path);
  const buffer = new Uint8Array(16);
  const before = openFds();
  for (let i = 0; i < 1000; i++) {
    const client = new MessageSocket(connectUnix(path));
    const server = new MessageSocket(acceptUnix(listener));
    const fd = createEventFd();
    client.send(buffer, 0, 16, [fd, fd]);
    close(fd);
    if (i % 2 === 0) {
      assert.equal(server.receive(buffer, 0, 16), 16);
      for (let n = 0; n < server.receivedFdCount; n++) close(server.receivedFds[n]!);
    }
    client.close();
    server.close();
  }
  assert.equal(openFds(), before, 'also where nobody took the message');
  assert.equal(acceptUnix(listener), -1);
  close(listener);
});

test('a stale socket file is replaced, one in use is not', () => {
  const path = join(folder, 'stale');
  const first = listenUnix(path);
  assert.throws(() => listenUnix(path), withCode('EADDRINUSE'));
  close(first);
  assert.ok(statSync(path).isSocket());
  const second = listenUnix(path);
  const client = connectUnix(path);
  close(client);
  close(second);
});

test('failures carry the code of the kernel and leave no descriptor', () => {
  const before = openFds();
  assert.throws(() => connectUnix(join(folder, 'absent')), withCode('ENOENT'));
  assert.throws(() => listenUnix(join(folder, 'no', 'folder')), withCode('ENOENT'));
  assert.throws(() => listenUnix(`/tmp/${'x'.repeat(120)}`), withCode('ENAMETOOLONG'));
  assert.throws(() => close(9999), withCode('EBADF'));
  assert.equal(isOpen(9999), false);
  assert.equal(openFds(), before);
});

test('socket files are their owner’s', () => {
  const stream = join(folder, 'owner.sock');
  const datagrams = join(folder, 'owner.dgram');
  const fds = [listenUnix(stream), bindUnixDatagram(datagrams)];
  for (const path of [stream, datagrams]) assert.equal(statSync(path).mode & 0o777, 0o600, path);
  for (const fd of fds) close(fd);
});
