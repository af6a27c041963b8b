import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ViewCache } from './views.ts';

test('a view is of just those bytes, of that owner', () => {
  const views = new ViewCache();
  const owner = Uint8Array.from({ length: 4096 }, (_, n) => n);
  const other = new Uint8Array(4096);
  for (const [start, length] of [
    [0, 60],
    [1, 60],
    [1, 61],
    [4000, 96],
  ] as const) {
    assert.deepEqual(views.of(owner, start, length), owner.subarray(start, start + length));
    assert.deepEqual(views.of(other, start, length), other.subarray(start, start + length));
  }
});

test('a few dozen places and lengths keep their views, wherever in the arena they lie', () => {
  const owner = new Uint8Array(1 << 22);
  for (let base = 0; base < 1 << 21; base += 4096 + 64) {
    const views = new ViewCache();
    const places = Array.from({ length: 48 }, (_, n) => [base + (n >> 2) * 2048, 60 + (n & 3) * 500] as const);
    const made = places.map(([start, length]) => views.of(owner, start, length));
    const again = places.filter(([start, length], n) => views.of(owner, start, length) !== made[n]);
    assert.ok(again.length <= 2, `${again.length} of 48 at ${base}`);
  }
});
