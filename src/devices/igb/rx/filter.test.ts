import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../tables/index.ts';
import { acceptsDestination, destinationKind } from './filter.ts';
import { isOversize, poolsForLength } from './size.ts';
import { addressWords, makeValues, setAllPools } from './testing.ts';
import { VlanTags, passesVlanFilter } from './vlan.ts';

const STATION = '02:00:00:00:00:02';
const OTHER = '02:00:00:00:00:77';
const GROUP = '01:00:5e:00:00:fb';
const ALL = 'ff:ff:ff:ff:ff:ff';

function accepts(values: Uint32Array, address: string): boolean {
  const [low, high] = addressWords(address);
  return acceptsDestination(values, destinationKind(low, high), low, high);
}

function setExact(values: Uint32Array, entry: number, address: string, upper = 0x80000000): void {
  const [low, high] = addressWords(address);
  const second = entry >= 16;
  const at = second ? (entry - 16) * pf.RA2L.step : entry * pf.RAL.step;
  values[(second ? pf.RA2L : pf.RAL).index + at] = low;
  values[(second ? pf.RA2H : pf.RAH).index + at] = (high | upper) >>> 0;
}

/** Linux' igb_hash_mc_addr for RCTL.MO = 0, in its own terms. */
function setHash(values: Uint32Array, table: number, address: string): void {
  const bytes = address.split(':').map((part) => parseInt(part, 16));
  const hash = 0xfff & ((bytes[4]! >>> 4) | (bytes[5]! << 4));
  values[table + ((hash >>> 5) & 0x7f)]! |= 1 << (hash & 0x1f);
}

test('unicast: an exact entry that is valid, the unicast hash, or UPE; never the multicast hash (§4.4)', () => {
  const values = makeValues();
  assert.equal(accepts(values, STATION), false);
  for (const entry of [0, 15, 16, 23]) {
    setExact(values, entry, STATION);
    assert.equal(accepts(values, STATION), true, `entry ${entry}`);
    setExact(values, entry, STATION, 0);
    assert.equal(accepts(values, STATION), false, `entry ${entry} without AV`);
  }
  setHash(values, pf.MTA.index, OTHER);
  assert.equal(accepts(values, OTHER), false);
  setHash(values, pf.UTA.index, OTHER);
  assert.equal(accepts(values, OTHER), true);
  values[pf.RCTL.index] = pf.RCTL.UPE.mask;
  assert.equal(accepts(values, STATION), true);
});

test('multicast: hash, exact entry or MPE; broadcast: BAM too', () => {
  const values = makeValues();
  assert.equal(accepts(values, GROUP), false);
  setHash(values, pf.MTA.index, GROUP);
  assert.equal(accepts(values, GROUP), true);
  assert.equal(accepts(values, '01:00:5e:00:00:fa'), false);
  assert.equal(accepts(values, ALL), false);
  values[pf.RCTL.index] = pf.RCTL.BAM.mask;
  assert.equal(accepts(values, ALL), true);
  assert.equal(accepts(values, '01:00:5e:00:00:fa'), false);
  values[pf.RCTL.index] = pf.RCTL.MPE.mask;
  assert.equal(accepts(values, '01:00:5e:00:00:fa'), true);
  values[pf.RCTL.index] = 0;
  setExact(values, 3, '33:33:00:00:00:01');
  assert.equal(accepts(values, '33:33:00:00:00:01'), true);
});

test('RCTL.MO takes the hash from other bits of the address', () => {
  // 0x0ab3: bits 15:4, 14:3, 13:2 and 11:0.
  const indexes = [0x0ab, 0x156, 0x2ac, 0xab3];
  for (const [offset, index] of indexes.entries()) {
    const values = makeValues();
    values[pf.RCTL.index] = offset << pf.RCTL.MO.shift;
    values[pf.MTA.index + (index >>> 5)] = 1 << (index & 31);
    assert.equal(accepts(values, '01:00:00:00:b3:0a'), true, `MO ${offset}`);
    assert.equal(accepts(values, '01:00:00:00:0a:b3'), false, `MO ${offset}`);
  }
});

function tagged(...words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(64);
  for (const [n, word] of words.entries()) {
    bytes[12 + 2 * n] = word >>> 8;
    bytes[13 + 2 * n] = word & 0xff;
  }
  return bytes;
}

test('a tag is what VET says; with extended VLAN an outer and an inner one, or none (§4.3)', () => {
  const values = makeValues();
  const tags = new VlanTags();
  tags.recognise(values, tagged(0x8100, 0xa064, 0x0800), 0, 64);
  assert.deepEqual([tags.count, tags.vid, tags.offset, tags.control], [1, 0x064, 12, 0xa064]);
  tags.recognise(values, tagged(0x0800), 0, 64);
  assert.deepEqual([tags.count, tags.vid], [0, -1]);
  values[pf.VET.index] = 0x88a88100;
  values[pf.CTRL_EXT.index] = pf.CTRL_EXT.EXT_VLAN.mask;
  tags.recognise(values, tagged(0x88a8, 5, 0x8100, 6, 0x0800), 0, 64);
  assert.deepEqual([tags.count, tags.vid, tags.offset], [2, 6, 16]);
  for (const bytes of [tagged(0x8100, 5, 0x0800), tagged(0x88a8, 5, 0x0800)]) {
    tags.recognise(values, bytes, 0, 64);
    assert.equal(tags.count, 0);
  }
});

test('VFTA and the CFI check', () => {
  const values = makeValues();
  const tags = new VlanTags();
  tags.recognise(values, tagged(0x8100, 0x1fff, 0x0800), 0, 64);
  assert.equal(passesVlanFilter(values, tags), true, 'without VFE');
  values[pf.RCTL.index] = pf.RCTL.VFE.mask;
  assert.equal(passesVlanFilter(values, tags), false);
  values[pf.VFTA.index + 127] = 0x80000000;
  assert.equal(passesVlanFilter(values, tags), true);
  values[pf.RCTL.index]! |= pf.RCTL.CFIEN.mask;
  assert.equal(passesVlanFilter(values, tags), false, 'its CFI bit is set, RCTL.CFI is not');
  values[pf.RCTL.index]! |= pf.RCTL.CFI.mask;
  assert.equal(passesVlanFilter(values, tags), true);
  tags.recognise(values, tagged(0x0800), 0, 64);
  assert.equal(passesVlanFilter(values, tags), true, 'untagged');
});

test('sizes: 1514 and 4 a tag without LPE; RLPML counts the FCS; SBP lets everything through up to 16 KB (§4.2)', () => {
  const values = makeValues();
  assert.deepEqual([isOversize(values, 1514, 0), isOversize(values, 1515, 0)], [false, true]);
  assert.deepEqual([isOversize(values, 1518, 1), isOversize(values, 1519, 1)], [false, true]);
  values[pf.RCTL.index] = pf.RCTL.LPE.mask;
  values[pf.RLPML.index] = 9018;
  assert.deepEqual([isOversize(values, 9014, 0), isOversize(values, 9015, 2)], [false, true]);
  values[pf.RCTL.index] = pf.RCTL.SBP.mask;
  assert.deepEqual([isOversize(values, 16379, 0), isOversize(values, 16380, 0)], [false, true]);
});

test('sizes of pools, each by its own VMOLR (§4.5 step 9)', () => {
  const values = makeValues();
  setAllPools(values, 0);
  values[pf.VMOLR.index + 2 * pf.VMOLR.step] = pf.VMOLR.LPE.mask | 9018;
  values[pf.VMOLR.index + 3 * pf.VMOLR.step] = pf.VMOLR.LPE.mask | 100;
  assert.equal(poolsForLength(values, 0xff, 1514, 0), 0xf7);
  assert.equal(poolsForLength(values, 0xff, 1518, 0), 0x04);
  assert.equal(poolsForLength(values, 0xff, 1518, 1), 0xf7);
  assert.equal(poolsForLength(values, 0xff, 96, 0), 0xff);
  assert.equal(poolsForLength(values, 0xff, 9015, 0), 0);
});
