/** The exact destination addresses of a port: receive address entries RA 0-15 and RA2 16-23 (§4.4). */
import { pf } from '../tables/index.ts';

const { RA2H, RA2L, RAH, RAL } = pf;

/** Set in a result beside the pools, so that a match that names no pool is not zero. */
const MATCHED = 1 << 8;

/**
 * 0 where no valid entry holds the address, given as in filter.ts; otherwise not 0, with pools in bits 7:0: of the first that
 * does, or of `all`.
 */
export function exactEntries(values: Uint32Array, low: number, high: number, all: boolean): number {
  let found = 0;
  for (let entry = 0; entry < RAL.count + RA2L.count; entry += 1) {
    const at = entry < RAL.count ? RAL.index + entry * RAL.step : RA2L.index + (entry - RAL.count) * RA2L.step;
    if ((values[at]! | 0) !== low) continue;
    // RAH and RA2H follow their RAL and RA2L; AV makes the value negative.
    const upper = values[at + 1]! | 0;
    if ((upper & 0xffff) !== high || upper >= 0) continue;
    found |= MATCHED | ((upper >>> RAH.POOLS.shift) & 0xff);
    if (!all) break;
  }
  return found;
}

if (RAH.index !== RAL.index + 1 || RA2H.index !== RA2L.index + 1) throw new Error('RAH must follow RAL');
