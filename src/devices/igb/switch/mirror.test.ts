/** The four kinds of mirror rule: every test counts frames at every pool and at the wire (docs/fidelity.md). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../tables/index.ts';
import { addressOf, BROADCAST_ADDRESS, ethernet, PF_POOL, PoolBench, STRANGER } from './testing.ts';

const { DTXSWC, RCTL, VMRCTL, VMOLR, VT_CTL } = pf;

/** A rule whose copies go to pool 6. */
function mirror(bench: PoolBench, kind: number, rule = 0, destination = 6): void {
  bench.set('VMRCTL', kind | (destination << VMRCTL.DESTINATION.shift), rule);
}

test('pool rule: what the pools of VMRVM receive, from the wire and from pools; not what they send', () => {
  const bench = new PoolBench();
  mirror(bench, VMRCTL.POOL.mask, 2);
  bench.set('VMRVM', 0b0110, 2);
  assert.equal(bench.receive(ethernet(addressOf(1))), '1 6');
  assert.equal(bench.receive(ethernet(addressOf(2))), '2 6');
  assert.equal(bench.receive(ethernet(addressOf(3))), '3');
  assert.equal(bench.send(0, ethernet(addressOf(1))), '1 6');
  assert.deepEqual(bench.looped, [1, 6]);
  assert.equal(bench.send(0, ethernet(addressOf(3))), '3');
  assert.equal(bench.send(1, ethernet(STRANGER, { from: addressOf(1) })), 'wire');
  assert.equal(bench.receive(ethernet(BROADCAST_ADDRESS)), '0 1 2 3 4 5 6 7', 'one copy for who gets it anyway');
});

test('uplink rule: all from the wire, also what no pool takes', () => {
  const bench = new PoolBench();
  mirror(bench, VMRCTL.UPLINK.mask);
  assert.equal(bench.receive(ethernet(addressOf(1))), '1 6');
  assert.equal(bench.receive(ethernet(STRANGER)), '6 7');
  bench.set('VT_CTL', VT_CTL.REPL_EN.mask | VT_CTL.DIS_DEF_POOL.mask);
  assert.equal(bench.receive(ethernet(STRANGER)), '6');
  assert.equal(bench.send(0, ethernet(addressOf(1))), '1');
  assert.equal(bench.send(0, ethernet(STRANGER)), 'wire');
});

test('downlink rule: all that pools send to the wire, not what stays inside', () => {
  const bench = new PoolBench();
  mirror(bench, VMRCTL.DOWNLINK.mask, 3);
  assert.equal(bench.send(0, ethernet(STRANGER)), 'wire 6');
  assert.deepEqual(bench.looped, [6]);
  assert.equal(bench.send(PF_POOL, ethernet(BROADCAST_ADDRESS)), 'wire 0 1 2 3 4 5 6');
  assert.equal(bench.send(0, ethernet(addressOf(1))), '1');
  assert.equal(bench.receive(ethernet(addressOf(1))), '1');
  assert.equal(bench.receive(ethernet(STRANGER)), '7');
  bench.set('DTXSWC', bench.get('DTXSWC') & ~DTXSWC.LOOPBACK_EN.mask);
  assert.equal(bench.send(0, ethernet(STRANGER)), 'wire');
});

test('VLAN rule: the VLANs whose VLVF entries VMRVLAN lists, from the wire and from pools', () => {
  const bench = new PoolBench();
  bench.set('DTXSWC', DTXSWC.LOOPBACK_EN.mask);
  bench.vlan(5, 100, 0b0011);
  bench.vlan(31, 101, 0b0011);
  mirror(bench, VMRCTL.VLAN.mask, 1);
  bench.set('VMRVLAN', 1 << 5, 1);
  assert.equal(bench.receive(ethernet(addressOf(1), { tag: 100 })), '1 6');
  assert.equal(bench.receive(ethernet(addressOf(1), { tag: 101 })), '1');
  assert.equal(bench.receive(ethernet(addressOf(1))), '1');
  assert.equal(bench.send(0, ethernet(addressOf(1), { tag: 100 })), '1 6');
  assert.equal(bench.send(0, ethernet(STRANGER, { tag: 100 })), 'wire 6');
  assert.equal(bench.send(0, ethernet(STRANGER, { tag: 101 })), 'wire');
  bench.set('VMRVLAN', (1 << 31) >>> 0, 1);
  assert.equal(bench.send(0, ethernet(STRANGER, { tag: 101 })), 'wire 6');
  bench.set('VLVF', 0, 31);
  assert.equal(bench.send(0, ethernet(STRANGER, { tag: 101 })), 'wire', 'the entry is not valid any more');
});

test('copies go only where reception is allowed, never to the sender, and need replication', () => {
  const bench = new PoolBench();
  mirror(bench, VMRCTL.UPLINK.mask | VMRCTL.DOWNLINK.mask);
  assert.equal(bench.send(6, ethernet(STRANGER, { from: addressOf(6) })), 'wire');
  bench.accept(6, 0, VMOLR.LPE.mask);
  assert.equal(bench.receive(ethernet(addressOf(1), { length: 1515 })), '1', 'too long for the destination');
  bench.set('VFRE', 0xff & ~(1 << 6));
  assert.equal(bench.receive(ethernet(addressOf(1))), '1');
  bench.set('VFRE', 0xff);
  bench.set('VT_CTL', PF_POOL << VT_CTL.DEF_PL.shift);
  assert.equal(bench.receive(ethernet(addressOf(1))), '1');
});

test('several rules at once; what the VLAN filter of the port drops is no copy’s source', () => {
  const bench = new PoolBench();
  mirror(bench, VMRCTL.UPLINK.mask, 0, 5);
  mirror(bench, VMRCTL.POOL.mask | VMRCTL.DOWNLINK.mask, 1, 6);
  bench.set('VMRVM', 1 << 1, 1);
  assert.equal(bench.receive(ethernet(addressOf(1))), '1 5 6');
  assert.equal(bench.receive(ethernet(addressOf(2))), '2 5');
  assert.equal(bench.send(0, ethernet(STRANGER)), 'wire 6');
  assert.equal(bench.receive(ethernet(addressOf(1), { tag: 77 })), '');
  bench.set('RCTL', bench.get('RCTL') & ~RCTL.VFE.mask);
  assert.equal(bench.receive(ethernet(addressOf(1), { tag: 77 })), '1 5 6');
});
