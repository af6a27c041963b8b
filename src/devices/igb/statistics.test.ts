import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RegisterFile } from '../../registers/index.ts';
import { Statistics } from './statistics.ts';
import { pf, pfPlan } from './tables/index.ts';

const unicast = Uint8Array.of(0x02, 0, 0, 0, 0, 1);
const multicast = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1);
const broadcast = new Uint8Array(6).fill(0xff);

function setUp(mrqc = 0) {
  const registers = new RegisterFile(pfPlan);
  const { values } = registers;
  values[pf.MRQC.index] = mrqc;
  const of = (name: keyof typeof pf, element = 0) => values[pf[name].index + element * pf[name].step];
  return { registers, values, of, statistics: new Statistics(values) };
}

/** Names of all counters that are not zero, with their values. */
function nonZero({ registers, values }: ReturnType<typeof setUp>): Record<string, number> {
  const { plan } = registers;
  const found: Record<string, number> = {};
  plan.names.forEach((name) => {
    const register = pf[name as keyof typeof pf];
    if (register.at < 0x4000 || register.at > 0x4140 || values[register.index] === 0) return;
    found[name] = values[register.index]!;
  });
  return found;
}

test('a received unicast frame counts once, with its FCS (02 §2.11, 08 §8.10)', () => {
  const set = setUp();
  set.statistics.received(unicast, 0, 1000);
  assert.deepEqual(nonZero(set), {
    PRC1023: 1,
    GPRC: 1,
    TPR: 1,
    RPTHC: 1,
    GORCL: 1004,
    TORL: 1004,
    HGORCL: 1004,
  });
});

test('a transmitted multicast frame counts once, with its FCS', () => {
  const set = setUp();
  set.statistics.transmitted(multicast, 0, 200, 3);
  assert.deepEqual(nonZero(set), {
    PTC255: 1,
    GPTC: 1,
    TPT: 1,
    MPTC: 1,
    HGPTC: 1,
    GOTCL: 204,
    TOTL: 204,
    HGOTCL: 204,
  });
});

test('a frame that the filters refuse is only in the totals', () => {
  const set = setUp();
  set.statistics.filtered(100);
  assert.deepEqual(nonZero(set), { TPR: 1, TORL: 104 });
});

test('short frames have the 64 bytes to which a wire pads them', () => {
  const { statistics, of } = setUp();
  statistics.received(unicast, 0, 42);
  statistics.transmitted(unicast, 0, 17, 0);
  assert.deepEqual([of('GORCL'), of('GOTCL')], [64, 64]);
});

test('size counters go by the length on the wire', () => {
  const bins = [
    [14, 'PRC64', 'PTC64'],
    [60, 'PRC64', 'PTC64'],
    [61, 'PRC127', 'PTC127'],
    [123, 'PRC127', 'PTC127'],
    [124, 'PRC255', 'PTC255'],
    [251, 'PRC255', 'PTC255'],
    [252, 'PRC511', 'PTC511'],
    [507, 'PRC511', 'PTC511'],
    [508, 'PRC1023', 'PTC1023'],
    [1019, 'PRC1023', 'PTC1023'],
    [1020, 'PRC1522', 'PTC1522'],
    [9724, 'PRC1522', 'PTC1522'],
  ] as const;
  for (const [length, receive, transmit] of bins) {
    const { statistics, of } = setUp();
    statistics.received(unicast, 0, length);
    statistics.transmitted(unicast, 0, length, 0);
    assert.equal(of(receive), 1, `${receive} at ${length}`);
    assert.equal(of(transmit), 1, `${transmit} at ${length}`);
  }
});

test('destinations tell broadcast from multicast, at any offset', () => {
  const { statistics, of } = setUp();
  const bytes = new Uint8Array(32);
  bytes.set(broadcast, 5);
  statistics.received(bytes, 5, 60);
  statistics.transmitted(bytes, 5, 60, 0);
  bytes[10] = 0xfe;
  statistics.received(bytes, 5, 60);
  statistics.transmitted(bytes, 5, 60, 0);
  assert.deepEqual([of('BPRC'), of('MPRC'), of('BPTC'), of('MPTC')], [1, 1, 1, 1]);
});

test('32-bit counters stick at their maximum (02 §2.11)', () => {
  const { statistics, values, of } = setUp();
  statistics.count(pf.MPC.index, 0xfffffffe);
  statistics.count(pf.MPC.index, 5);
  assert.equal(of('MPC'), 0xffffffff);
  values[pf.GPRC.index] = 0xffffffff;
  statistics.received(unicast, 0, 60);
  assert.equal(of('GPRC'), 0xffffffff);
});

test('64-bit counters carry, and stick at their maximum', () => {
  const { statistics, values, of } = setUp();
  values[pf.GORCL.index] = 0xffffffc0;
  statistics.received(unicast, 0, 60);
  assert.deepEqual([of('GORCL'), of('GORCH')], [0, 1]);
  values[pf.GORCL.index] = 0xfffffff0;
  values[pf.GORCH.index] = 0xffffffff;
  statistics.received(unicast, 0, 60);
  assert.deepEqual([of('GORCL'), of('GORCH')], [0xffffffff, 0xffffffff]);
});

test('reading a high half clears both, for every pair', () => {
  const pairs = [
    ['GORCL', 'GORCH'],
    ['GOTCL', 'GOTCH'],
    ['TORL', 'TORH'],
    ['TOTL', 'TOTH'],
    ['HGORCL', 'HGORCH'],
    ['HGOTCL', 'HGOTCH'],
  ] as const;
  for (const [low, high] of pairs) {
    const { statistics, registers, values, of } = setUp();
    values[pf[low].index] = 7;
    values[pf[high].index] = 9;
    assert.equal(registers.read(pf[low].index), 7);
    assert.equal(of(low), 7, `${low} stays when read`);
    assert.equal(statistics.readHigh(pf[high].index), 9);
    assert.deepEqual([of(low), of(high)], [0, 0], high);
  }
});

test('drops for want of descriptors count by queue', () => {
  const { statistics, of } = setUp();
  statistics.queueDropped(15);
  statistics.queueDropped(15);
  statistics.queueDropped(0);
  assert.deepEqual([of('RQDPC', 0), of('RQDPC', 1), of('RQDPC', 15)], [1, 0, 2]);
});

test('without VMDq, nothing counts for a VF', () => {
  const { statistics, of } = setUp(2);
  statistics.transmitted(unicast, 0, 60, 1);
  statistics.delivered(unicast, 0, 60, 1);
  assert.deepEqual([of('PVFGPTC', 1), of('PVFGPRC', 1)], [0, 0]);
});

test('with VMDq, queues v and v + 8 count for VF v; counters wrap and no read clears them (igbvf)', () => {
  const { statistics, registers, values, of } = setUp(3);
  statistics.transmitted(unicast, 0, 96, 2);
  statistics.transmitted(unicast, 0, 96, 10);
  statistics.delivered(multicast, 0, 60, 10);
  statistics.delivered(broadcast, 0, 60, 2);
  assert.deepEqual([of('PVFGPTC', 2), of('PVFGOTC', 2)], [2, 200]);
  assert.deepEqual([of('PVFGPRC', 2), of('PVFGORC', 2), of('PVFMPRC', 2)], [2, 128, 1]);
  const index = pf.PVFGORC.index + 2 * pf.PVFGORC.step;
  values[index] = 0xffffffff;
  statistics.delivered(unicast, 0, 60, 2);
  assert.equal(registers.read(index), 63);
  assert.equal(registers.read(index), 63);
});

test('frames between pools have counters of their own', () => {
  const { statistics, of } = setUp(3);
  statistics.transmittedLocally(1, 1, 100, 104);
  statistics.deliveredLocally(8 + 4, 1, 100, 104);
  assert.deepEqual([of('PVFGPTLBC', 1), of('PVFGOTLBC', 1)], [1, 104]);
  assert.deepEqual([of('PVFGPRLBC', 4), of('PVFGORLBC', 4)], [1, 104]);
  assert.deepEqual([of('GPTC'), of('GPRC')], [0, 0]);
});
