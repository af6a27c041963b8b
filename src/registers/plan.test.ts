import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RegisterSpec } from './define.ts';
import { compilePlan } from './plan.ts';

const base = { access: 'rw', evidence: 'guess', doc: 'A register.' } as const;

function masksAt(spec: Partial<RegisterSpec>) {
  const plan = compilePlan({ REG: { at: 0, ...base, ...spec } }, 4, []);
  return {
    writable: plan.writable[0],
    writeOneClears: plan.writeOneClears[0],
    writeOneSets: plan.writeOneSets[0],
    clearOnRead: plan.clearOnRead[0],
    writeOnly: plan.writeOnly[0],
  };
}

const none = { writable: 0, writeOneClears: 0, writeOneSets: 0, clearOnRead: 0, writeOnly: 0 };

test('each access has its mask', () => {
  assert.deepEqual(masksAt({ access: 'rw' }), { ...none, writable: 0xffffffff });
  assert.deepEqual(masksAt({ access: 'ro' }), none);
  assert.deepEqual(masksAt({ access: 'rc' }), { ...none, clearOnRead: 0xffffffff });
  assert.deepEqual(masksAt({ access: 'w1c' }), { ...none, writeOneClears: 0xffffffff });
  assert.deepEqual(masksAt({ access: 'w1s', writable: 0xff }), { ...none, writeOneSets: 0xff });
  assert.deepEqual(masksAt({ access: 'wo' }), { ...none, writeOnly: 0xffffffff });
});

test('a field with its own access leaves the mask of the register', () => {
  const fields = {
    STATUS: { bits: 2, access: 'w1c', doc: '' },
    SELF_CLEARING: { bits: 31, access: 'wo', doc: '' },
    FIXED: { bits: [7, 4], access: 'ro', doc: '' },
    PLAIN: { bits: 0, doc: '' },
  } as const;
  assert.deepEqual(masksAt({ fields }), { ...none, writable: 0x7fffff0b, writeOneClears: 4, writeOnly: 0x80000000 });
});

test('a writable field in a register that stores nothing else', () => {
  const fields = { A: { bits: [3, 0], access: 'rw', doc: '' } } as const;
  assert.deepEqual(masksAt({ access: 'ro', fields }), { ...none, writable: 0xf });
  assert.deepEqual(masksAt({ writable: 0xf0, fields: { B: { bits: 8, access: 'w1s', doc: '' } } }), {
    ...none,
    writable: 0xf0,
    writeOneSets: 0x100,
  });
});

test('arrays, elements and reset values', () => {
  const plan = compilePlan(
    { Q: { at: 0x10, count: 3, stride: 8, ...base, reset: 5, resetAt: { 1: 0x80000001 } } },
    0x40,
    [],
  );
  assert.deepEqual(
    [4, 6, 8].map((index) => plan.reset[index]),
    [5, 0x80000001, 5],
  );
  assert.deepEqual(
    [4, 6, 8].map((index) => plan.element[index]),
    [0, 1, 2],
  );
  assert.deepEqual(
    [4, 5, 6, 7, 8, 9].map((index) => plan.register[index]),
    [1, 0, 1, 0, 1, 0],
  );
});

test('an alias stores in its register, element by element', () => {
  const plan = compilePlan(
    { Q: { at: 0x20, count: 4, stride: 0x8, ...base, aliases: [{ at: 0, count: 2, stride: 4, first: 1 }] } },
    0x40,
    [],
  );
  assert.deepEqual([plan.storage[0], plan.storage[1]], [10, 12]);
  assert.deepEqual([plan.element[0], plan.element[1]], [1, 2]);
  assert.equal(plan.storage[10], 10);
});

test('hooks are numbered from one by their place in the list; aliases have them too', () => {
  const specs = {
    A: { at: 0, ...base, onRead: 'a', aliases: [{ at: 8 }] },
    B: { at: 4, ...base, onWrite: 'b' },
  } as const;
  const plan = compilePlan(specs, 16, ['a', 'b']);
  assert.deepEqual([...plan.readHook], [1, 0, 1, 0]);
  assert.deepEqual([...plan.writeHook], [0, 2, 0, 0]);
  assert.throws(() => compilePlan(specs, 16, ['a']), /B: no hook is named b/);
});

test('registers must not overlap, nor lie outside the window', () => {
  const two = (at: number): Record<string, RegisterSpec> => ({
    A: { at: 0, count: 4, ...base },
    B: { at, ...base },
  });
  assert.throws(() => compilePlan(two(12), 32, []), /B: c already holds A/);
  assert.throws(() => compilePlan(two(32), 32, []), /B: 20 lies outside/);
  assert.doesNotThrow(() => compilePlan(two(16), 32, []));
  const alias = { A: { at: 0, ...base }, B: { at: 4, ...base, aliases: [{ at: 0 }] } };
  assert.throws(() => compilePlan(alias, 32, []), /B: 0 already holds A/);
});

test('a plan refuses what its arrays cannot hold', () => {
  const hooks = Array.from({ length: 256 }, (_, n) => `h${n}`);
  assert.throws(() => compilePlan({}, 4, hooks), /256 hooks/);
  assert.throws(() => compilePlan({}, 0x40004, []), /too large/);
});
