import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, ratioOf } from './sample.ts';

test('medians of odd and even numbers of samples, in any order', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 2, 3]), 2.5);
});

test('a ratio is that of the medians; a round that was disturbed only widens the spread', () => {
  const { ratio, low, high } = ratioOf([1, 1, 1, 50], [3, 3, 3, 3]);
  assert.equal(ratio, 3);
  assert.ok(low < 3 && high === 3);
});
