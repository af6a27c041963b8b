import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLoopbackAddress } from './loopback-address.ts';
import { prometheusText } from './prometheus-text.ts';

test('help, type, samples and labels as the format has them', () => {
  const text = prometheusText([
    {
      name: 'a_total',
      help: 'Back\\slash\nand line.',
      type: 'counter',
      samples: [
        { labels: {}, value: 1 },
        { labels: { path: 'a"b\\c\nd', n: 3 }, value: 0.5 },
      ],
    },
    { name: 'b', help: 'Nothing.', type: 'gauge', samples: [{ labels: {}, value: NaN }] },
  ]);
  assert.equal(
    text,
    '# HELP a_total Back\\\\slash\\nand line.\n# TYPE a_total counter\na_total 1\n' +
      'a_total{path="a\\"b\\\\c\\nd",n="3"} 0.5\n# HELP b Nothing.\n# TYPE b gauge\nb NaN\n',
  );
});

test('a histogram adds its buckets up', () => {
  const text = prometheusText([
    {
      name: 'd_seconds',
      help: 'Time.',
      type: 'histogram',
      histograms: [{ labels: { q: 1 }, bounds: [0.1, Infinity], counts: [2, 3], sum: 4 }],
    },
  ]);
  assert.deepEqual(text.trim().split('\n').slice(2), [
    'd_seconds_bucket{q="1",le="0.1"} 2',
    'd_seconds_bucket{q="1",le="+Inf"} 5',
    'd_seconds_sum{q="1"} 4',
    'd_seconds_count{q="1"} 5',
  ]);
});

test('addresses of this machine only', () => {
  assert.deepEqual(parseLoopbackAddress('127.0.0.1:9100'), { host: '127.0.0.1', port: 9100 });
  assert.deepEqual(parseLoopbackAddress('[::1]:0'), { host: '::1', port: 0 });
  assert.deepEqual(parseLoopbackAddress('localhost:1'), { host: 'localhost', port: 1 });
  for (const text of ['0.0.0.0:9100', '9100', '127.0.0.1', '127.0.0.1:70000', '[::]:1', 'example:1', '10.0.0.1:1'])
    assert.equal(parseLoopbackAddress(text), undefined, text);
});
