import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../tables/index.ts';
import { destinationKind } from './filter.ts';
import { EXACT_UNICAST, LOCAL_VLAN, POOLS_MASK, selectPools } from './pools.ts';
import { addressWords, makeValues, setAllPools } from './testing.ts';

const VF2 = '02:00:00:00:02:02';
const STRANGER = '02:00:00:00:99:99';
const GROUP = '01:00:5e:00:00:fb';
const ALL = 'ff:ff:ff:ff:ff:ff';
const WIRE = -1;
const UNTAGGED = -1;

/** Registers as Linux leaves them with 7 VFs: PF in pool 7, default pool 7, replication on, addresses of pools 7 and 2. */
function withPools(): Uint32Array {
  const values = makeValues();
  values[pf.MRQC.index] = 3;
  values[pf.VT_CTL.index] = ((7 << pf.VT_CTL.DEF_PL.shift) | pf.VT_CTL.REPL_EN.mask) >>> 0;
  values[pf.VFRE.index] = 0xff;
  values[pf.RCTL.index] = pf.RCTL.VFE.mask;
  setAllPools(values, pf.VMOLR.AUPE.mask | pf.VMOLR.BAM.mask | pf.VMOLR.ROMPE.mask);
  setAddress(values, 0, '02:00:00:00:00:07', 1 << 7);
  setAddress(values, 1, VF2, 1 << 2);
  return values;
}

function setAddress(values: Uint32Array, entry: number, address: string, pools: number): void {
  const [low, high] = addressWords(address);
  values[pf.RAL.index + entry * pf.RAL.step] = low;
  values[pf.RAH.index + entry * pf.RAH.step] = (0x80000000 | (pools << 18) | high) >>> 0;
}

function setVlan(values: Uint32Array, entry: number, vid: number, pools: number, bits = 0): void {
  values[pf.VLVF.index + entry] = (pf.VLVF.VI_EN.mask | bits | (pools << 12) | vid) >>> 0;
}

function setPool(values: Uint32Array, pool: number, bits: number): void {
  values[pf.VMOLR.index + pool * pf.VMOLR.step]! |= bits;
}

function select(values: Uint32Array, address: string, vid = UNTAGGED, source = WIRE): number {
  const [low, high] = addressWords(address);
  return selectPools(values, destinationKind(low, high), low, high, vid, source);
}

function setHash(values: Uint32Array, table: number, address: string): void {
  const hash = (addressWords(address)[1] >>> 4) & 0xfff;
  values[table + (hash >>> 5)] = 1 << (hash & 31);
}

test('an exact unicast address goes to the pools of its entries', () => {
  const values = withPools();
  assert.equal(select(values, VF2), EXACT_UNICAST | 0x04);
  setAddress(values, 9, VF2, 1 << 5);
  assert.equal(select(values, VF2), EXACT_UNICAST | 0x24, 'two entries are or-ed');
});

test('unknown unicast: the default pool from the wire, nobody from a pool, nobody with DIS_DEF_POOL', () => {
  const values = withPools();
  assert.equal(select(values, STRANGER), 0x80);
  assert.equal(select(values, STRANGER, UNTAGGED, 2), 0);
  values[pf.VT_CTL.index]! |= pf.VT_CTL.DIS_DEF_POOL.mask;
  assert.equal(select(values, STRANGER), 0);
});

test('a promiscuous PF with VFs: Linux sets ROPE and fills UTA; the hash counts only where no entry is exact', () => {
  const values = withPools();
  values[pf.VT_CTL.index]! |= pf.VT_CTL.DIS_DEF_POOL.mask;
  values.fill(0xffffffff, pf.UTA.index, pf.UTA.index + 128);
  assert.equal(select(values, STRANGER), 0);
  setPool(values, 7, pf.VMOLR.ROPE.mask);
  assert.equal(select(values, STRANGER), 0x80);
  assert.equal(select(values, STRANGER, UNTAGGED, 2), 0x80, 'also from a VF');
  assert.equal(select(values, VF2), EXACT_UNICAST | 0x04);
});

test('multicast: hash hits go to pools with ROMPE, everything to pools with MPME, exact entries to theirs', () => {
  const values = withPools();
  assert.equal(select(values, GROUP), 0);
  setPool(values, 4, pf.VMOLR.MPME.mask);
  assert.equal(select(values, GROUP), 0x10);
  setHash(values, pf.MTA.index, GROUP);
  setAllPools(values, pf.VMOLR.AUPE.mask);
  setPool(values, 1, pf.VMOLR.ROMPE.mask);
  setPool(values, 4, pf.VMOLR.MPME.mask);
  setPool(values, 6, pf.VMOLR.ROPE.mask);
  assert.equal(select(values, GROUP), 0x12);
  setAddress(values, 5, GROUP, 1 << 0);
  assert.equal(select(values, GROUP), 0x13);
});

test('broadcast goes to pools with BAM, but not back to its sender unless LLE', () => {
  const values = withPools();
  assert.equal(select(values, ALL), 0xff);
  assert.equal(select(values, ALL, UNTAGGED, 2), 0xfb);
  values[pf.DTXSWC.index] = 1 << (pf.DTXSWC.LLE.shift + 2);
  assert.equal(select(values, ALL, UNTAGGED, 2), 0xff);
  assert.equal(select(values, ALL, UNTAGGED, 3), 0xf7);
});

test('a frame to an address of its own pool does not come back, nor go to another', () => {
  assert.equal(select(withPools(), VF2, UNTAGGED, 2), EXACT_UNICAST);
});

test('VLANs: only pools of the VLVF entries; untagged only pools with AUPE; no rule without VFE', () => {
  const values = withPools();
  assert.equal(select(values, ALL, 100), 0);
  setVlan(values, 3, 100, 0b0000_0101);
  setVlan(values, 31, 100, 0b1000_0000);
  setVlan(values, 4, 101, 0b0001_0000);
  assert.equal(select(values, ALL, 100), 0b1000_0101);
  assert.equal(select(values, VF2, 100), EXACT_UNICAST | 0x04);
  assert.equal(select(values, VF2, 101), 0x80, 'nobody has it in that VLAN, so the default pool');
  assert.equal(select(values, VF2, 101, 6), 0, 'from a pool nobody, and it is free to go to the wire');
  values[pf.VMOLR.index] = pf.VMOLR.BAM.mask;
  assert.equal(select(values, ALL), 0xfe);
  values[pf.RCTL.index] = 0;
  assert.equal(select(values, ALL, 4000), 0xff);
});

test('a local VLAN says so', () => {
  const values = withPools();
  setVlan(values, 0, 7, 0xff, pf.VLVF.LVLAN.mask);
  assert.equal(select(values, ALL, 7, 1), LOCAL_VLAN | 0xfd);
});

test('IGNORE_MAC: pools by VLAN alone', () => {
  const values = withPools();
  values[pf.VT_CTL.index]! |= pf.VT_CTL.IGNORE_MAC.mask;
  setVlan(values, 0, 50, 0x30);
  assert.equal(select(values, STRANGER, 50), 0x30);
  assert.equal(select(values, GROUP, 50), 0x30);
});

test('VFRE masks pools, the default one too', () => {
  const values = withPools();
  values[pf.VFRE.index] = 0x03;
  assert.equal(select(values, ALL), 0x03);
  assert.equal(select(values, STRANGER), 0);
  assert.equal(select(values, VF2) & POOLS_MASK, 0);
});

test('without replication one pool gets a group frame: the lowest', () => {
  const values = withPools();
  values[pf.VT_CTL.index] = 7 << pf.VT_CTL.DEF_PL.shift;
  assert.equal(select(values, ALL), 0x01);
  assert.equal(select(values, ALL, UNTAGGED, 0), 0x02);
  setAddress(values, 9, VF2, 1 << 5);
  assert.equal(select(values, VF2), EXACT_UNICAST | 0x24, 'unicast is not replication');
});
