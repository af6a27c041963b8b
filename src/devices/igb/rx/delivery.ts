/**
 * The second half of reception: a frame whose queues are known goes into their rings, or waits for descriptors in the packet
 * buffer; at the end of a turn the interrupts of all of that leave. State is only what waits and what is due.
 */
import { arena } from '../../../packet/arena.ts';
import { crc32 } from '../../../packet/checksum.ts';
import { capturedAt, makeTask, type Task } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { mayMaster } from '../master-disable.ts';
import { pf } from '../tables/index.ts';
import type { Classifier } from './classify.ts';
import { MULTICAST } from './filter.ts';
import type { ReceivedFrame } from './frame.ts';
import { STATUS } from './offload.ts';
import { PacketBuffer } from './packet-buffer.ts';
import type { ReceiveParts } from './parts.ts';
import { ReceiveReports } from './reports.ts';
import { usesPools } from './queue-select.ts';
import { DESCRIPTOR_LEGACY, ReceiveRings } from './ring.ts';
import type { FrameRoom } from './room.ts';
import { FCS_BYTES } from './size.ts';
import { stripsFcs, stripsTag } from './stripping.ts';
import { FrameStore, NO_DESCRIPTORS, NO_RING, STORED } from './store.ts';
import { wireLength } from '../statistics.ts';
import type { ViewCache } from '../../../packet/views.ts';

const { ICR, MPC, MRQC, RCTL, RDLEN, RDT, RNBC, RXPBS, VFRE } = pf;

const KIB = 1024;

/** What it shares with the first half. */
export interface DeliveryShares {
  /** The frame at hand. */
  readonly frame: ReceivedFrame;
  readonly classifier: Classifier;
  readonly room: FrameRoom;
  readonly views: ViewCache;
}

/** The short way of frames that waited: see FastPath. */
export interface WaitingFramesPath {
  storeWaiting(waiting: PacketBuffer, index: number, queues: number): number;
}

export class Delivery {
  /** There once there is one. */
  shortWay: WaitingFramesPath | undefined;
  private readonly context: PortContext;
  private readonly parts: Pick<ReceiveParts, 'interrupts' | 'statistics' | 'flow'>;
  private readonly values: Uint32Array;
  readonly rings: ReceiveRings;
  private readonly classifier: Classifier;
  private readonly store: FrameStore;
  private readonly reports: ReceiveReports;
  private readonly waiting: PacketBuffer;
  private readonly frame: ReceivedFrame;
  private readonly room: FrameRoom;
  /** Queues that frames in the packet buffer wait for. */
  private blocked: number;
  /** Whether some of those may have room now. */
  private retryDue: boolean;
  /** Frames were kept since the fill of the packet buffer was told. */
  private fillDue: boolean;
  /** The wire was told to wait. */
  private resumeDue: boolean;
  /** Queues that were enabled when last looked at. */
  private enabled: number;
  private readonly task: Task;

  constructor(
    context: PortContext,
    parts: Pick<ReceiveParts, 'interrupts' | 'statistics' | 'flow'>,
    shares: DeliveryShares,
  ) {
    this.shortWay = undefined;
    this.context = context;
    this.parts = parts;
    this.values = context.registers.values;
    this.rings = new ReceiveRings(this.values);
    this.classifier = shares.classifier;
    this.task = makeTask(() => this.run());
    this.reports = new ReceiveReports(context, parts.interrupts, this.rings, this.task);
    this.store = new FrameStore(context, this.rings, shares.views, this.reports.held);
    this.waiting = new PacketBuffer(shares.views);
    this.frame = shares.frame;
    this.room = shares.room;
    this.blocked = 0;
    this.retryDue = false;
    this.fillDue = false;
    this.resumeDue = false;
    this.enabled = 0;
  }

  /**
   * False while a frame waits for descriptors of a queue that may not drop; where pause frames are sent, once the packet
   * buffer is full of them. With pools the wire never waits: none of them may hold up the others (docs/fidelity.md).
   */
  canReceive(): boolean {
    if (!this.holdsWire()) return true;
    this.resumeDue = true;
    return false;
  }

  /** RDT of a queue was written. */
  tailWritten(queue: number): void {
    const { trace, events } = this.context;
    if (trace.on[events.igb_rx_tail] !== 0) {
      trace.emit(events.igb_rx_tail, queue, this.rings.head(queue), this.values[RDT.index + queue * RDT.step]);
    }
    if (((this.blocked >>> queue) & 1) === 0) return;
    this.trace(this.context.events.igb_rx_resume, queue);
    this.retryDue = true;
    this.context.tasks.mark(this.task);
  }

  /** RXDCTL, SRRCTL, RCTL or another register that gates reception was written; `queue` is -1 where it is not one of a queue. */
  controlWritten(queue: number): void {
    if (queue >= 0) {
      this.noteEnabled(queue);
      this.reports.reconsider(queue);
    }
    if (this.blocked === 0) return;
    this.retryDue = true;
    this.context.tasks.mark(this.task);
  }

  /** RXDCTL.SWFLSH. */
  flushWriteBacks(queue: number): void {
    this.reports.flush(queue);
  }

  /** Forgets frames that wait and interrupts that are due. */
  reset(): void {
    this.discard(this.blocked);
    this.retryDue = false;
    this.reports.reset();
    this.enabled = 0;
    this.tellFill();
    if (this.resumeDue) this.context.tasks.mark(this.task);
  }

  /** One queue was reset, its registers are already: frames that wait for it are gone. */
  resetQueue(queue: number): void {
    const bit = 1 << queue;
    this.reports.resetQueue(queue);
    if ((this.blocked & bit) === 0) return;
    this.discard(bit);
    this.tellFill();
    if (this.resumeDue) this.context.tasks.mark(this.task);
  }

  /** Queues, a bit each, that frames wait for: what comes later has to wait behind them. */
  get blockedQueues(): number {
    return this.blocked;
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

  /**
   * Keeps a plain frame from the wire, at `at` in the arena, for the one queue it goes to, which others wait for; false where the packet
   * buffer has no room for it. Who received it has counted it.
   */
  keep(at: number, length: number, knownGood: boolean, queue: number): boolean {
    const shared = usesPools(this.values[MRQC.index]!);
    if (!this.waiting.pushPlain(at, length, knownGood, this.context.trace.packet, queue, shared)) return false;
    this.trace(this.context.events.igb_rx_wait, queue, length);
    this.raise(ICR.RXO.mask);
    this.parts.statistics.count(RNBC.index, 1);
    this.fillDue = true;
    return true;
  }

  /** A frame was stored in queues, a bit each, and written back; `causes` are those that it has besides. */
  stored(queues: number, causes: number): void {
    this.reports.stored(queues, causes);
  }

  /** Frames that wait for these queues are lost there. */
  private discard(queues: number): void {
    const { waiting, frame } = this;
    const { trace, events } = this.context;
    for (let { first: index } = waiting; index < waiting.count; index += 1) {
      const lost = waiting.queues[index]! & queues;
      if (lost === 0) continue;
      waiting.restore(index, frame);
      trace.packet = waiting.packets[index]!;
      for (let rest = lost; rest !== 0; rest &= rest - 1) {
        const queue = 31 - Math.clz32(rest & -rest);
        waiting.release(index, queue);
        this.lose(events.igb_rx_drop_reset, queue);
      }
      this.trace(events.igb_rx_drop_reset, lost, frame.length);
      trace.packet = 0;
    }
    this.blocked &= ~queues;
    if (this.blocked === 0) waiting.clear();
  }

  /** Stores a new frame in its queues, and keeps it where one has to wait. */
  deliver(queues: number): void {
    const { frame, blocked } = this;
    const { statistics } = this.parts;
    let waits = queues & blocked;
    for (let rest = queues & ~blocked; rest !== 0; rest &= rest - 1) {
      const bit = rest & -rest;
      if (!this.storeIn(31 - Math.clz32(bit))) waits |= bit;
    }
    if (waits !== 0) {
      this.raise(ICR.RXO.mask);
      statistics.count(RNBC.index, 1);
      const { packet } = this.context.trace;
      const kept = this.waiting.push(frame, packet, waits, usesPools(this.values[MRQC.index]!));
      if (kept !== 0) this.trace(this.context.events.igb_rx_wait, kept, frame.length);
      this.blocked |= kept;
      this.tellFill();
      if (kept !== waits) {
        const { igb_rx_drop_buffer } = this.context.events;
        for (let rest = waits & ~kept; rest !== 0; rest &= rest - 1) {
          statistics.count(MPC.index, 1);
          this.lose(igb_rx_drop_buffer, 31 - Math.clz32(rest & -rest));
        }
        this.trace(igb_rx_drop_buffer, waits & ~kept, frame.length);
        if (kept === 0 && waits === queues) return;
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
    if (crosses) this.raise(ICR.RXDMT0.mask);
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

  /** Notes causes for the interrupts at the end of the turn. */
  raise(causes: number): void {
    this.reports.raise(causes);
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

  /** End of a turn: frames that waited, then the interrupts of everything stored, then the wire may go on. */
  private run(): boolean {
    if (this.retryDue) this.retry();
    this.reports.tell();
    if (this.fillDue) this.tellFill();
    if (this.resumeDue && !this.holdsWire()) {
      this.resumeDue = false;
      this.context.wire.resume();
    }
    return this.reports.areDue;
  }

  /** Offers the frames that wait to their queues again, oldest first; a queue that is still full keeps all of its own. */
  private retry(): void {
    const { waiting, frame, classifier } = this;
    const { trace, events } = this.context;
    this.retryDue = false;
    if ((this.values[RCTL.index]! & RCTL.EN.mask) === 0) this.discard(this.blocked);
    // What was accepted for a pool before it was turned off is not its any more.
    const off = usesPools(this.values[MRQC.index]!) ? ~(this.values[VFRE.index]! * 0x101) : 0;
    let stuck = 0;
    for (let { first: index } = waiting; index < waiting.count && (this.blocked & ~stuck) !== 0; index += 1) {
      const ready = waiting.queues[index]! & ~stuck;
      if (ready === 0) continue;
      const stored = (ready & off) === 0 ? (this.shortWay?.storeWaiting(waiting, index, ready) ?? 0) : 0;
      if (stored > 0) {
        index += stored - 1;
        continue;
      }
      waiting.restore(index, frame);
      trace.packet = waiting.packets[index]!;
      classifier.begin(frame);
      classifier.finish(frame);
      if (frame.stamped) frame.status |= STATUS.TS;
      for (let rest = ready; rest !== 0; rest &= rest - 1) {
        const bit = rest & -rest;
        const queue = 31 - Math.clz32(bit);
        if ((off & bit) !== 0) {
          this.lose(events.igb_rx_drop_pool, queue);
          this.trace(events.igb_rx_drop_pool, 1 << (queue & 7));
        } else if (!this.storeIn(queue)) {
          stuck |= bit;
          continue;
        }
        waiting.release(index, queue);
      }
      trace.packet = 0;
    }
    this.blocked = waiting.waitedFor;
    if (this.blocked === 0) waiting.clear();
    this.tellFill();
  }

  private holdsWire(): boolean {
    if (this.blocked === 0 || usesPools(this.values[MRQC.index]!)) return false;
    if (this.parts.flow?.sends !== true) return true;
    const size = (this.values[RXPBS.index]! & RXPBS.SIZE.mask) * KIB;
    // Once told to wait it waits until half is free: a few large turns cost less than many small ones.
    return this.waiting.isFull(this.resumeDue ? size / 2 : size);
  }

  /** Pause frames go by the fill, but no pool may stop the partner for all. */
  private tellFill(): void {
    this.fillDue = false;
    this.parts.flow?.filled(usesPools(this.values[MRQC.index]!) ? 0 : this.waiting.fill);
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
