/** Frame sizes: what is too long (§4.2, §4.5 step 9) and what is padded. Lengths exclude the FCS unless a name says so. */
import { pf } from '../tables/index.ts';

const { RCTL, RLPML, VMOLR } = pf;

export const FCS_BYTES = 4;
/** Shortest frame on a medium; hosts and kernels hand over shorter ones. */
export const MINIMUM_BYTES = 60;
/** Below this there is no Ethernet header. */
export const HEADER_BYTES = 14;
/** Longest frame that is ever stored: what the 14 bits of RLPML can express, less FCS. */
export const MAXIMUM_BYTES = 0x3fff - FCS_BYTES;
const STANDARD_BYTES = 1514;

/** Whether the port as a whole refuses a frame; `tags` recognised VLAN tags lengthen the standard limit. */
export function isOversize(values: Uint32Array, length: number, tags: number): boolean {
  if (length > MAXIMUM_BYTES) return true;
  const rctl = values[RCTL.index]!;
  if ((rctl & RCTL.SBP.mask) !== 0) return false;
  if ((rctl & RCTL.LPE.mask) !== 0) return length + FCS_BYTES > (values[RLPML.index]! & 0x3fff);
  return length > STANDARD_BYTES + 4 * tags;
}

/** Those of `pools` whose VMOLR allows the length. */
export function poolsForLength(values: Uint32Array, pools: number, length: number, tags: number): number {
  let fitting = 0;
  for (let rest = pools; rest !== 0; rest &= rest - 1) {
    const pool = 31 - Math.clz32(rest & -rest);
    const vmolr = values[VMOLR.index + pool * VMOLR.step]!;
    const fits =
      (vmolr & VMOLR.LPE.mask) !== 0
        ? length + FCS_BYTES <= (vmolr & VMOLR.RLPML.mask)
        : length <= STANDARD_BYTES + 4 * tags;
    if (fits) fitting |= 1 << pool;
  }
  return fitting;
}
