/** The queue of a frame, for a port without pools and inside a pool (§4.6). */
import { pf } from '../tables/index.ts';
import type { ReceiveSideScaling } from './rss.ts';

const { MRQC, VMOLR } = pf;

/** MRQC modes. */
export const MODE_RSS = 2;
export const MODE_VMDQ_RSS = 5;

/** Whether MRQC selects pools; the reserved odd modes count as plain VMDq, the even ones as mode 0. */
export function usesPools(mrqc: number): boolean {
  return (mrqc & 1) !== 0;
}

/** Whether some queue may depend on the hash. */
export function usesRss(mrqc: number): boolean {
  const mode = mrqc & MRQC.MODE.mask;
  return mode === MODE_RSS || mode === MODE_VMDQ_RSS;
}

/**
 * Queue of a frame on a port without pools. A frame without RSS type goes to queue 0 in RSS mode. (Guess: what silicon does
 * there is not known.)
 */
export function portQueue(values: Uint32Array, scaling: ReceiveSideScaling): number {
  const mrqc = values[MRQC.index]!;
  if ((mrqc & MRQC.MODE.mask) === MODE_RSS) return scaling.redirection() & 0xf;
  return (mrqc & MRQC.DEF_Q.mask) >>> MRQC.DEF_Q.shift;
}

/**
 * Queue of a frame in a pool: v, or v + 8 where RSS inside pools says so. The bit of the redirection entry is bit 3: Linux
 * shifts its two-queue table left by 3 when VFs exist.
 */
export function poolQueue(values: Uint32Array, pool: number, scaling: ReceiveSideScaling): number {
  if ((values[MRQC.index]! & MRQC.MODE.mask) !== MODE_VMDQ_RSS) return pool;
  if ((values[VMOLR.index + pool * VMOLR.step]! & VMOLR.RSSE.mask) === 0) return pool;
  return pool + (scaling.redirection() & 8);
}
