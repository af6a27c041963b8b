import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Access } from './define.ts';
import { RegisterFile } from './file.ts';
import { compilePlan } from './plan.ts';

const base = { evidence: 'guess', doc: 'A register.' } as const;

function fileOf(access: Access, reset = 0xff00ff00): RegisterFile {
  return new RegisterFile(compilePlan({ REG: { at: 0, access, reset, ...base } }, 8, []));
}

/** Value after the reset, after the write, as read, and left by the read. */
function lifeOf(access: Access): number[] {
  const file = fileOf(access);
  const first = file.peek(0);
  file.write(0, 0x0f0f0f0f);
  return [first, file.values[0]!, file.read(0), file.values[0]!];
}

test('rw stores', () => assert.deepEqual(lifeOf('rw'), [0xff00ff00, 0x0f0f0f0f, 0x0f0f0f0f, 0x0f0f0f0f]));
test('ro ignores writes', () => assert.deepEqual(lifeOf('ro'), [0xff00ff00, 0xff00ff00, 0xff00ff00, 0xff00ff00]));
test('rc clears when read', () => assert.deepEqual(lifeOf('rc'), [0xff00ff00, 0xff00ff00, 0xff00ff00, 0]));
test('w1c clears ones', () => assert.deepEqual(lifeOf('w1c'), [0xff00ff00, 0xf000f000, 0xf000f000, 0xf000f000]));
test('w1s sets ones', () => assert.deepEqual(lifeOf('w1s'), [0xff00ff00, 0xff0fff0f, 0xff0fff0f, 0xff0fff0f]));
test('wo reads as zero', () => assert.deepEqual(lifeOf('wo'), [0, 0xff00ff00, 0, 0xff00ff00]));

test('a write returns what was stored before', () => {
  const file = fileOf('rw');
  assert.equal(file.write(0, 1), 0xff00ff00);
  assert.equal(file.write(0, 2), 1);
});

test('peek has no side effect, read of an alias goes to the register', () => {
  const plan = compilePlan({ REG: { at: 0, access: 'rc', aliases: [{ at: 4 }], ...base } }, 8, []);
  const file = new RegisterFile(plan);
  file.values[0] = 7;
  assert.deepEqual([file.peek(4), file.peek(0)], [7, 7]);
  assert.equal(file.indexOf(4), 0);
  assert.equal(file.read(file.indexOf(4)), 7);
  assert.equal(file.peek(4), 0);
});

test('where nothing is declared, reads give 0 and writes are lost', () => {
  const file = fileOf('rw');
  file.write(1, 0xffffffff);
  assert.equal(file.read(1), 0);
});

test('a software reset leaves sticky registers, others do not, and what survives all goes with the power', () => {
  const plan = compilePlan(
    {
      PLAIN: { at: 0, access: 'rw', reset: 1, ...base },
      KEPT: { at: 4, access: 'rw', reset: 2, sticky: true, ...base },
      LASTING: { at: 8, access: 'rw', reset: 3, sticky: 'all', ...base },
    },
    12,
    [],
  );
  const file = new RegisterFile(plan);
  file.write(0, 8);
  file.write(1, 9);
  file.write(2, 10);
  file.reset('software');
  assert.deepEqual([...file.values], [1, 9, 10]);
  file.reset('device');
  assert.deepEqual([...file.values], [1, 2, 10]);
  file.reset('power-up');
  assert.deepEqual([...file.values], [1, 2, 3]);
});

test('two files of one plan share nothing', () => {
  const one = fileOf('rw');
  const other = new RegisterFile(one.plan);
  one.write(0, 3);
  assert.equal(other.peek(0), 0xff00ff00);
});
