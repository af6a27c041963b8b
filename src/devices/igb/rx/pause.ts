/** MAC control frames of the link partner (§4.2). */
import { pf } from '../tables/index.ts';
import type { ReceivedFrame } from './frame.ts';

const { FCAH, FCAL, FCT, RAH, RAL } = pf;

/** Whether a frame is for the MAC itself: by its EtherType (FCT) and destination (FCAL/FCAH or the station's address). */
export function isMacControl(values: Uint32Array, frame: ReceivedFrame): boolean {
  const type = word(frame, 12);
  // Before software has set FCT and FCAL they are 0, as is much of a frame of zeros.
  if (type === 0 || type !== values[FCT.index]!) return false;
  if (frame.low === (values[FCAL.index]! | 0) && frame.high === (values[FCAH.index]! & 0xffff)) return true;
  return frame.low === (values[RAL.index]! | 0) && frame.high === (values[RAH.index]! & 0xffff);
}

/** What it asks; 1 is pause. */
export function controlOpcode(frame: ReceivedFrame): number {
  return word(frame, 14);
}

/** The time that a pause frame asks for, in units of 512 bit times; 0 is XON. */
export function pauseTime(frame: ReceivedFrame): number {
  return word(frame, 16);
}

function word(frame: ReceivedFrame, at: number): number {
  const { bytes, start } = frame;
  return (bytes[start + at]! << 8) | bytes[start + at + 1]!;
}
