import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bitRange, defineRegisters, fieldMask, type RegisterSpec } from './define.ts';

const spec = (more: Partial<RegisterSpec>): Record<string, RegisterSpec> => ({
  REG: { at: 0x10, access: 'rw', evidence: 'guess', doc: 'A register.', ...more },
});

test('a handle has place, step and fields of its register', () => {
  const table = defineRegisters({
    QUEUE: {
      at: 0xc028,
      count: 16,
      stride: 0x40,
      access: 'rw',
      reset: 0x80000000,
      evidence: 'linux',
      doc: 'A queue register.',
      fields: { LOW: { bits: [4, 0], doc: 'Low bits.' }, TOP: { bits: 31, doc: 'Top bit.' } },
    },
  });
  assert.deepEqual(table.QUEUE, {
    at: 0xc028,
    index: 0x300a,
    step: 16,
    count: 16,
    reset: 0x80000000,
    LOW: { mask: 0x1f, shift: 0, width: 5 },
    TOP: { mask: 0x80000000, shift: 31, width: 1 },
  });
  assert.ok(Object.isFrozen(table) && Object.isFrozen(table.QUEUE) && Object.isFrozen(table.QUEUE.LOW));
});

test('a single register has count 1 and steps of one dword', () => {
  const { REG } = defineRegisters(spec({}));
  assert.deepEqual(REG, { at: 0x10, index: 4, step: 1, count: 1, reset: 0 });
});

test('masks are unsigned, up to a whole register', () => {
  assert.equal(fieldMask(0), 1);
  assert.equal(fieldMask(31), 0x80000000);
  assert.equal(fieldMask([31, 0]), 0xffffffff);
  assert.equal(fieldMask([31, 1]), 0xfffffffe);
  assert.equal(fieldMask([14, 2]), 0x7ffc);
  assert.deepEqual(bitRange(7), [7, 7]);
  assert.deepEqual(bitRange([9, 8]), [9, 8]);
});

test('a malformed declaration is an error that names the register', () => {
  const bad: readonly [Partial<RegisterSpec>, RegExp][] = [
    [{ at: 0x12 }, /^REG: not on a dword/],
    [{ at: -4 }, /^REG: not on a dword/],
    [{ stride: 6 }, /^REG: not on a dword/],
    [{ stride: 0 }, /^REG: not on a dword/],
    [{ count: 0 }, /^REG: count 0/],
    [{ count: 1.5 }, /^REG: count 1\.5/],
    [{ count: 4, resetAt: { 4: 1 } }, /^REG: reset value of element 4 of 4/],
    [{ aliases: [{ at: 0x22 }] }, /^REG: alias not on a dword/],
    [{ aliases: [{ at: 0x20, stride: 2 }] }, /^REG: alias not on a dword/],
    [{ count: 2, aliases: [{ at: 0x20, count: 3 }] }, /^REG: alias of elements/],
    [{ count: 2, aliases: [{ at: 0x20, count: 2, first: 1 }] }, /^REG: alias of elements/],
    [{ fields: { A: { bits: 32, doc: '' } } }, /^REG\.A: bits 32:32/],
    [{ fields: { A: { bits: [3, 5], doc: '' } } }, /^REG\.A: bits 3:5/],
    [{ fields: { A: { bits: [1, 0], values: { 4: 'x' }, doc: '' } } }, /^REG\.A: value 4/],
    [{ fields: { index: { bits: 0, doc: '' } } }, /^REG\.index: the name is taken/],
    [{ fields: { A: { bits: [7, 0], doc: '' }, B: { bits: 7, doc: '' } } }, /^REG\.B: overlaps/],
  ];
  for (const [more, message] of bad) assert.throws(() => defineRegisters(spec(more)), { message });
});

test('the top bit takes part in the overlap check', () => {
  const fields = { A: { bits: 31, doc: '' }, B: { bits: [31, 30], doc: '' } } as const;
  assert.throws(() => defineRegisters(spec({ fields })), /REG\.B: overlaps/);
});
