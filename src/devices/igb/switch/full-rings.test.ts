/** Pools that do not take what they get: the others must not notice (docs/fidelity.md, full rings). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../tables/index.ts';
import { addressOf, BROADCAST_ADDRESS, ethernet, PF_POOL, PoolBench } from './testing.ts';

const DROP_EN = pf.SRRCTL.DROP_EN.mask;

test('with QDE or DROP_EN the full ring’s copy is dropped and counted, the others get theirs', () => {
  const bench = new PoolBench();
  bench.stall(2);
  bench.stall(4);
  bench.set('QDE', 1 << 2);
  bench.set('SRRCTL', (bench.get('SRRCTL', 4) | DROP_EN) >>> 0, 4);
  assert.equal(bench.send(0, ethernet(BROADCAST_ADDRESS)), 'wire 1 3 5 6 7');
  assert.equal(bench.receive(ethernet(BROADCAST_ADDRESS)), '0 1 3 5 6 7');
  assert.equal(bench.send(0, ethernet(addressOf(2))), '');
  assert.deepEqual([bench.get('RQDPC', 2), bench.get('RQDPC', 4), bench.get('RQDPC', 3)], [3, 2, 0]);
  assert.deepEqual([bench.get('RNBC'), bench.get('MPC')], [0, 0]);
  assert.equal(bench.get('PVFGPTLBC'), 2, 'the sender is not to blame');
});

test('a VF that takes nothing holds up neither the PF nor the wire nor other VFs, without drop enable too', () => {
  const bench = new PoolBench();
  bench.set('QDE', 0);
  bench.stall(3);
  for (let n = 0; n < 2000; n += 1) {
    assert.equal(bench.receive(ethernet(BROADCAST_ADDRESS, { length: 1000 })), '0 1 2 4 5 6 7');
    assert.equal(bench.port.canReceive(), true);
    assert.equal(bench.send(PF_POOL, ethernet(addressOf(3))), '');
  }
  assert.equal(bench.receive(ethernet(addressOf(PF_POOL))), '7');
  assert.equal(bench.send(0, ethernet(addressOf(1))), '1');
  const lost = bench.get('MPC');
  bench.stalled = 0;
  let stored = 0;
  for (let turn = 0; turn < 100; turn += 1) {
    const text = bench.where();
    stored += text === '' ? 0 : text.split(' ').length;
  }
  assert.ok(stored > 10, `${stored} frames had been kept`);
  assert.equal(stored + lost, 4000, 'what did not wait was counted');
});

test('every VF stalled: each has its share of the packet buffer, the PF’s waits as well when its turn comes', () => {
  const bench = new PoolBench();
  bench.set('QDE', 0);
  for (let pool = 0; pool < 7; pool += 1) bench.stall(pool);
  for (let n = 0; n < 1000; n += 1) bench.receive(ethernet(BROADCAST_ADDRESS, { length: 1514 }));
  for (let pool = 0; pool < 7; pool += 1) {
    for (let n = 0; n < 200; n += 1) bench.receive(ethernet(addressOf(pool), { length: 1514 }));
  }
  bench.get('MPC');
  bench.stall(PF_POOL);
  for (let n = 0; n < 5; n += 1) assert.equal(bench.receive(ethernet(addressOf(PF_POOL))), '');
  assert.equal(bench.get('MPC'), 0);
  bench.stalled &= ~(1 << PF_POOL);
  bench.where();
  assert.equal(bench.where(), '7 7 7 7 7');
});

test('a VF that is reset gives its share back', () => {
  const bench = new PoolBench();
  bench.set('QDE', 0);
  bench.stall(3);
  for (let n = 0; n < 100; n += 1) bench.receive(ethernet(addressOf(3)));
  assert.notEqual(bench.get('MPC'), 0);
  bench.port.blocks.receive.resetQueue(3);
  for (let n = 0; n < 10; n += 1) bench.receive(ethernet(addressOf(3)));
  assert.equal(bench.get('MPC'), 0);
  bench.stalled = 0;
  bench.where();
  assert.equal(bench.where().split(' ').length, 10, 'and of what waited before nothing is left');
});
