import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DurationHistogram } from './duration-histogram.ts';

test('each duration is in the bucket between its bounds', () => {
  for (const duration of [0, 1, 1023, 1024, 1025, 2047, 2048, 5e6, 1e9, 1e12, 1e18]) {
    const histogram = new DurationHistogram();
    histogram.add(duration);
    const bucket = histogram.counts.indexOf(1);
    assert.ok(duration < histogram.boundNs(bucket), `${duration}`);
    assert.ok(bucket === 0 || duration >= histogram.boundNs(bucket - 1), `${duration}`);
    assert.equal(histogram.sumNs, duration);
  }
});
