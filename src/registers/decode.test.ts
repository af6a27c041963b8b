import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeFields, hex, registerName } from './decode.ts';
import type { RegisterSpec } from './define.ts';
import { compilePlan } from './plan.ts';

const base = { access: 'rw', evidence: 'guess', doc: 'A register.' } as const;

test('numbers have their width', () => {
  assert.equal(hex(0x1f), '0x0000001f');
  assert.equal(hex(0xffffffff, 1), '0xffffffff');
  assert.equal(hex(5, 1), '0x5');
});

test('a register is named with its element, under every address', () => {
  const plan = compilePlan(
    { CTRL: { at: 0, ...base }, RDT: { at: 0x10, count: 2, ...base, aliases: [{ at: 0x20, count: 2 }] } },
    0x40,
    [],
  );
  assert.equal(registerName(plan, 0), 'CTRL');
  assert.equal(registerName(plan, 0x14), 'RDT[1]');
  assert.equal(registerName(plan, 0x24), 'RDT[1]');
  assert.equal(registerName(plan, 0x30), '0x00030');
  assert.equal(registerName(plan, 0x40000), '0x40000');
});

test('fields that are not zero are named, with words where there are some', () => {
  const spec: RegisterSpec = {
    at: 0,
    ...base,
    fields: {
      LU: { bits: 1, doc: '' },
      SPEED: { bits: [7, 6], values: { 0: '10', 2: '1000' }, doc: '' },
      COUNT: { bits: [31, 24], doc: '' },
      SMALL: { bits: [11, 8], doc: '' },
    },
  };
  assert.equal(decodeFields(spec, 0xff000982), 'LU SPEED=1000 COUNT=0xff SMALL=9');
  assert.equal(decodeFields(spec, 0), 'SPEED=10');
  assert.equal(decodeFields(spec, 0x40), 'SPEED=1');
});

test('a field as wide as the register', () => {
  const spec: RegisterSpec = { at: 0, ...base, fields: { ALL: { bits: [31, 0], doc: '' } } };
  assert.equal(decodeFields(spec, 0x80000000), 'ALL=0x80000000');
  assert.equal(decodeFields({ at: 0, ...base }, 5), '');
});
