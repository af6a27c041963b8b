/**
 * VMDq pool selection (§4.5) as a pure function of the registers: which pools get a frame. The transmit side asks the same
 * question for frames of its own pools.
 */
import { pf } from '../tables/index.ts';
import { exactEntries } from './exact.ts';
import { BROADCAST, UNICAST, hashHits } from './filter.ts';

const { DTXSWC, MTA, RCTL, UTA, VFRE, VLVF, VMOLR, VT_CTL } = pf;

const ALL_POOLS = 0xff;

/** Pools in bits 7:0 of a selection; above them what else the selection found out. */
export const POOLS_MASK = 0xff;
/** The unicast destination is an exact address of a pool in its VLAN: a local sender's frame does not go to the wire (05 §5.8). */
export const EXACT_UNICAST = 1 << 8;
/** The VLAN is local (VLVF.LVLAN): its frames never go to the wire. */
export const LOCAL_VLAN = 1 << 9;

/** Pools whose VMOLR has one of the bits of `mask`. */
function poolsWith(values: Uint32Array, mask: number): number {
  let pools = 0;
  for (let pool = 0; pool < 8; pool += 1) {
    if ((values[VMOLR.index + pool * VMOLR.step]! & mask) !== 0) pools |= 1 << pool;
  }
  return pools;
}

/** Pools that list a VID in VLVF, with LOCAL_VLAN where an entry says so. */
export function poolsOfVlan(values: Uint32Array, vid: number): number {
  let found = 0;
  for (let entry = 0; entry < VLVF.count; entry += 1) {
    const value = values[VLVF.index + entry * VLVF.step]!;
    if ((value & VLVF.VI_EN.mask) === 0 || (value & 0xfff) !== vid) continue;
    found |= (value & VLVF.POOLS.mask) >>> VLVF.POOLS.shift;
    if ((value & VLVF.LVLAN.mask) !== 0) found |= LOCAL_VLAN;
  }
  return found;
}

function poolsOfAddress(values: Uint32Array, kind: number, low: number, high: number): number {
  if (kind === BROADCAST) return poolsWith(values, VMOLR.BAM.mask);
  const exact = exactEntries(values, low, high, true);
  // The two bits above the pools tell a match that names no pool from none at all.
  const pools = exact & POOLS_MASK;
  if (kind === UNICAST) {
    if (exact !== 0) return pools | EXACT_UNICAST;
    return hashHits(values, UTA.index, high) ? poolsWith(values, VMOLR.ROPE.mask) : 0;
  }
  const open = hashHits(values, MTA.index, high) ? VMOLR.MPME.mask | VMOLR.ROMPE.mask : VMOLR.MPME.mask;
  return pools | poolsWith(values, open);
}

/** Whether a pool may receive what it sent itself. */
export function mayLoopBack(values: Uint32Array, pool: number): boolean {
  return (values[DTXSWC.index]! & (1 << (DTXSWC.LLE.shift + pool))) !== 0;
}

/**
 * Pools for a frame, before the size check. `kind`, `low` and `high` are its destination as in filter.ts, `vid` is -1 of an
 * untagged frame, `sourcePool` the sender's pool or -1 for the wire.
 *
 * Decisions where sources are silent or differ (11 §11.1): UTA works with ROPE and MPME with every multicast, as Linux
 * programs them; a local sender gets its own frame back only with DTXSWC.LLE; without REPL_EN one copy goes to the
 * lowest pool (which one silicon takes is not known).
 */
export function selectPools(
  values: Uint32Array,
  kind: number,
  low: number,
  high: number,
  vid: number,
  sourcePool: number,
): number {
  const control = values[VT_CTL.index]!;
  const found = (control & VT_CTL.IGNORE_MAC.mask) !== 0 ? ALL_POOLS : poolsOfAddress(values, kind, low, high);
  let pools = found & POOLS_MASK;
  let notes = found & ~POOLS_MASK;
  if ((values[RCTL.index]! & RCTL.VFE.mask) !== 0) {
    const allowed = vid < 0 ? poolsWith(values, VMOLR.AUPE.mask) : poolsOfVlan(values, vid);
    pools &= allowed;
    notes |= allowed & LOCAL_VLAN;
  }
  if (pools === 0) notes &= ~EXACT_UNICAST;
  if (pools === 0 && kind === UNICAST && sourcePool < 0 && (control & VT_CTL.DIS_DEF_POOL.mask) === 0) {
    pools = 1 << ((control & VT_CTL.DEF_PL.mask) >>> VT_CTL.DEF_PL.shift);
  }
  pools &= values[VFRE.index]!;
  if (sourcePool >= 0 && !mayLoopBack(values, sourcePool)) pools &= ~(1 << sourcePool);
  if (kind !== UNICAST && (control & VT_CTL.REPL_EN.mask) === 0) pools &= -pools;
  return pools | notes;
}

/**
 * Why `selectPools` came to `selected`, for traces: 0 no pool, 1 an exact address, 2 a hash of unicast addresses, 3 the default
 * pool, 4 a multicast, 5 a broadcast, 6 addresses do not count (VT_CTL.IGNORE_MAC).
 */
export function poolReason(values: Uint32Array, kind: number, high: number, selected: number): number {
  if ((selected & POOLS_MASK) === 0) return 0;
  if ((values[VT_CTL.index]! & VT_CTL.IGNORE_MAC.mask) !== 0) return 6;
  if (kind !== UNICAST) return kind === BROADCAST ? 5 : 4;
  if ((selected & EXACT_UNICAST) !== 0) return 1;
  return hashHits(values, UTA.index, high) ? 2 : 3;
}
