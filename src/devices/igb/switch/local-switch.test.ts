import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildFrame, concatenate, isConsistent } from '../../../packet/testing.ts';
import { STATUS } from '../rx/offload.ts';
import { pf } from '../tables/index.ts';
import { option } from '../tx/descriptor.ts';
import { addressOf, BROADCAST_ADDRESS, ethernet, MULTICAST_ADDRESS, PF_POOL, PoolBench, STRANGER } from './testing.ts';

const { DTXSWC, RCTL, VMOLR, VT_CTL } = pf;
const LOOPBACK = DTXSWC.LOOPBACK_EN.mask;

/** Sets the bit of an address in UTA or MTA, as Linux' hash has it (RCTL.MO 0). */
function hash(bench: PoolBench, table: 'UTA' | 'MTA', address: string): void {
  const [e, f] = address
    .split(':')
    .slice(4)
    .map((part) => Number.parseInt(part, 16)) as [number, number];
  const index = ((e >>> 4) | (f << 4)) & 0xfff;
  bench.set(table, bench.get(table, index >>> 5) | (1 << (index & 31)), index >>> 5);
}

test('unicast to a pool stays inside, unicast to a stranger goes to the wire only (§5.8)', () => {
  const bench = new PoolBench();
  const frame = ethernet(addressOf(3));
  assert.equal(bench.send(0, frame), '3');
  assert.deepEqual(bench.arrived[0]!.bytes, frame);
  assert.deepEqual(bench.looped, [3]);
  assert.equal(bench.send(0, ethernet(STRANGER)), 'wire');
  assert.equal(bench.send(0, ethernet(addressOf(PF_POOL))), '7');
  assert.equal(bench.send(PF_POOL, ethernet(addressOf(0), { from: addressOf(PF_POOL) })), '0');
  assert.equal(bench.send(8, frame), '3', 'the second queue of pool 0');
});

test('broadcast goes to all pools but the sender’s, and to the wire; from the wire to all', () => {
  const bench = new PoolBench();
  bench.accept(5, 0, VMOLR.BAM.mask);
  const frame = ethernet(BROADCAST_ADDRESS, { from: addressOf(2) });
  assert.equal(bench.send(2, frame), 'wire 0 1 3 4 6 7');
  assert.deepEqual(bench.looped, [0, 1, 3, 4, 6, 7]);
  assert.equal(bench.receive(frame), '0 1 2 3 4 6 7');
  assert.deepEqual(bench.looped, []);
});

test('a sender gets its own frames only with its bit of LLE', () => {
  const bench = new PoolBench();
  bench.set('DTXSWC', LOOPBACK);
  const own = ethernet(addressOf(1), { from: addressOf(1) });
  assert.equal(bench.send(1, own), '', 'nobody else has the address, and it does not leave');
  assert.deepEqual(bench.context.trace.of('igb_switch_drop'), [[1, 60, undefined, undefined]]);
  bench.set('DTXSWC', (LOOPBACK | (1 << (DTXSWC.LLE.shift + 1))) >>> 0);
  assert.equal(bench.send(1, own), '1');
  assert.equal(bench.send(1, ethernet(BROADCAST_ADDRESS)), 'wire 0 1 2 3 4 5 6 7');
  assert.equal(bench.send(2, ethernet(addressOf(2))), '', 'the bit of pool 1 is of no use to pool 2');
});

test('multicast: MTA with ROMPE, MPME always, exact entries; the wire gets it too (igb_set_rx_mode)', () => {
  const bench = new PoolBench();
  const frame = ethernet(MULTICAST_ADDRESS);
  assert.equal(bench.send(0, frame), 'wire');
  bench.accept(1, VMOLR.ROMPE.mask);
  assert.equal(bench.send(0, frame), 'wire', 'not in MTA');
  hash(bench, 'MTA', MULTICAST_ADDRESS);
  assert.equal(bench.send(0, frame), 'wire 1');
  bench.accept(PF_POOL, VMOLR.MPME.mask);
  assert.equal(bench.send(0, frame), 'wire 1 7');
  bench.address(9, MULTICAST_ADDRESS, 0b11000);
  assert.equal(bench.send(0, frame), 'wire 1 3 4 7');
  assert.equal(bench.receive(frame), '1 3 4 7');
});

test('a promiscuous PF under a bridge: UTA full and ROPE gives it strangers, not what belongs to a VF (igb_set_uta)', () => {
  const bench = new PoolBench();
  hash(bench, 'UTA', STRANGER);
  assert.equal(bench.send(0, ethernet(STRANGER)), 'wire');
  for (let n = 0; n < 128; n += 1) bench.set('UTA', 0xffffffff, n);
  bench.accept(PF_POOL, VMOLR.ROPE.mask);
  assert.equal(bench.send(0, ethernet(STRANGER)), 'wire 7');
  assert.equal(bench.send(0, ethernet(addressOf(1))), '1');
  assert.equal(bench.send(PF_POOL, ethernet(STRANGER)), 'wire');
  assert.equal(bench.receive(ethernet(STRANGER)), '7');
});

test('the default pool takes unknown unicast from the wire only, unless it is disabled', () => {
  const bench = new PoolBench();
  assert.equal(bench.receive(ethernet(STRANGER)), '7');
  assert.equal(bench.send(0, ethernet(STRANGER)), 'wire');
  bench.set('VT_CTL', VT_CTL.REPL_EN.mask | (4 << VT_CTL.DEF_PL.shift));
  assert.equal(bench.receive(ethernet(STRANGER)), '4');
  bench.set('VT_CTL', VT_CTL.REPL_EN.mask | VT_CTL.DIS_DEF_POOL.mask);
  assert.equal(bench.receive(ethernet(STRANGER)), '');
});

test('without replication one pool gets a multicast or broadcast frame; the wire as ever', () => {
  const bench = new PoolBench();
  bench.set('VT_CTL', PF_POOL << VT_CTL.DEF_PL.shift);
  assert.equal(bench.receive(ethernet(BROADCAST_ADDRESS)), '0');
  assert.equal(bench.send(0, ethernet(BROADCAST_ADDRESS)), 'wire 1');
});

test('VLANs: local delivery stays in the VLAN; where nobody here has the address in it, the wire gets the frame', () => {
  const bench = new PoolBench();
  bench.set('DTXSWC', LOOPBACK);
  bench.vlan(1, 100, 0b0011);
  const tagged = ethernet(addressOf(1), { tag: 100 });
  assert.equal(bench.send(0, tagged), '1');
  assert.deepEqual(bench.arrived[0]!.bytes, tagged);
  assert.equal(bench.send(0, ethernet(addressOf(2), { tag: 100 })), 'wire', 'QEMU loses it');
  assert.equal(bench.send(0, ethernet(BROADCAST_ADDRESS, { tag: 100 })), 'wire 1');
  assert.equal(bench.send(0, ethernet(addressOf(1), { tag: 101 })), 'wire', 'a VLAN that VFTA does not have');
  bench.accept(1, 0, VMOLR.AUPE.mask);
  assert.equal(bench.send(0, ethernet(addressOf(1))), 'wire', 'untagged');
  bench.set('RCTL', bench.get('RCTL') & ~RCTL.VFE.mask);
  assert.equal(bench.send(0, ethernet(addressOf(2), { tag: 100 })), '2');
});

test('frames of a local VLAN never reach the wire (VLVF.LVLAN)', () => {
  const bench = new PoolBench();
  bench.set('DTXSWC', LOOPBACK);
  bench.vlan(1, 200, 0b0011, pf.VLVF.LVLAN.mask);
  assert.equal(bench.send(0, ethernet(BROADCAST_ADDRESS, { tag: 200 })), '1');
  assert.equal(bench.send(0, ethernet(STRANGER, { tag: 200 })), '');
  assert.equal(bench.send(0, ethernet(addressOf(2), { tag: 200 })), '');
  assert.equal(bench.send(0, ethernet(BROADCAST_ADDRESS)), 'wire 1 2 3 4 5 6 7');
});

test('IGNORE_MAC: pools by VLAN alone', () => {
  const bench = new PoolBench();
  bench.set('DTXSWC', LOOPBACK);
  bench.set('VT_CTL', VT_CTL.REPL_EN.mask | VT_CTL.IGNORE_MAC.mask);
  bench.vlan(1, 100, 0b0111);
  assert.equal(bench.receive(ethernet(STRANGER, { tag: 100 })), '0 1 2');
  assert.equal(bench.send(0, ethernet(addressOf(1), { tag: 100 })), 'wire 1 2');
});

test('pools that may not receive or send, frames too long for a pool (VFRE, VFTE, RLPML)', () => {
  const bench = new PoolBench();
  bench.set('VFRE', 0xff & ~2);
  assert.equal(bench.send(0, ethernet(addressOf(1))), '', 'the address is here all the same');
  assert.equal(bench.send(0, ethernet(BROADCAST_ADDRESS)), 'wire 2 3 4 5 6 7');
  bench.set('VFTE', 0xff & ~1);
  assert.equal(bench.send(0, ethernet(addressOf(2))), '');
  bench.set('VFTE', 0xff);
  assert.equal(bench.where(), '2', 'what waited goes once VFTE allows it');
  bench.set('VMOLR', (VMOLR.STRCRC.mask | VMOLR.AUPE.mask | VMOLR.LPE.mask | VMOLR.BAM.mask | 1000) >>> 0, 2);
  assert.equal(bench.send(0, ethernet(addressOf(2), { length: 996 })), '2');
  assert.equal(bench.send(0, ethernet(addressOf(2), { length: 997 })), '');
  assert.equal(bench.get('ROC'), 1);
  assert.equal(bench.send(0, ethernet(BROADCAST_ADDRESS, { length: 997 })), 'wire 3 4 5 6 7');
});

test('without LOOPBACK_EN, or without pools, everything goes to the wire', () => {
  const bench = new PoolBench();
  bench.set('DTXSWC', 0);
  assert.equal(bench.send(0, ethernet(addressOf(1))), 'wire');
  bench.set('DTXSWC', LOOPBACK);
  bench.set('MRQC', 0);
  assert.equal(bench.send(0, ethernet(addressOf(1))), 'wire');
});

test('counters: LB at both ends for local frames, the port’s and the pool’s for the wire, both for both', () => {
  const bench = new PoolBench();
  const count = (...names: (keyof typeof pf)[]) => names.map((name) => bench.get(name, 0));
  assert.equal(bench.send(0, ethernet(addressOf(1), { length: 100 })), '1');
  assert.deepEqual(count('PVFGPTLBC', 'PVFGOTLBC', 'PVFGPTC', 'GPTC', 'GPRC'), [1, 104, 0, 0, 0]);
  assert.deepEqual([bench.get('PVFGPRLBC', 1), bench.get('PVFGORLBC', 1), bench.get('PVFGPRC', 1)], [1, 104, 0]);
  bench.send(0, ethernet(STRANGER, { length: 100 }));
  assert.deepEqual(count('PVFGPTLBC', 'PVFGPTC', 'PVFGOTC', 'GPTC'), [1, 1, 104, 1]);
  bench.send(0, ethernet(BROADCAST_ADDRESS));
  assert.deepEqual(count('PVFGPTLBC', 'PVFGPTC', 'GPTC', 'BPTC'), [2, 2, 1, 1]);
  assert.deepEqual([bench.get('PVFGPRLBC', 1), bench.get('PVFGPRLBC', 2)], [2, 1]);
});

test('a large packet arrives at a pool as segments with good checksums, and whole at a wire that takes it', () => {
  const bench = new PoolBench();
  bench.context.wire.acceptsOffload = true;
  bench.set('RXCSUM', pf.RXCSUM.TUOFL.mask | pf.RXCSUM.IPOFL.mask);
  const payload = Uint8Array.from({ length: 4000 }, (_, n) => n & 0xff);
  const large = buildFrame({ payload });
  const tso = (to: string) => {
    const mac = to.split(':').map((part) => Number.parseInt(part, 16));
    const from = addressOf(0)
      .split(':')
      .map((part) => Number.parseInt(part, 16));
    bench.postContext(0, (14 << 9) | 20, 1 << 11, (1448 << 16) | (20 << 8));
    bench.post(0, concatenate(mac, from, large.subarray(12)), { command: 1 << 31 });
    bench.kick(0);
    return bench.where();
  };
  assert.equal(tso(addressOf(1)), '1 1 1');
  assert.deepEqual(
    bench.arrived.map(({ bytes }) => [bytes.length, isConsistent(bytes)]),
    [
      [1502, true],
      [1502, true],
      [1158, true],
    ],
  );
  const { L4CS, IPCS, LB } = STATUS;
  for (const { status } of bench.arrived) assert.equal((status & (L4CS | IPCS | LB)) >>> 0, L4CS | IPCS | LB);
  for (const { status } of bench.arrived) assert.equal(status >>> 29, 0, 'no error');
  assert.deepEqual([bench.get('PVFGPTLBC'), bench.get('GPTC'), bench.get('TSCTC')], [3, 0, 1]);
  assert.equal(tso(STRANGER), 'wire');
  assert.equal(bench.get('GPTC'), 3);
  for (let n = 0; n < 128; n += 1) bench.set('UTA', 0xffffffff, n);
  bench.accept(PF_POOL, VMOLR.ROPE.mask);
  assert.equal(tso(STRANGER), 'wire 7 7 7', 'to a wire and a promiscuous PF');
  for (const { bytes } of bench.arrived) assert.ok(isConsistent(bytes));
  assert.deepEqual([bench.get('GPTC'), bench.get('TSCTC'), bench.get('PVFGPRLBC', 7)], [3, 2, 3]);
});

test('a wire that goes by another one’s rules gets its frames by those, whatever was known of the route', () => {
  const bench = new PoolBench(undefined, true);
  const { wire, trace } = bench.context;
  trace.on.fill(0);
  const source = addressOf(0)
    .split(':')
    .map((part) => Number.parseInt(part, 16));
  const stranger = STRANGER.split(':').map((part) => Number.parseInt(part, 16));
  const frame = concatenate(stranger, source, buildFrame({ payload: new Uint8Array(100) }).subarray(12));
  const send = (): boolean => {
    wire.sent.length = 0;
    bench.postContext(0, (14 << 9) | 20, 1 << 11, 0);
    bench.post(0, frame, { options: option.TXSM | option.IXSM });
    bench.kick(0);
    bench.context.tasks.runAll();
    return isConsistent(wire.sent[0]!.bytes);
  };
  wire.acceptsOffload = true;
  assert.deepEqual([send(), send()], [false, false], 'left to the wire');
  wire.acceptsOffload = false;
  bench.port.carrierChanged();
  assert.equal(send(), true);
});

test('RSS inside pools (mode 5): a local flow lands on queue v or v + 8 by the entry that its hash finds', () => {
  const bench = new PoolBench();
  bench.set('MRQC', 5 | (1 << 16) | (1 << 17));
  bench.accept(1, VMOLR.RSSE.mask);
  const frame = concatenate([2, 0, 0, 0, 0, 0x11, 2, 0, 0, 0, 0, 0x10], buildFrame({ payload: [1, 2] }).subarray(12));
  for (let n = 0; n < 32; n += 1) bench.set('RETA', 0x08080808, n);
  assert.equal(bench.send(0, frame), '9');
  assert.equal(bench.receive(frame), '9');
  bench.accept(1, 0, VMOLR.RSSE.mask);
  assert.equal(bench.send(0, frame), '1');
  bench.accept(1, VMOLR.RSSE.mask);
  for (let n = 0; n < 32; n += 1) bench.set('RETA', 0, n);
  assert.equal(bench.send(0, frame), '1');
});

test('no link: frames for the wire are lost, those between pools pass; MAC loopback takes everything back in', () => {
  const bench = new PoolBench();
  bench.context.wire.setCarrier(false);
  assert.equal(bench.send(0, ethernet(STRANGER)), '');
  assert.equal(bench.context.trace.of('igb_tx_drop_link').length, 1);
  assert.equal(bench.get('GPTC'), 0);
  assert.equal(bench.send(0, ethernet(addressOf(1))), '1');
  assert.equal(bench.send(0, ethernet(BROADCAST_ADDRESS)), '1 2 3 4 5 6 7');
  bench.set('RCTL', bench.get('RCTL') | (1 << RCTL.LBM.shift));
  assert.equal(bench.send(0, ethernet(addressOf(0))), '0');
  assert.deepEqual(bench.looped, []);
});
