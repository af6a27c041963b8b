import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HandlingNap } from './handling-nap.ts';

const SHORTEST_NS = 40_000;
const LONGEST_NS = 200_000;

/** So many interrupts of a guest that posts what makes work so long after each; the naps, 0 where there was none. */
function naps(interrupts: number, workAfterNs: number, nap = new HandlingNap()): number[] {
  return Array.from({ length: interrupts }, () => {
    const lengthNs = nap.begin();
    nap.turned(lengthNs >= workAfterNs);
    return lengthNs;
  });
}

test('naps grow while a guest that handles an interrupt posts nothing that makes work', () => {
  const lengths = naps(20, Infinity);
  assert.equal(lengths[0], SHORTEST_NS);
  assert.equal(lengths.at(-1), LONGEST_NS);
});

test('they stay about as long as handling takes', () => {
  const lengths = naps(1000, 100_000).slice(100);
  assert.ok(Math.min(...lengths) >= 70_000 && Math.max(...lengths) <= 110_000);
});

test('a guest that is faster than the shortest nap is kept waiting ever more seldom, and found again when it is not', () => {
  const nap = new HandlingNap();
  const lengths = naps(4000, 5000, nap).filter((lengthNs) => lengthNs > 0);
  assert.ok(lengths.length <= 13, `${lengths.length} naps`);
  assert.ok(naps(2000, Infinity, nap).filter((lengthNs) => lengthNs === LONGEST_NS).length > 900);
});

test('a nap that something else ended says nothing', () => {
  const nap = new HandlingNap();
  for (let n = 0; n < 100; n += 1) {
    assert.equal(nap.begin(), SHORTEST_NS);
    nap.cutShort();
    nap.turned(true);
  }
});
