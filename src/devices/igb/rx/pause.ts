/** Flow-control frames of the link partner (§4.2). */
import { pf } from '../tables/index.ts';
import type { ReceivedFrame } from './frame.ts';

const { FCAH, FCAL, RAH, RAL } = pf;

const MAC_CONTROL = 0x8808;
const PAUSE = 1;

/** Whether a frame is a pause frame, by its EtherType, opcode and destination (FCAL/FCAH or the station's address). */
export function isPause(values: Uint32Array, frame: ReceivedFrame): boolean {
  const { bytes, start } = frame;
  if (((bytes[start + 12]! << 8) | bytes[start + 13]!) !== MAC_CONTROL) return false;
  if (((bytes[start + 14]! << 8) | bytes[start + 15]!) !== PAUSE) return false;
  if (frame.low === (values[FCAL.index]! | 0) && frame.high === (values[FCAH.index]! & 0xffff)) return true;
  return frame.low === (values[RAL.index]! | 0) && frame.high === (values[RAH.index]! & 0xffff);
}

/** The pause time that a pause frame asks for, in units of 512 bit times; 0 is XON. */
export function pauseTime(frame: ReceivedFrame): number {
  return (frame.bytes[frame.start + 16]! << 8) | frame.bytes[frame.start + 17]!;
}
