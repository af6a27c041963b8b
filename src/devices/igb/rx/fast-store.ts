/** Puts the frame at hand on the short way into the buffers of its queues, one copy each, and counts it. */
import { arena } from '../../../packet/arena.ts';
import { capturedAt } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { wireLength } from '../statistics.ts';
import { pf } from '../tables/index.ts';
import type { Delivery } from './delivery.ts';
import { DescriptorsAhead } from './descriptors-ahead.ts';
import type { FastPlan } from './fast-plan.ts';
import { STATUS } from './offload.ts';
import { isLocal, origin } from './origin.ts';
import type { ReceiveParts } from './parts.ts';
import { type PlainFrame, removedBy } from './plain-frame.ts';
import { RunCounts } from './run-counts.ts';
import { MAXIMUM_BYTES } from './size.ts';

const { ICR, RDH, RDT } = pf;
const { bytes, simd } = arena;

const NO_PLACE = -1;
/** Room for what of a pool's frame is copied before it is gone by. */
const COPY_AT = arena.reserve(MAXIMUM_BYTES);

export class FastStore {
  private readonly context: PortContext;
  private readonly statistics: ReceiveParts['statistics'];
  private readonly delivery: Delivery;
  private readonly values: Uint32Array;
  private readonly plan: FastPlan;
  private readonly frame: PlainFrame;
  private readonly ahead: DescriptorsAhead;
  private readonly counts: RunCounts;

  constructor(
    context: PortContext,
    statistics: ReceiveParts['statistics'],
    delivery: Delivery,
    plan: FastPlan,
    frame: PlainFrame,
  ) {
    this.context = context;
    this.statistics = statistics;
    this.delivery = delivery;
    this.values = context.registers.values;
    this.plan = plan;
    this.frame = frame;
    this.ahead = new DescriptorsAhead(context, plan);
    this.counts = new RunCounts(statistics, delivery);
  }

  /** A run of about so many frames begins. */
  begin(frames: number): void {
    this.ahead.begin(frames);
  }

  /** At least so many of its frames are still to come. */
  expect(frames: number): void {
    this.ahead.expect(frames);
  }

  /** The run is over: what it counted is told. */
  end(): void {
    this.counts.settle();
  }

  /**
   * Stores the frame at hand in all of the queues, a bit each, or in none. `body` is where it goes on behind HEADERS_COPIED bytes,
   * `from` its `origin`.
   */
  store(body: number, length: number, queues: number, from: number): boolean {
    const { ahead, frame } = this;
    const { at, strips } = frame;
    const { taps } = this.context;
    const local = isLocal(from);
    if (!this.takes(queues, from)) return false;
    for (let rest = queues; rest !== 0; rest &= rest - 1) {
      const queue = 31 - Math.clz32(rest & -rest);
      if (!ahead.find(queue, length - removedBy(strips, queue))) return false;
    }
    frame.compose(local);
    // Of a longer frame the checksum is verified while it is copied for the first time.
    let { bad } = frame;
    for (let rest = queues; rest !== 0; rest &= rest - 1) {
      const queue = 31 - Math.clz32(rest & -rest);
      this.put(queue, body, length, removedBy(strips, queue), bad);
      bad = 0;
      this.count(queue, length, local);
      if (taps.on[capturedAt.queues] !== 0) taps.queue(0, queue, bytes, at, length, undefined);
    }
    if (local) return true;
    if (from === origin.wire) this.countReceived(at, length);
    // Multicasts count for each pool besides.
    if ((bytes[at]! & 1) !== 0) this.statistics.deliveredGroup(bytes, at, queues);
    return true;
  }

  /**
   * Stores a frame that is like a model (`deliverAlike`), in one queue, by its `origin`; false where it is not. `countAlike` counts
   * what was stored like this.
   */
  storeAlike(model: number, queue: number, at: number, length: number, removed: number, from: number): boolean {
    const { ahead } = this;
    if (!ahead.find(queue, length - removed)) return false;
    const buffer = ahead.buffers[queue]!;
    const descriptor = ahead.descriptors[queue]!;
    const isLike = isLocal(from)
      ? simd!.deliverAlikeCopied(model, COPY_AT, at, length, buffer, descriptor)
      : simd!.deliverAlike(model, at, length, buffer, descriptor);
    if (isLike === 0) return false;
    this.advance(queue);
    if (from === origin.wire) this.statistics.receivedOne(bytes, at, length);
    return true;
  }

  /** Counts alike frames that were stored: how many, their bytes, and their octets on the wire. */
  countAlike(queue: number, frames: number, sum: number, octets: number, from: number): void {
    this.counts.storedIn(queue, frames, sum, octets, isLocal(from));
    if (from === origin.wire) this.counts.received(frames, octets);
  }

  /** Where a frame of so many bytes for a single queue may be made; -1 for nowhere. */
  placeFor(length: number, queues: number): number {
    const queue = 31 - Math.clz32(queues);
    return this.takes(queues, origin.wire) && this.ahead.find(queue, length) ? this.ahead.buffers[queue]! : NO_PLACE;
  }

  /** The frame at hand was made there. */
  placed(length: number, queues: number, local: boolean): void {
    const queue = 31 - Math.clz32(queues);
    const { frame } = this;
    frame.compose(local);
    simd!.store(this.ahead.descriptors[queue]!, frame.type, frame.second, frame.status, length);
    this.count(queue, length, local);
    if (!local) this.countReceived(frame.at, length);
  }

  /** A frame was received from the wire. */
  countReceived(at: number, length: number): void {
    this.statistics.receivedOne(bytes, at, length);
    this.counts.received(1, wireLength(length));
  }

  /** Queues that take plain frames, and for which none waits that was there before. */
  takes(queues: number, from: number): boolean {
    const { blockedQueues, holdingQueues } = this.delivery;
    const before = from === origin.kept ? holdingQueues : holdingQueues | blockedQueues;
    return (queues & ~this.plan.queues) === 0 && (queues & before) === 0;
  }

  /**
   * Puts the frame into the buffer that was found for a queue, without the tag where bytes are removed. Where its checksum is found to
   * be wrong, the bits of `bad` are added to its status, here and for the queues that follow.
   */
  private put(queue: number, body: number, length: number, removed: number, bad: number): void {
    const { frame, ahead } = this;
    const { at, type, second } = frame;
    const buffer = ahead.buffers[queue]!;
    const descriptor = ahead.descriptors[queue]!;
    const stored = length - removed;
    const status = removed === 0 ? frame.status : frame.status | STATUS.VP;
    const last = removed === 0 ? stored : stored | (frame.tag << 16);
    const headers = at + removed;
    const rest = body + removed;
    if (bad === 0) simd!.deliver(buffer, at, headers, rest, stored, descriptor, type, second, status, last);
    else {
      const { found } = frame;
      frame.status |=
        simd!.deliverVerified(buffer, at, headers, rest, stored, found, descriptor, type, second, status, last, bad) &
        bad;
    }
  }

  /** A frame is in the queue. */
  private count(queue: number, length: number, local: boolean): void {
    this.advance(queue);
    this.counts.storedIn(queue, 1, length, wireLength(length), local);
  }

  /** The head moves on; few descriptors left may be a cause. */
  private advance(queue: number): void {
    const { plan, values } = this;
    const size = plan.sizes[queue]!;
    const head = values[RDH.index + queue * RDH.step]! & 0xffff;
    const next = head + 1 === size ? 0 : head + 1;
    values[RDH.index + queue * RDH.step] = next;
    const tail = values[RDT.index + queue * RDT.step]! & 0xffff;
    const left = tail >= next ? tail - next : tail - next + size;
    if (left === plan.thresholds[queue]) this.counts.causes |= ICR.RXDMT0.mask;
  }
}
