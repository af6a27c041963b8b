/**
 * The filters that choose a frame's queue before RSS does, and those that ask for an immediate interrupt (§4.6, 06 §6.8).
 * Their order: EtherType, SYN where RFCTL.SYNQFP puts it first, 5-tuple by priority, SYN otherwise.
 */
import { ipProtocols } from '../../../packet/protocols.ts';
import { pf } from '../tables/index.ts';
import type { ReceivedFrame } from './frame.ts';
import { strongestTuple, tuplesInterrupt } from './tuple-filters.ts';

const { ETQF, FTQF, IMIRVP, RFCTL, SYNQF } = pf;

/** No filter chooses. */
export const NO_QUEUE = -1;

const SYN = 0x02;
const ACK = 0x10;

/** The SYN filter's queue for a packet that opens a TCP connection, or NO_QUEUE. */
function synQueue(values: Uint32Array, frame: ReceivedFrame): number {
  const filter = values[SYNQF.index]!;
  if ((filter & SYNQF.ENABLE.mask) === 0) return NO_QUEUE;
  const { headers } = frame;
  if (headers.protocol !== ipProtocols.tcp || headers.fragment || headers.l4Length === 0) return NO_QUEUE;
  if ((headers.tcpFlags & (SYN | ACK)) !== SYN) return NO_QUEUE;
  return (filter & SYNQF.QUEUE.mask) >>> SYNQF.QUEUE.shift;
}

/** The queue that the filters give a classified frame in `pool`, -1 for a port without pools; or NO_QUEUE. */
export function filteredQueue(values: Uint32Array, frame: ReceivedFrame, pool: number): number {
  if (frame.etherTypeFilter >= 0) {
    const filter = values[ETQF.index + frame.etherTypeFilter * ETQF.step]!;
    if ((filter & ETQF.QUEUE_ENABLE.mask) !== 0) return (filter & ETQF.RX_QUEUE.mask) >>> ETQF.RX_QUEUE.shift;
  }
  const syn = synQueue(values, frame);
  if (syn !== NO_QUEUE && (values[RFCTL.index]! & RFCTL.SYNQFP.mask) !== 0) return syn;
  if (frame.tuples !== 0) {
    const entry = strongestTuple(values, frame.tuples, pool);
    if (entry >= 0) return (values[FTQF.index + entry]! & FTQF.QUEUE.mask) >>> FTQF.QUEUE.shift;
  }
  return syn;
}

/** Whether a classified frame is to interrupt at once: by its EtherType, its 5-tuple or the priority in its VLAN tag. */
export function asksForInterrupt(values: Uint32Array, frame: ReceivedFrame): boolean {
  if (frame.etherTypeFilter >= 0) {
    if ((values[ETQF.index + frame.etherTypeFilter * ETQF.step]! & ETQF.IMM_INT.mask) !== 0) return true;
  }
  if (frame.tuples !== 0 && tuplesInterrupt(values, frame.tuples)) return true;
  const byPriority = values[IMIRVP.index]!;
  if ((byPriority & IMIRVP.VLAN_PRI_EN.mask) === 0 || frame.tags.count === 0) return false;
  return frame.tags.control >>> 13 >= (byPriority & IMIRVP.VLAN_PRI.mask);
}
