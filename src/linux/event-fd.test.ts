import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { close } from './descriptor.ts';
import { createEventFd, drain, signal, signalShared } from './event-fd.ts';

test('signals add up until they are drained', () => {
  const fd = createEventFd();
  signal(fd);
  signalShared(fd);
  assert.equal(drain(fd), 2);
  assert.equal(drain(fd), 0);
  close(fd);
});

test('a peer that made its eventfd blocking and filled it does not hold us up', () => {
  const from = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
  // In a process of its own: if this blocked, nothing in this one could end it. F_SETFL is 4.
  const script = `
    const { createEventFd, drain, signalShared } = await import(${from('./event-fd.js')});
    const { libc } = await import(${from('./libc.js')});
    const { NativeBlock } = await import(${from('./native-block.js')});
    const fd = createEventFd();
    const most = new NativeBlock(8);
    most.words.set([0xfffffffe, 0xffffffff]);
    libc.write(fd, most.address, 8);
    libc.fcntl(fd, 4, 0);
    signalShared(fd);
    drain(fd);
    signalShared(fd);
    process.exit(drain(fd) === 1 ? 7 : 1);`;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 10_000, encoding: 'utf8' });
  assert.equal(run.status, 7, run.stderr);
});
