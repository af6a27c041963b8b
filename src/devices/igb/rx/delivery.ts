/**
 * The second half of reception: a frame whose queues are known goes into their rings, is lost there, or waits for descriptors
 * (waiting-frames.ts).
 */
import { arena } from '../../../packet/arena.ts';
import { crc32 } from '../../../packet/checksum.ts';
import { capturedAt } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { mayMaster } from '../master-disable.ts';
import { pf } from '../tables/index.ts';
import type { Classifier } from './classify.ts';
import { MULTICAST } from './filter.ts';
import type { ReceivedFrame } from './frame.ts';
import { STATUS } from './offload.ts';
import type { PacketBuffer } from './packet-buffer.ts';
import type { ReceiveParts } from './parts.ts';
import type { ReceiveReports } from './reports.ts';
import { DESCRIPTOR_LEGACY, type ReceiveRings } from './ring.ts';
import type { FrameRoom } from './room.ts';
import { FCS_BYTES } from './size.ts';
import { stripsFcs, stripsTag } from './stripping.ts';
import { FrameStore, NO_DESCRIPTORS, NO_RING, STORED } from './store.ts';
import { wireLength } from '../statistics.ts';
import type { ViewCache } from '../../../packet/views.ts';
import type { WaitingFrames } from './waiting-frames.ts';

const { ICR, MPC, RDLEN, RDT } = pf;

/** What it shares with the first half. */
export interface DeliveryShares {
  /** The frame at hand. */
  readonly frame: ReceivedFrame;
  readonly classifier: Classifier;
  readonly room: FrameRoom;
  readonly views: ViewCache;
}

export class Delivery {
  private readonly context: PortContext;
  private readonly parts: Pick<ReceiveParts, 'statistics'>;
  private readonly values: Uint32Array;
  readonly rings: ReceiveRings;
  private readonly classifier: Classifier;
  private readonly store: FrameStore;
  private readonly reports: ReceiveReports;
  private readonly waiting: WaitingFrames;
  private readonly frame: ReceivedFrame;
  private readonly room: FrameRoom;
  /** Queues that were enabled when last looked at. */
  private enabled: number;

  constructor(
    context: PortContext,
    parts: Pick<ReceiveParts, 'statistics'>,
    shares: DeliveryShares,
    rings: ReceiveRings,
    reports: ReceiveReports,
    waiting: WaitingFrames,
  ) {
    this.context = context;
    this.parts = parts;
    this.values = context.registers.values;
    this.rings = rings;
    this.classifier = shares.classifier;
    this.reports = reports;
    this.store = new FrameStore(context, this.rings, shares.views, reports.held);
    this.waiting = waiting;
    this.frame = shares.frame;
    this.room = shares.room;
    this.enabled = 0;
  }

  /** RDT of a queue was written. */
  tailWritten(queue: number): void {
    const { trace, events } = this.context;
    if (trace.on[events.igb_rx_tail] !== 0) {
      trace.emit(events.igb_rx_tail, queue, this.rings.head(queue), this.values[RDT.index + queue * RDT.step]);
    }
    const bit = 1 << queue;
    if ((this.waiting.queues & bit) === 0) return;
    this.trace(events.igb_rx_resume, queue);
    this.waiting.retryLater(bit);
  }

  /** RXDCTL, SRRCTL, RCTL or another register that gates reception was written; `queue` is -1 where it is not one of a queue. */
  controlWritten(queue: number): void {
    if (queue >= 0) {
      this.noteEnabled(queue);
      this.reports.reconsider(queue);
    }
    this.waiting.retryLater(this.waiting.queues);
  }

  /** RXDCTL.SWFLSH. */
  flushWriteBacks(queue: number): void {
    this.reports.flush(queue);
  }

  /** Forgets frames that wait and interrupts that are due. */
  reset(): void {
    this.waiting.reset(this.waiting.queues);
    this.reports.reset();
    this.enabled = 0;
  }

  /** One queue was reset, its registers are already: frames that wait for it are gone. */
  resetQueue(queue: number): void {
    const bit = 1 << queue;
    this.reports.resetQueue(queue);
    if ((this.waiting.queues & bit) !== 0) this.waiting.reset(bit);
  }

  /** Queues, a bit each, that hold write-backs. */
  get holdingQueues(): number {
    return this.reports.held.queues;
  }

  /**
   * Drops a plain frame from the wire, at `at` in the arena, where its queue has no descriptor and may drop; false where it does not come
   * to that. Who received it has counted it.
   */
  drop(at: number, length: number, queue: number): boolean {
    const { rings } = this;
    if (!rings.mayDrop(queue) || rings.free(queue) !== 0) return false;
    if (rings.size(queue) < 2 || length > rings.bufferBytes(queue)) return false;
    const { taps, events } = this.context;
    this.parts.statistics.queueDropped(queue);
    taps.drop(0, events.igb_rx_drop_descriptors, queue, arena.bytes, at, length);
    this.trace(events.igb_rx_drop_descriptors, queue);
    return true;
  }

  /** A frame was stored in queues, a bit each, and written back; `causes` are those that it has besides. */
  stored(queues: number, causes: number): void {
    this.reports.stored(queues, causes);
  }

  /** Stores a new frame in its queues, and keeps it where one has to wait. */
  deliver(queues: number): void {
    const { frame, waiting } = this;
    const { statistics } = this.parts;
    let waits = queues & waiting.queues;
    for (let rest = queues & ~waits; rest !== 0; rest &= rest - 1) {
      const bit = rest & -rest;
      if (!this.storeIn(31 - Math.clz32(bit))) waits |= bit;
    }
    if (waits !== 0) {
      const lost = waits & ~waiting.keep(waits);
      if (lost !== 0) {
        const { igb_rx_drop_buffer } = this.context.events;
        for (let rest = lost; rest !== 0; rest &= rest - 1) {
          statistics.count(MPC.index, 1);
          this.lose(igb_rx_drop_buffer, 31 - Math.clz32(rest & -rest));
        }
        this.trace(igb_rx_drop_buffer, lost, frame.length);
        if (lost === queues) return;
      }
    }
    if (frame.sourcePool < 0) statistics.received(frame.bytes, frame.start, frame.length);
  }

  /** Stores the frame in one queue or drops it there; false where it has to wait. */
  private storeIn(queue: number): boolean {
    const { rings, frame } = this;
    const { events } = this.context;
    if (!rings.isEnabled(queue)) {
      this.lose(events.igb_rx_drop_queue, queue);
      this.trace(events.igb_rx_drop_queue, queue);
      return true;
    }
    if (!mayMaster(this.context, queue)) return false;
    const free = rings.free(queue);
    const strips = frame.tags.count > 0 && stripsTag(this.values, queue, frame.kind === MULTICAST);
    const outcome = this.store.store(queue, frame, strips, this.appendsFcs(queue));
    if (outcome !== STORED) {
      if (this.mayWait(outcome, queue)) return false;
      if (rings.mayDrop(queue)) this.parts.statistics.queueDropped(queue);
      else this.parts.statistics.count(MPC.index, 1);
      const event = outcome === NO_DESCRIPTORS ? events.igb_rx_drop_descriptors : events.igb_rx_drop_ring;
      this.lose(event, queue);
      this.trace(event, queue);
      return true;
    }
    const { taps, trace, queueFunction } = this.context;
    if (this.store.damaged) this.lose(events.igb_rx_drop_dma, queue);
    else if (taps.on[capturedAt.queues] !== 0) taps.queue(0, queue, frame.bytes, frame.start, frame.length, undefined);
    if (trace.on[events.igb_rx_packet] !== 0) {
      trace.emit(events.igb_rx_packet, queue, queueFunction[queue], frame.length);
    }
    const { statistics } = this.parts;
    if (frame.sourcePool < 0) statistics.delivered(frame.bytes, frame.start, frame.length, queue);
    else statistics.deliveredLocally(queue, 1, frame.length, wireLength(frame.length));
    const interrupts = frame.immediate && rings.descriptorType(queue) !== DESCRIPTOR_LEGACY;
    this.reports.storedOne(queue, interrupts);
    const threshold = rings.threshold(queue);
    const crosses = free > threshold && rings.free(queue) <= threshold;
    if (crosses) this.reports.raise(ICR.RXDMT0.mask);
    return true;
  }

  /**
   * Whether a frame that could not be stored stays in the packet buffer: for want of descriptors unless the queue drops, and
   * in any case while the function is not bus master, since nothing of it can be fetched then.
   */
  private mayWait(outcome: number, queue: number): boolean {
    if (outcome === NO_DESCRIPTORS) return !this.rings.mayDrop(queue);
    const { memory, queueFunction } = this.context;
    return outcome === NO_RING && !memory[queueFunction[queue]!]!.usable;
  }

  /** Puts the FCS behind the frame where software wants it in this queue. */
  private appendsFcs(queue: number): boolean {
    const { frame, values } = this;
    if (stripsFcs(values, queue, frame.kind === MULTICAST)) return false;
    if (!frame.hasSpare) this.room.makeOwn(frame);
    const end = frame.start + frame.length;
    const fcs = crc32(frame.bytes, frame.start, frame.length);
    for (let n = 0; n < FCS_BYTES; n += 1) frame.bytes[end + n] = fcs >>> (8 * n);
    return true;
  }

  /**
   * Offers frame `index` of those that wait to queues that it waits for, a bit each; returns those that have no room yet. Those of `off`
   * are not to get it any more.
   */
  offer(buffer: PacketBuffer, index: number, queues: number, off: number): number {
    const { frame, classifier } = this;
    const { trace, events } = this.context;
    buffer.restore(index, frame);
    trace.packet = buffer.packets[index]!;
    classifier.begin(frame);
    classifier.finish(frame);
    if (frame.stamped) frame.status |= STATUS.TS;
    let stuck = 0;
    for (let rest = queues; rest !== 0; rest &= rest - 1) {
      const bit = rest & -rest;
      const queue = 31 - Math.clz32(bit);
      if ((off & bit) !== 0) {
        this.lose(events.igb_rx_drop_pool, queue);
        this.trace(events.igb_rx_drop_pool, 1 << (queue & 7));
      } else if (!this.storeIn(queue)) {
        stuck |= bit;
        continue;
      }
      buffer.release(index, queue);
    }
    trace.packet = 0;
    return stuck;
  }

  /** The frame at hand does not reach a queue. */
  private lose(event: number, queue: number): void {
    const { bytes, start, length } = this.frame;
    this.context.taps.drop(0, event, queue, bytes, start, length);
  }

  private trace(event: number, a: number, b = 0): void {
    const { trace } = this.context;
    if (trace.on[event] !== 0) trace.emit(event, a, b);
  }

  private noteEnabled(queue: number): void {
    const { events } = this.context;
    const bit = 1 << queue;
    const isEnabled = this.rings.isEnabled(queue);
    if (isEnabled === ((this.enabled & bit) !== 0)) return;
    this.enabled ^= bit;
    this.trace(isEnabled ? events.igb_rx_queue_enabled : events.igb_rx_queue_disabled, queue);
    if (isEnabled && this.rings.size(queue) === 0) {
      this.trace(events.igb_guest_error_ring_length, RDLEN.at + queue * RDLEN.step * 4, 0);
    }
  }
}
