/** The checks of what pools send (05 §5.9): source addresses and VLANs that are the pool's own. */
import { exactEntries } from '../rx/exact.ts';
import { POOLS_MASK, poolsOfVlan } from '../rx/pools.ts';
import { pf } from '../tables/index.ts';

const { DTXSWC } = pf;

/** Why a frame is refused; 0 where it is not. */
export const SPOOFED_ADDRESS = 1;
export const SPOOFED_VLAN = 2;

/** Whether DTXSWC wants any check for a pool. */
export function isChecked(dtxswc: number, pool: number): boolean {
  return (dtxswc & (0x101 << pool)) !== 0;
}

/**
 * Checks the frame at bytes[start…] of `pool`, of which `isChecked` is true. `vid` is that of its tag as it would go out; -1
 * passes: an untagged frame, or a tag that the PF had inserted (VMVIR).
 */
export function spoofs(values: Uint32Array, pool: number, bytes: Uint8Array, start: number, vid: number): number {
  const dtxswc = values[DTXSWC.index]!;
  if ((dtxswc & (1 << pool)) !== 0) {
    const low = bytes[start + 6]! | (bytes[start + 7]! << 8) | (bytes[start + 8]! << 16) | (bytes[start + 9]! << 24);
    const high = bytes[start + 10]! | (bytes[start + 11]! << 8);
    if ((exactEntries(values, low, high, true) & POOLS_MASK & (1 << pool)) === 0) return SPOOFED_ADDRESS;
  }
  if (vid >= 0 && (dtxswc & (1 << (DTXSWC.VLAN_SPOOF.shift + pool))) !== 0) {
    if ((poolsOfVlan(values, vid) & (1 << pool)) === 0) return SPOOFED_VLAN;
  }
  return 0;
}
