import assert from 'node:assert/strict';
import { test } from 'node:test';
import { threadTimeNs } from './thread-time.ts';

test('work counts, sleep does not', () => {
  const begin = threadTimeNs();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
  const slept = threadTimeNs() - begin;
  assert.ok(slept < 30e6, `${slept} ns for a sleep`);
  let sum = 0;
  const until = performance.now() + 30;
  while (performance.now() < until) sum += 1;
  assert.ok(sum > 0 && threadTimeNs() - begin - slept > 0);
});
