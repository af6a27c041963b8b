/** What a pool may send, and what the PF has done to its frames: spoof checks and VLANs of a pool. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STATUS } from '../rx/offload.ts';
import { pf } from '../tables/index.ts';
import { addressOf, BROADCAST_ADDRESS, ethernet, MULTICAST_ADDRESS, PF_POOL, PoolBench, STRANGER } from './testing.ts';

const { DTXSWC, ICR, VMOLR, VMVIR } = pf;
const VLE = 1 << 30;
const SPOOFED = { address: 1, vlan: 2 } as const;

function refusals(bench: PoolBench): readonly (readonly (number | undefined)[])[] {
  return bench.context.trace.of('igb_switch_drop_spoof').map(([queue, reason]) => [queue, reason]);
}

test('a foreign source address is dropped and reported: SSVPC, WVBR by queue, DOUTSYNC (igb_spoof_check)', () => {
  const bench = new PoolBench();
  bench.get('ICR');
  assert.equal(bench.send(3, ethernet(addressOf(1), { from: addressOf(2) })), '');
  assert.equal(bench.send(3 + 8, ethernet(BROADCAST_ADDRESS, { from: STRANGER })), '');
  assert.deepEqual(refusals(bench), [
    [3, SPOOFED.address],
    [11, SPOOFED.address],
  ]);
  assert.equal(bench.get('SSVPC'), 2);
  assert.notEqual(bench.get('ICR') & ICR.DOUTSYNC.mask, 0);
  assert.equal(bench.get('WVBR'), (1 << 3) | (1 << 11));
  assert.equal(bench.get('WVBR'), 0, 'cleared by the read');
  assert.equal(bench.get('GPTC') + bench.get('PVFGPTLBC', 3), 0);
  assert.equal(bench.send(3, ethernet(addressOf(1), { from: addressOf(3) })), '1', 'the queue goes on');
});

test('no interrupt without DTXCTL.SPOOF_INT; nothing is dropped with spoofchk off or of the PF', () => {
  const bench = new PoolBench();
  bench.set('DTXCTL', bench.get('DTXCTL') & ~pf.DTXCTL.SPOOF_INT.mask);
  bench.get('ICR');
  bench.send(3, ethernet(addressOf(1), { from: STRANGER }));
  assert.equal(bench.get('ICR') & ICR.DOUTSYNC.mask, 0);
  assert.equal(bench.get('WVBR'), 1 << 3);
  bench.set('DTXSWC', bench.get('DTXSWC') & ~((1 << 3) | (1 << 11)));
  assert.equal(bench.send(3, ethernet(addressOf(1), { from: STRANGER, tag: 55 })), 'wire');
  assert.equal(bench.send(3, ethernet(addressOf(1), { from: STRANGER })), '1');
  assert.equal(bench.send(PF_POOL, ethernet(addressOf(1), { from: STRANGER })), '1');
  assert.equal(bench.get('WVBR'), 0);
});

test('the source address must be valid and list the pool; several may', () => {
  const bench = new PoolBench();
  bench.address(12, STRANGER, 0b0110);
  assert.equal(bench.send(1, ethernet(addressOf(0), { from: STRANGER })), '0');
  assert.equal(bench.send(3, ethernet(addressOf(0), { from: STRANGER })), '');
  bench.set('RAH', bench.get('RAH', 12) & 0x7fffffff, 12);
  assert.equal(bench.send(1, ethernet(addressOf(0), { from: STRANGER })), '');
});

test('VLAN check: untagged frames pass, tags only of the pool’s own VLANs, in the data or by descriptor', () => {
  const bench = new PoolBench();
  bench.vlan(1, 100, 0b0011);
  bench.vlan(2, 101, 0b0010);
  assert.equal(bench.send(0, ethernet(addressOf(1))), '1');
  assert.equal(bench.send(0, ethernet(addressOf(1), { tag: 0x6064 })), '1', 'priority bits do not count');
  assert.equal(bench.send(0, ethernet(addressOf(1), { tag: 101 })), '');
  assert.equal(bench.send(0, ethernet(addressOf(1), { tag: 0 })), '', 'VID 0 is one like others');
  bench.postContext(0, (14 << 9) | 20 | (101 << 16), 0, 0);
  assert.equal(bench.send(0, ethernet(addressOf(1)), { command: VLE }), '');
  bench.postContext(0, (14 << 9) | 20 | (100 << 16), 0, 0);
  assert.equal(bench.send(0, ethernet(addressOf(1)), { command: VLE }), '1');
  assert.deepEqual(refusals(bench), [
    [0, SPOOFED.vlan],
    [0, SPOOFED.vlan],
    [0, SPOOFED.vlan],
  ]);
  bench.set('VLVF', bench.get('VLVF', 1) & ~pf.VLVF.VI_EN.mask, 1);
  assert.equal(bench.send(0, ethernet(addressOf(1), { tag: 100 })), '', 'the entry is not valid any more');
});

/** `ip link set dev … vf N vlan V qos Q`: igb_set_vf_vlan. */
function setPortVlan(bench: PoolBench, pool: number, tag: number, entry: number): void {
  bench.vlan(entry, tag & 0xfff, 1 << pool);
  bench.set('VMVIR', (tag | VMVIR.ALWAYS.mask) >>> 0, pool);
  bench.accept(pool, VMOLR.STRVLAN.mask, VMOLR.AUPE.mask);
}

test('`ip link set vf N vlan V qos Q` with spoofchk on: tagged to the wire, stripped on the way in, apart from others', () => {
  const bench = new PoolBench();
  setPortVlan(bench, 0, 0x6000 | 100, 1);
  bench.post(0, ethernet(STRANGER));
  bench.kick(0);
  bench.context.tasks.runAll();
  const [sent] = bench.context.wire.sent;
  assert.deepEqual([...sent!.bytes.subarray(12, 18)], [0x81, 0, 0x60, 100, 0x88, 0xb5]);
  assert.equal(sent!.bytes.length, 64);
  bench.where();
  assert.equal(bench.send(0, ethernet(addressOf(1))), 'wire', 'nobody here has the address in VLAN 100');
  assert.equal(bench.send(0, ethernet(BROADCAST_ADDRESS)), 'wire');
  assert.equal(bench.receive(ethernet(addressOf(0))), '7', 'untagged: not for the pool, so to the default one');
  assert.equal(bench.receive(ethernet(addressOf(0), { tag: 100 })), '0');
  assert.deepEqual(
    bench.arrived[0]!.bytes,
    ethernet(addressOf(0), { tag: 100 }).filter((_, n) => n < 12 || n > 15),
  );
  assert.equal(bench.arrived[0]!.tag, 100);
  assert.equal(bench.get('SSVPC'), 0);
});

test('two VFs in one port VLAN reach each other, whatever tags they add of their own', () => {
  const bench = new PoolBench();
  setPortVlan(bench, 0, 100, 1);
  setPortVlan(bench, 2, 100, 1);
  bench.vlan(1, 100, 0b0101);
  assert.equal(bench.send(0, ethernet(addressOf(2))), '2');
  const [first] = bench.arrived;
  assert.deepEqual([first!.tag, first!.bytes.length], [100, 60]);
  assert.notEqual(first!.status & STATUS.VP, 0);
  assert.equal(bench.send(0, ethernet(BROADCAST_ADDRESS)), 'wire 2');
  const inner = ethernet(addressOf(2), { tag: 555 });
  assert.equal(bench.send(0, inner), '2');
  assert.deepEqual([bench.arrived[0]!.tag, bench.arrived[0]!.bytes], [100, inner]);
  bench.set('VMVIR', VMVIR.NEVER.mask, 0);
  bench.postContext(0, (14 << 9) | 20 | (100 << 16), 0, 0);
  assert.equal(bench.send(0, ethernet(addressOf(3)), { command: VLE }), '3', 'NEVER: the frame stays untagged');
  assert.equal(bench.arrived[0]!.bytes.length, 60);
});

test('multicast is stripped by RPLOLR for all pools, the rest by each pool’s VMOLR', () => {
  const bench = new PoolBench();
  bench.vlan(1, 100, 0b1111);
  bench.accept(1, VMOLR.STRVLAN.mask);
  for (const pool of [1, 2]) bench.accept(pool, VMOLR.MPME.mask);
  bench.send(0, ethernet(BROADCAST_ADDRESS, { tag: 100 }));
  const lengths = () => bench.arrived.map(({ queue, bytes, tag }) => [queue, bytes.length, tag]);
  assert.deepEqual(lengths(), [
    [1, 56, 100],
    [2, 60, 0],
    [3, 60, 0],
  ]);
  bench.send(0, ethernet(MULTICAST_ADDRESS, { tag: 100 }));
  assert.deepEqual(lengths(), [
    [1, 56, 100],
    [2, 56, 100],
  ]);
  bench.set('RPLOLR', pf.RPLOLR.STRCRC.mask);
  bench.send(0, ethernet(MULTICAST_ADDRESS, { tag: 100 }));
  assert.deepEqual(lengths(), [
    [1, 60, 0],
    [2, 60, 0],
  ]);
});

test('the checks hold in MAC loopback and without LOOPBACK_EN as well, but only with pools', () => {
  const bench = new PoolBench();
  const spoofed = ethernet(addressOf(1), { from: STRANGER });
  bench.set('DTXSWC', bench.get('DTXSWC') & ~DTXSWC.LOOPBACK_EN.mask);
  assert.equal(bench.send(0, spoofed), '');
  bench.set('RCTL', bench.get('RCTL') | (1 << pf.RCTL.LBM.shift));
  assert.equal(bench.send(0, spoofed), '');
  assert.equal(bench.get('SSVPC'), 2);
  bench.set('RCTL', bench.get('RCTL') & ~pf.RCTL.LBM.mask);
  bench.set('MRQC', 0);
  assert.equal(bench.send(0, spoofed), 'wire');
});

test('`ip link set vf N max_tx_rate`: one VF waits for its rate, on the wire and inside, others do not (§5.6)', () => {
  const bench = new PoolBench();
  bench.set('RTTDQSEL', 2);
  bench.set('RTTBCNRM', 0x14);
  bench.set('RTTBCNRC', (pf.RTTBCNRC.RS_ENA.mask | (100 << pf.RTTBCNRC.RF_INT.shift)) >>> 0);
  bench.set('RTTDQSEL', 3);
  assert.equal(bench.get('RTTBCNRC'), 0);
  const frame = ethernet(addressOf(1), { from: addressOf(2), length: 1514 });
  assert.equal(bench.send(2, frame), '1');
  for (let n = 0; n < 20; n += 1) bench.post(2, frame);
  bench.kick(2);
  bench.where();
  assert.equal(bench.send(3, ethernet(addressOf(1), { from: addressOf(3) })), '1');
  const sent = bench.get('PVFGPTLBC', 2);
  bench.context.clock.advance(6 * 1538 * 800);
  bench.where();
  assert.equal(bench.get('PVFGPTLBC', 2) - sent, 6, '10 Mb/s: 1,230 µs a frame');
});
