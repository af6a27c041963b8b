import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate as breathe } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { arena, copyFromArena, copyToArena } from '../packet/index.ts';
import { close } from './descriptor.ts';
import { SystemError } from './errors.ts';
import {
  createMemfd,
  F_SEAL_SHRINK,
  mapGuestMemory,
  mapShared,
  MAXIMUM_MAPPING,
  retiredMappings,
  sealsOf,
  sizeOf,
} from './memory.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const withCode = (code: string) => (error: unknown) => error instanceof SystemError && error.code === code;
const openFds = (): number => readdirSync('/proc/self/fd').length;
const mappings = (): number => readFileSync('/proc/self/maps', 'utf8').split('\n').length;
const addressSpaceKiB = (): number => Number(/VmSize:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]);

async function collectRetired(): Promise<void> {
  for (let i = 0; i < 20 && retiredMappings().count > 0; i++) {
    collect();
    await breathe();
  }
}

test('two mappings of one memfd are the same memory', () => {
  const fd = createMemfd('shared', 16384, { seal: true });
  const whole = mapShared(fd, 0, 16384, true);
  const part = mapShared(fd, 8192, 4096, true);
  assert.equal(sizeOf(fd), 16384);
  close(fd);
  new Uint32Array(whole.buffer)[8192 / 4] = 0x82576;
  assert.equal(new Uint32Array(part.buffer)[0], 0x82576);
  new Uint8Array(part.buffer)[4095] = 7;
  assert.equal(new Uint8Array(whole.buffer)[8192 + 4095], 7);
  whole.unmap();
  part.unmap();
});

test('a mapping without writing shows the owner, and its writes stay here', () => {
  const fd = createMemfd('private', 4096, { seal: true });
  const owner = mapShared(fd, 0, 4096, true);
  const reader = mapShared(fd, 0, 4096, false);
  const bytes = new Uint8Array(owner.buffer);
  const seen = new Uint8Array(reader.buffer);
  bytes[0] = 1;
  assert.equal(seen[0], 1);
  bytes[0] = 2;
  assert.equal(seen[0], 2);
  seen[1] = 9;
  assert.equal(bytes[1], 0);
  owner.unmap();
  reader.unmap();
  close(fd);
});

test('views that outlive unmap touch nobody, also in an optimised loop', () => {
  const length = 1 << 20;
  const fd = createMemfd('stale', length, { seal: true });
  const owner = mapShared(fd, 0, length, true);
  const mapping = mapShared(fd, 0, length, true);
  const dwords = new Uint32Array(mapping.buffer);
  const sumAndStamp = (stamp: number): number => {
    let sum = 0;
    for (let i = 0; i < dwords.length; i++) {
      sum = (sum + dwords[i]!) >>> 0;
      dwords[i] = stamp;
    }
    return sum;
  };
  for (let i = 0; i < 50; i++) sumAndStamp(3);
  assert.equal(sumAndStamp(3), 3 * dwords.length);
  mapping.unmap();
  mapping.unmap();
  assert.equal(sumAndStamp(5), 0, 'the view shows zero pages');
  for (let i = 0; i < 50; i++) sumAndStamp(5);
  assert.ok(
    new Uint32Array(owner.buffer).every((value) => value === 3),
    'the owner sees nothing of later writes',
  );
  assert.equal(new Uint8Array(mapping.buffer)[length - 1], 0);
  owner.unmap();
  close(fd);
});

test('10,000 maps and unmaps leave neither descriptors nor addresses behind', async () => {
  await collectRetired();
  const fd = createMemfd('cycles', 1 << 30, { seal: true });
  const before = { fds: openFds(), mappings: mappings(), space: addressSpaceKiB() };
  let most = 0;
  for (let i = 0; i < 10_000; i++) {
    const length = i % 100 === 0 ? 1 << 30 : 1 << 16;
    const mapping = mapShared(fd, 0, length, true);
    new Uint8Array(mapping.buffer)[length - 1] = 1;
    mapping.unmap();
    most = Math.max(most, retiredMappings().count);
    if (i % 500 === 499) await breathe();
  }
  await collectRetired();
  assert.equal(retiredMappings().count, 0);
  assert.equal(retiredMappings().bytes, 0);
  assert.equal(openFds(), before.fds);
  assert.ok(mappings() < before.mappings + 50, `${mappings()} mappings after ${before.mappings}`);
  assert.ok(addressSpaceKiB() < before.space + (1 << 18), `${addressSpaceKiB()} KiB after ${before.space}`);
  assert.ok(most > 0);
  close(fd);
});

test('memory whose owner can truncate it is refused with the QEMU option to use', () => {
  const fd = createMemfd('unsealed', 8192, { seal: false });
  assert.equal(sealsOf(fd) & F_SEAL_SHRINK, 0);
  assert.throws(() => mapShared(fd, 0, 4096, true), withCode('EUNSEALED'));
  assert.throws(() => mapShared(fd, 0, 4096, true), /memory-backend-memfd.*share=on/);
  close(fd);
});

test('a length, offset or file that does not fit is refused', () => {
  const fd = createMemfd('bounds', 8192, { seal: true });
  for (const [offset, length] of [
    [0, 0],
    [0, -4096],
    [0, 8193],
    [4096, 8192],
    [1, 4096],
    [-4096, 4096],
    [0, MAXIMUM_MAPPING + 4096],
    [0, NaN],
    [2 ** 53, 4096],
  ] as const) {
    assert.throws(() => mapShared(fd, offset, length, true), withCode('EINVAL'), `${offset}+${length}`);
  }
  close(fd);
  assert.throws(() => mapShared(fd, 0, 4096, true), withCode('EUNSEALED'));
});

test('the kernel refuses to truncate what is mapped, and the process lives', () => {
  const child = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { createMemfd, mapShared, truncate } from ${JSON.stringify(new URL('./memory.js', import.meta.url).href)};
       const fd = createMemfd('owner', 65536, { seal: true });
       const { buffer } = mapShared(fd, 0, 65536, true);
       let code = 'truncated';
       try { truncate(fd, 0); } catch (error) { code = error.code; }
       new Uint8Array(buffer)[65535] = 1;
       console.log(code, new Uint8Array(buffer)[65535]);`,
    ],
    { encoding: 'utf8' },
  );
  assert.equal(child.signal, null, child.stderr);
  assert.equal(child.stdout.trim(), 'EPERM 1', child.stderr);
});

test('guest memory has a place in the arena, is copied there, and gives it back with its last view', async () => {
  const fd = createMemfd('guest', 4 * 4096);
  const owner = new Uint8Array(mapShared(fd, 0, 4 * 4096, true).buffer);
  owner.fill(7);
  const before = arena.windows.bytes;
  const at = arena.reserve(64);
  const use = (): void => {
    const mapping = mapGuestMemory(fd, 4096, 8192, true);
    assert.notEqual(mapping.window, -1);
    assert.equal(mapping.bytes.length, 8192);
    copyToArena(at, mapping, 100, 33);
    assert.deepEqual([...arena.bytes.subarray(at, at + 34)], [...new Uint8Array(33).fill(7), 0]);
    arena.bytes[at] = 9;
    copyFromArena(mapping, 8000, at, 20);
    assert.equal(owner[4096 + 8000], 9);
    mapping.unmap();
    assert.equal(mapping.bytes[0], 0, 'a stale view sees nothing');
    mapping.bytes[8000] = 1;
    assert.equal(owner[4096 + 8000], 9, 'and changes nothing');
    assert.equal(arena.windows.bytes, before - 8192);
  };
  use();
  await collectRetired();
  assert.equal(arena.windows.bytes, before);
  close(fd);
});
