/** Lengths of frames that are sent, all without FCS. */
import { pf } from '../tables/index.ts';

const { TCTL } = pf;

/** Addresses and type: the least that is a frame. */
export const MAC_BYTES = 14;
/** What TCTL.PSP pads to. */
export const SHORTEST_PADDED = 60;
/** Bytes of a frame that is not, or no more, to be segmented: 9.5 KB, tag included. */
export const LARGEST_FRAME = 9728;

/** Whether short frames are padded. */
export function padsShort(values: Uint32Array): boolean {
  return (values[TCTL.index]! & TCTL.PSP.mask) !== 0;
}
