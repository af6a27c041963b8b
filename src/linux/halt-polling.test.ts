import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HaltPolling } from './halt-polling.ts';

const SHORT_NS = 5000;
const LONG_NS = 10_000_000;

test('it looks on after a short wait only', () => {
  const polling = new HaltPolling();
  assert.equal(polling.windowNs, 0);
  polling.slept(SHORT_NS);
  assert.ok(polling.windowNs > 0);
  polling.found(500);
  assert.ok(polling.windowNs > 0);
  polling.slept(LONG_NS);
  assert.equal(polling.windowNs, 0);
});

/** Of so many short waits, those in which it looks on; what it looks for comes in every `period`th of these, or never. */
function windows(waits: number, period: number): number {
  const polling = new HaltPolling();
  let looked = 0;
  for (let n = 0; n < waits; n += 1) {
    if (polling.windowNs > 0) {
      looked += 1;
      if (looked % period === 0) {
        polling.found(500);
        continue;
      }
    }
    polling.slept(SHORT_NS);
  }
  return looked;
}

test('it goes on while it pays, and is seldom where it does not, but never given up', () => {
  assert.ok(windows(10_000, 1) > 9990);
  assert.ok(windows(10_000, 3) < 500);
  const never = windows(10_000, Infinity);
  assert.ok(never > 10 && never < 50, String(never));
});

test('what came because another thread had the processor meanwhile was in vain', () => {
  const polling = new HaltPolling();
  polling.slept(SHORT_NS);
  polling.found(50_000);
  assert.equal(polling.windowNs, 0);
});

/** How often it naps in turns of which each `period`th answers somebody. */
function naps(turns: number, period: number): number {
  const polling = new HaltPolling();
  let count = 0;
  for (let turn = 1; turn <= turns; turn += 1) {
    polling.turned(turn % period === 0, 1);
    if (polling.napNs > 0) count += 1;
  }
  return count;
}

test('who mostly posts lets it nap, who gets answers does not', () => {
  assert.ok(naps(1000, Infinity) > 950);
  assert.ok(naps(1000, 8) > 900);
  assert.equal(naps(1000, 4), 0);
});

/** How long it naps in the end where each nap brings what is posted every `spacingNs`. */
function napAmong(spacingNs: number): number {
  const polling = new HaltPolling();
  for (let turn = 0; turn < 100; turn += 1) {
    const posts = Math.ceil(polling.napNs / spacingNs);
    if (posts > 0) polling.foundAfterNap();
    polling.turned(false, posts);
  }
  return polling.napNs;
}

test('naps grow longer where posts come close, but not so long that a ring would fill', () => {
  const short = napAmong(Infinity);
  assert.equal(napAmong(100_000), 4 * short);
  assert.ok(napAmong(2000) <= 2 * short);
  assert.equal(napAmong(500), short);
});
