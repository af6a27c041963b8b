import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Windows } from './windows.ts';

test('runs are whole pages, apart, and end with the space', () => {
  const windows = new Windows(0x10000, 0x14000);
  assert.deepEqual(
    [windows.take(1), windows.take(0x2000), windows.take(0x2000), windows.take(0x1000)],
    [0x10000, 0x11000, -1, 0x13000],
  );
  assert.equal(windows.bytes, 0);
});

test('runs given back in any order join again', () => {
  for (const order of [
    [0, 1, 2, 3],
    [3, 2, 1, 0],
    [1, 3, 0, 2],
    [2, 0, 3, 1],
  ]) {
    const windows = new Windows(0, 0x4000);
    const starts = [0, 1, 2, 3].map(() => windows.take(0x1000));
    for (const n of order) windows.giveBack(starts[n]!, 0x1000);
    assert.equal(windows.take(0x4000), 0, order.join());
  }
});
