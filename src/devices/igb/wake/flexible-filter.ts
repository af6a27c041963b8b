/**
 * The flexible filters (reference §11.3, note 4): up to 128 bytes from the frame's start, in rows of 8 bytes with a mask of 8 bits,
 * of which only masked bytes are compared.
 */
import { pf } from '../tables/index.ts';

const ROW_BYTES = 8;
const ROW_DWORDS = 4;
const FILTER_DWORDS = 64;
const LENGTH_MASK = 0xff;
const MOST_BYTES = 128;

/** Whether a frame matches filter 0 to 3 (FHFT); one of length 0 matches nothing. */
export function matchesFlexibleFilter(
  values: Uint32Array,
  filter: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): boolean {
  const table = pf.FHFT.index + filter * FILTER_DWORDS;
  const compared = Math.min(values[table + FILTER_DWORDS - 1]! & LENGTH_MASK, MOST_BYTES);
  if (compared === 0 || length < compared) return false;
  for (let at = 0; at < compared; at += 1) {
    const row = table + Math.floor(at / ROW_BYTES) * ROW_DWORDS;
    if (((values[row + 2]! >>> (at & 7)) & 1) === 0) continue;
    if (((values[row + ((at & 4) >>> 2)]! >>> ((at & 3) * 8)) & 0xff) !== bytes[offset + at]) return false;
  }
  return true;
}
