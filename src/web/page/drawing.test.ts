import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathOf } from './chart-path.ts';
import { roundUp, short } from './figures.ts';
import { globTest } from './glob.ts';
import { Rate, sums } from './rates.ts';
import { arcOf, placeOn } from './ring-shape.ts';
import { Typical } from './typical.ts';

test('figures have three digits and a prefix', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0 b/s'],
    [0.25, '0.3 b/s'],
    [999, '999 b/s'],
    [999.6, '1.00 kb/s'],
    [1234, '1.23 kb/s'],
    [99_960, '100 kb/s'],
    [1e9, '1.00 Gb/s'],
  ];
  for (const [value, text] of cases) assert.equal(short(value, 'b/s'), text);
  assert.equal(short(5), '5');
  assert.deepEqual(
    [0, 3, 10, 11, 49, 51].map((value) => roundUp(value, 5)),
    [5, 5, 10, 20, 50, 100],
  );
});

test('the median of what is new in a histogram', () => {
  const typical = new Typical();
  const bounds = [1, 2, 4, Infinity];
  const after = (...counts: number[]): number | undefined => {
    typical.update({ bounds, counts });
    return typical.now;
  };
  assert.equal(after(100, 0, 0, 0), undefined, 'from before it was looked at');
  assert.equal(after(100, 0, 4, 0), 3);
  assert.equal(after(100, 0, 4, 0), undefined, 'nothing came');
  assert.equal(after(101, 1, 5, 1), 2, 'one in each bucket');
  assert.equal(after(101, 1, 5, 9), 4, 'beyond all bounds');
  assert.equal(after(102, 1, 5, 9), 0.5);
});

test('a line ends at the right, and stays within the chart', () => {
  assert.equal(pathOf([], 5, 10, 100, 50), '');
  assert.equal(pathOf([0, 10], 5, 10, 100, 50), 'M75.0 50.0L100.0 0.0');
  assert.equal(pathOf([20], 5, 10, 100, 50), 'M100.0 0.0');
});

test('a ring goes clockwise from the top; a full one is drawn too', () => {
  assert.deepEqual(placeOn(0, 10), [0, -10]);
  assert.deepEqual(placeOn(0.25, 10), [10, 0]);
  assert.equal(arcOf(0, 0, 10), '');
  assert.equal(arcOf(0, 0.25, 10), 'M0 -10A10 10 0 0 1 10 0');
  assert.match(arcOf(0.5, 0.75, 10), /^M0 10A10 10 0 1 1 /);
  assert.match(arcOf(0, 1, 10), /^M0 -10A10 10 0 1 1 -0\.01 -10$/);
  assert.equal(arcOf(Number.NaN, 0.5, 10), '', 'a ring without a length');
});

test('globs as trace events are named by', () => {
  assert.ok(globTest('igb_*')('igb_tx_tail') && !globTest('igb_*')('net_igb_x'));
  assert.ok(globTest('{igb,net}_*_drop')('net_x_drop') && !globTest('{igb,net}_*')('pci_x'));
  assert.ok(globTest('igb_?x_tail')('igb_rx_tail'));
  assert.ok(!globTest('a.c')('abc') && globTest('(')('(') && !globTest('{a')('b'));
});

test('a rate is what a counter grew by in a second; one that begins anew is no fall', () => {
  const rate = new Rate();
  for (const total of [100, 300, 300, 50]) rate.update(total, 2);
  assert.deepEqual(rate.history, [100, 0, 0]);
  for (let n = 0; n < 100; n += 1) rate.update(n, 1);
  assert.equal(rate.history.length, 61);
});

test('samples are summed by the labels that count', () => {
  const samples = [
    { labels: { port: 0, function: 'pf', to: 'wire' }, value: 1 },
    { labels: { port: 0, function: 'pf', to: 'pool' }, value: 2 },
    { labels: { port: 1, function: 'pf', to: 'wire' }, value: 4 },
  ];
  const metric = { name: 'x', help: '', type: 'counter', samples } as const;
  assert.deepEqual(
    [...sums(metric, ['port', 'function'])],
    [
      ['0 pf', 3],
      ['1 pf', 4],
    ],
  );
  assert.deepEqual([...sums(metric, [])], [['', 7]]);
  assert.equal(sums(undefined, ['port']).size, 0);
});
