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
  const found = matches(values, RAL.index, RAL.count, low, high, all);
  return found !== 0 && !all ? found : found | matches(values, RA2L.index, RA2L.count, low, high, all);
}

/** The same of `count` entries from an index on; low and high dwords take turns. */
function matches(values: Uint32Array, first: number, count: number, low: number, high: number, all: boolean): number {
  let found = 0;
  const end = first + 2 * count;
  for (let at = first; at < end; at += 2) {
    if ((values[at]! | 0) !== low) continue;
    // AV makes the value negative.
    const upper = values[at + 1]! | 0;
    if ((upper & 0xffff) !== high || upper >= 0) continue;
    found |= MATCHED | ((upper >>> RAH.POOLS.shift) & 0xff);
    if (!all) break;
  }
  return found;
}

for (const [low, high] of [
  [RAL, RAH],
  [RA2L, RA2H],
] as const) {
  if (high.index !== low.index + 1 || low.step !== 2) throw new Error('RAH must follow RAL');
}
