/**
 * The eight 5-tuple filters (§4.6): FTQF, SAQF, DAQF, SPQF, and for destination port, length and TCP flags IMIR and IMIREXT.
 * One filter can choose a queue, ask for an immediate interrupt and mark messages for time stamps.
 */
import { ipProtocols } from '../../../packet/protocols.ts';
import { pf } from '../tables/index.ts';
import type { ReceivedFrame } from './frame.ts';

const { DAQF, FTQF, IMIR, IMIREXT, SAQF, SPQF } = pf;

const IPV4_SOURCE = 12;
const IPV4_DESTINATION = 16;
/** What makes a filter worth a comparison. */
const USES = FTQF.QUEUE_ENABLE.mask | FTQF.TIMESTAMP.mask;

/** TCP flags, FIN lowest as in a header, of the fields CTRL_URG to CTRL_FIN, which run upwards from bit 13. */
const FLAG_BITS = [0x20, 0x10, 0x08, 0x04, 0x02, 0x01] as const;
const FLAGS_OF_FIELDS = Uint8Array.from({ length: 64 }, (_, fields) =>
  FLAG_BITS.reduce((flags, flag, n) => (((fields >>> n) & 1) === 0 ? flags : flags | flag), 0),
);

/** Whether anything depends on some filter: without branches, since that is asked of every frame and mostly false. */
export function tuplesInUse(values: Uint32Array): boolean {
  let filters = 0;
  let immediates = 0;
  for (let entry = 0; entry < FTQF.count; entry += 1) {
    filters |= values[FTQF.index + entry]!;
    immediates |= values[IMIR.index + entry]!;
  }
  return ((filters & USES) | (immediates & IMIR.IMM_INT_EN.mask)) !== 0;
}

/** The filters that match a classified frame, a bit each; those that nothing depends on are left out. */
export function matchTuples(values: Uint32Array, frame: ReceivedFrame): number {
  if (frame.headers.ipVersion === 0 || !tuplesInUse(values)) return 0;
  let matches = 0;
  for (let entry = 0; entry < FTQF.count; entry += 1) {
    const filter = values[FTQF.index + entry]!;
    const immediate = values[IMIR.index + entry]!;
    if (((filter & USES) | (immediate & IMIR.IMM_INT_EN.mask)) === 0) continue;
    if (matchesTuple(values, frame, entry, filter, immediate)) matches |= 1 << entry;
  }
  return matches;
}

/** Of `matches` the filter with the highest IMIR.PRIORITY that sends frames of `pool` to a queue, the lowest of several; or -1. */
export function strongestTuple(values: Uint32Array, matches: number, pool: number): number {
  let best = -1;
  let bestPriority = -1;
  for (let rest = matches; rest !== 0; rest &= rest - 1) {
    const entry = 31 - Math.clz32(rest & -rest);
    const filter = values[FTQF.index + entry]!;
    if ((filter & FTQF.QUEUE_ENABLE.mask) === 0) continue;
    const anyPool = pool < 0 || (filter & FTQF.VF_BP.mask) !== 0;
    if (!anyPool && (filter & FTQF.VF.mask) >>> FTQF.VF.shift !== pool) continue;
    const priority = values[IMIR.index + entry]! >>> IMIR.PRIORITY.shift;
    if (priority <= bestPriority) continue;
    best = entry;
    bestPriority = priority;
  }
  return best;
}

/** Whether one of `matches` asks for an immediate interrupt. */
export function tuplesInterrupt(values: Uint32Array, matches: number): boolean {
  for (let rest = matches; rest !== 0; rest &= rest - 1) {
    const entry = 31 - Math.clz32(rest & -rest);
    if ((values[IMIR.index + entry]! & IMIR.IMM_INT_EN.mask) !== 0) return true;
  }
  return false;
}

/** Ports and addresses are stored as on the wire, the first byte lowest. Addresses are those of IPv4. */
function matchesTuple(
  values: Uint32Array,
  frame: ReceivedFrame,
  entry: number,
  filter: number,
  immediate: number,
): boolean {
  const { headers } = frame;
  if ((filter & FTQF.MASK_PROTOCOL.mask) === 0 && (filter & FTQF.PROTOCOL.mask) !== headers.protocol) return false;
  const hasPorts = !headers.fragment && headers.l4Length !== 0;
  if ((immediate & IMIR.PORT_BP.mask) === 0) {
    if (!hasPorts || swapped(immediate & IMIR.PORT.mask) !== headers.destinationPort) return false;
  }
  if ((filter & FTQF.MASK_SOURCE_PORT.mask) === 0) {
    if (!hasPorts || swapped(values[SPQF.index + entry]! & 0xffff) !== headers.sourcePort) return false;
  }
  const anySource = (filter & FTQF.MASK_SOURCE.mask) !== 0;
  const anyDestination = (filter & FTQF.MASK_DESTINATION.mask) !== 0;
  if (!anySource || !anyDestination) {
    if (headers.ipVersion !== 4) return false;
    const at = frame.start + headers.l3Offset;
    if (!anySource && wireDword(frame.bytes, at + IPV4_SOURCE) !== values[SAQF.index + entry]!) return false;
    if (!anyDestination && wireDword(frame.bytes, at + IPV4_DESTINATION) !== values[DAQF.index + entry]!) return false;
  }
  return matchesExtension(values[IMIREXT.index + entry]!, frame, hasPorts);
}

/** IMIREXT: shorter than a size, and TCP with at least one of some flags. */
function matchesExtension(extension: number, frame: ReceivedFrame, whole: boolean): boolean {
  if ((extension & IMIREXT.SIZE_BP.mask) === 0 && frame.length >= (extension & IMIREXT.SIZE_THRESH.mask)) return false;
  if ((extension & IMIREXT.CTRL_BP.mask) !== 0) return true;
  const { headers } = frame;
  const flags = FLAGS_OF_FIELDS[(extension >>> IMIREXT.CTRL_URG.shift) & 0x3f]!;
  return whole && headers.protocol === ipProtocols.tcp && (headers.tcpFlags & flags) !== 0;
}

const swapped = (port: number): number => ((port & 0xff) << 8) | (port >>> 8);

/** Four bytes, the first lowest, unsigned. */
export function wireDword(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
