/** Filtering by destination address: exact entries, hash tables, and the filter of a port without pools (§4.4). */
import { pf } from '../tables/index.ts';
import { exactEntries } from './exact.ts';

const { MTA, RCTL, UTA } = pf;

/** Kinds of destination. */
export const UNICAST = 0;
export const MULTICAST = 1;
export const BROADCAST = 2;

/** Right shift of the last 16 address bits by RCTL.MO. */
const HASH_SHIFT = Uint8Array.of(4, 3, 2, 0);

/** Kind of an address given as bytes 0-3 and bytes 4-5, both little-endian, the first a signed number. */
export function destinationKind(low: number, high: number): number {
  if ((low & 1) === 0) return UNICAST;
  return low === -1 && high === 0xffff ? BROADCAST : MULTICAST;
}

/** Whether the hash of an address's last 16 bits is set in the table at dword `table` (MTA or UTA). */
export function hashHits(values: Uint32Array, table: number, high: number): boolean {
  const offset = (values[RCTL.index]! & RCTL.MO.mask) >>> RCTL.MO.shift;
  const hash = (high >>> HASH_SHIFT[offset]!) & 0xfff;
  return ((values[table + (hash >>> 5)]! >>> (hash & 31)) & 1) !== 0;
}

/** Whether a port that uses no pools takes a frame to this destination. */
export function acceptsDestination(values: Uint32Array, kind: number, low: number, high: number): boolean {
  const rctl = values[RCTL.index]!;
  if (kind === UNICAST) {
    if ((rctl & RCTL.UPE.mask) !== 0) return true;
    return exactEntries(values, low, high, false) !== 0 || hashHits(values, UTA.index, high);
  }
  const open = kind === BROADCAST ? RCTL.BAM.mask | RCTL.MPE.mask : RCTL.MPE.mask;
  if ((rctl & open) !== 0) return true;
  return hashHits(values, MTA.index, high) || exactEntries(values, low, high, false) !== 0;
}
