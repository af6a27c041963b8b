/** The exact destination addresses of a port: receive address entries RA 0-15 and RA2 16-23 (§4.4). */
import { pf } from '../tables/index.ts';

const ADDRESS_VALID = 0x80000000;
/** Set in a result beside the pools, so that a match that names no pool is not zero. */
const MATCHED = 1 << 8;

function matchesIn(
  values: Uint32Array,
  lowIndex: number,
  highIndex: number,
  step: number,
  count: number,
  low: number,
  high: number,
): number {
  let found = 0;
  for (let entry = 0, at = 0; entry < count; entry += 1, at += step) {
    if (values[lowIndex + at] !== low) continue;
    const upper = values[highIndex + at]!;
    if ((upper & 0xffff) === high && (upper & ADDRESS_VALID) !== 0) found |= MATCHED | ((upper >>> 18) & 0xff);
  }
  return found;
}

/** 0 where no valid entry holds the address; otherwise not 0, with the pools of all that do in bits 7:0. */
export function exactEntries(values: Uint32Array, low: number, high: number): number {
  return (
    matchesIn(values, pf.RAL.index, pf.RAH.index, pf.RAL.step, pf.RAL.count, low, high) |
    matchesIn(values, pf.RA2L.index, pf.RA2H.index, pf.RA2L.step, pf.RA2L.count, low, high)
  );
}
