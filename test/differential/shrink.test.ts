import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shrink } from './shrink.ts';

test('what is needed is left, in its order', () => {
  const whole = Array.from({ length: 100 }, (_, n) => n);
  const needs = (part: readonly number[]): boolean => [3, 50, 51, 98].every((n) => part.includes(n));
  assert.deepEqual(shrink(whole, needs), [3, 50, 51, 98]);
});

test('a part that is needed only together with another goes with it', () => {
  const balanced = (part: readonly string[]): boolean =>
    part.includes('x') && part.includes('a') === part.includes('b');
  assert.deepEqual(shrink(['a', 'x', 'b'], balanced).includes('x'), true);
});
