import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../tables/index.ts';
import { addressOf, BROADCAST_ADDRESS, ethernet, MULTICAST_ADDRESS, PF_POOL, PoolBench } from './testing.ts';

const { ICR, SCCRL, VMOLR } = pf;
const MS = 1e6;

/** Windows of `interval` ms that start now. */
function withStormControl(bits: number, interval = 10): PoolBench {
  const bench = new PoolBench();
  bench.set('VMOLR', bench.get('VMOLR', PF_POOL) | VMOLR.MPME.mask, PF_POOL);
  for (let pool = 0; pool < PF_POOL; pool += 1) bench.accept(pool, 0, VMOLR.BAM.mask);
  bench.set('SCCRL', bits | (interval << SCCRL.INTERVAL.shift));
  bench.context.clock.advance(10_000 * MS - bench.context.clock.now());
  bench.get('ICR');
  return bench;
}

/** How many of `count` frames of 64 bytes on the wire arrive. */
function arrivals(bench: PoolBench, to: string, count: number): number {
  let arrived = 0;
  for (let n = 0; n < count; n += 1) if (bench.receive(ethernet(to)) !== '') arrived += 1;
  return arrived;
}

test('broadcast beyond BSCTRH is dropped for the rest of the window (BDICW), SCE is raised once', () => {
  const bench = withStormControl(SCCRL.BDICW.mask);
  bench.set('BSCTRH', 20);
  assert.equal(arrivals(bench, BROADCAST_ADDRESS, 30), 20);
  assert.notEqual(bench.get('ICR') & ICR.SCE.mask, 0);
  bench.context.clock.advance(9 * MS);
  assert.equal(arrivals(bench, BROADCAST_ADDRESS, 5), 0);
  assert.equal(bench.get('ICR') & ICR.SCE.mask, 0);
  bench.context.clock.advance(MS);
  assert.equal(arrivals(bench, BROADCAST_ADDRESS, 30), 20, 'a new window');
  assert.notEqual(bench.get('ICR') & ICR.SCE.mask, 0);
  assert.equal(bench.get('GPRC'), 40);
  assert.equal(bench.get('TPR'), 65);
});

test('the threshold counts bytes, with FCS, in units of 64', () => {
  const bench = withStormControl(SCCRL.BDICW.mask);
  bench.set('BSCTRH', 24);
  const frame = ethernet(BROADCAST_ADDRESS, { length: 508 });
  assert.deepEqual(
    [1, 2, 3, 4].map(() => bench.receive(frame)),
    ['7', '7', '7', ''],
  );
});

test('by the previous window (BDIPW) a storm passes at first and is dropped for all of the next one', () => {
  const bench = withStormControl(SCCRL.BDIPW.mask, 0);
  bench.set('BSCTRH', 5);
  assert.equal(arrivals(bench, BROADCAST_ADDRESS, 10), 10);
  bench.context.clock.advance(MS);
  assert.equal(arrivals(bench, BROADCAST_ADDRESS, 3), 0);
  bench.context.clock.advance(MS);
  assert.equal(arrivals(bench, BROADCAST_ADDRESS, 10), 10, 'the last window was quiet enough');
  bench.context.clock.advance(2 * MS);
  assert.equal(arrivals(bench, BROADCAST_ADDRESS, 3), 3, 'and one without any traffic lies between');
});

test('multicast has its own threshold; unicast, other classes and frames from pools are left alone', () => {
  const bench = withStormControl(SCCRL.MDICW.mask);
  bench.set('MSCTRH', 5);
  assert.equal(arrivals(bench, MULTICAST_ADDRESS, 10), 5);
  assert.equal(arrivals(bench, BROADCAST_ADDRESS, 10), 10);
  assert.equal(arrivals(bench, addressOf(1), 10), 10);
  assert.equal(bench.send(0, ethernet(MULTICAST_ADDRESS)), 'wire 7');
  bench.set('SCCRL', 0);
  assert.equal(arrivals(bench, MULTICAST_ADDRESS, 10), 10);
});

test('a reset begins without a storm', () => {
  const bench = withStormControl(SCCRL.BDIPW.mask | SCCRL.BDICW.mask);
  bench.set('BSCTRH', 5);
  assert.equal(arrivals(bench, BROADCAST_ADDRESS, 10), 5);
  bench.port.blocks.receive.reset();
  assert.equal(arrivals(bench, BROADCAST_ADDRESS, 10), 5);
});
