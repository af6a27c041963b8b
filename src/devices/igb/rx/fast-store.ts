/** Puts the frame at hand on the short way into the buffers of its queues, one copy each, and counts it. */
import { arena } from '../../../packet/arena.ts';
import { capturedAt } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { wireLength } from '../statistics.ts';
import { pf } from '../tables/index.ts';
import type { Delivery } from './delivery.ts';
import { AHEAD, DescriptorsAhead } from './descriptors-ahead.ts';
import type { FastPlan } from './fast-plan.ts';
import { STATUS } from './offload.ts';
import { isLocal, origin } from './origin.ts';
import type { ReceiveParts } from './parts.ts';
import { type PlainFrame, removedBy } from './plain-frame.ts';
import { RunCounts } from './run-counts.ts';
import { DESCRIPTOR_BYTES } from './ring.ts';
import { MAXIMUM_BYTES } from './size.ts';
import type { WaitingFrames } from './waiting-frames.ts';

/** Of the frames of a run, in bytes. */
export type Lengths = Int32Array | Uint16Array;

const { ICR, RDH, RDT } = pf;
const { bytes, simd } = arena;

/** Room for what of a pool's frame is copied before it is gone by. */
const COPY_AT = arena.reserve(MAXIMUM_BYTES);

export class FastStore {
  private readonly context: PortContext;
  private readonly statistics: ReceiveParts['statistics'];
  private readonly delivery: Delivery;
  private readonly waiting: WaitingFrames;
  private readonly values: Uint32Array;
  private readonly plan: FastPlan;
  private readonly frame: PlainFrame;
  private readonly ahead: DescriptorsAhead;
  /** Buffers of the descriptors that alike frames go to. */
  private readonly places: Int32Array;
  private readonly counts: RunCounts;

  constructor(
    context: PortContext,
    statistics: ReceiveParts['statistics'],
    delivery: Delivery,
    waiting: WaitingFrames,
    plan: FastPlan,
    frame: PlainFrame,
  ) {
    this.context = context;
    this.statistics = statistics;
    this.delivery = delivery;
    this.waiting = waiting;
    this.values = context.registers.values;
    this.plan = plan;
    this.frame = frame;
    this.ahead = new DescriptorsAhead(context, plan);
    this.places = new Int32Array(AHEAD);
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
   * Stores frames of [first, end) that are like a model (`deliverAlike`) in one queue, whose buffers take them, by their `origin`, up to
   * one that is not, or as many as there are descriptors at hand; returns the next one. `countAlike` counts what was stored like this.
   */
  storeAlike(
    model: number,
    queue: number,
    starts: Int32Array,
    lengths: Lengths,
    first: number,
    end: number,
    from: number,
  ): number {
    const { ahead, places } = this;
    const local = isLocal(from);
    const stop = first + ahead.findRun(queue, 0, end - first, places);
    let descriptor = ahead.descriptors[queue]!;
    let at = first;
    for (; at < stop; at += 1) {
      const buffer = places[at - first]!;
      const isLike = local
        ? simd!.deliverAlikeCopied(model, COPY_AT, starts[at]!, lengths[at]!, buffer, descriptor)
        : simd!.deliverAlike(model, starts[at]!, lengths[at]!, buffer, descriptor);
      if (isLike === 0) break;
      descriptor += DESCRIPTOR_BYTES;
    }
    if (at !== first) this.advance(queue, at - first);
    return at;
  }

  /** Frames [first, end) were stored by `storeAlike`, all of them with addresses as at `headers`. */
  countAlike(queue: number, headers: number, lengths: Lengths, first: number, end: number, from: number): void {
    let sum = 0;
    let octets = 0;
    for (let n = first; n < end;) {
      const length = lengths[n]!;
      const begin = n;
      do n += 1;
      while (n < end && lengths[n] === length);
      sum += length * (n - begin);
      octets += wireLength(length) * (n - begin);
      if (from === origin.wire) this.statistics.receivedSize(bytes, headers, length, n - begin);
    }
    this.counts.storedIn(queue, end - first, sum, octets, isLocal(from));
    if (from === origin.wire) this.counts.received(end - first, octets);
  }

  /** How many frames of so many bytes, `most` at most, may be made for a single queue, in `places`. */
  placesFor(length: number, most: number, places: Int32Array, queues: number): number {
    return this.takes(queues, origin.wire) ? this.ahead.findRun(31 - Math.clz32(queues), length, most, places) : 0;
  }

  /** Frames like the one at hand were made there; the first has this identification, the others those behind it. */
  placed(length: number, count: number, identification: number, queues: number, local: boolean): void {
    const queue = 31 - Math.clz32(queues);
    const { frame } = this;
    frame.compose(local);
    const { identifies } = frame;
    let descriptor = this.ahead.descriptors[queue]!;
    for (let n = 0; n < count; n += 1) {
      const second = identifies ? (identification + n) & 0xffff : frame.second;
      simd!.store(descriptor, frame.type, second, frame.status, length);
      descriptor += DESCRIPTOR_BYTES;
    }
    this.count(queue, length, local, count);
    if (!local) this.countReceived(frame.at, length, count);
  }

  /** Frames of one size were received from the wire. */
  countReceived(at: number, length: number, frames = 1): void {
    this.statistics.receivedSize(bytes, at, length, frames);
    this.counts.received(frames, wireLength(length) * frames);
  }

  /** Queues that take plain frames, and for which none waits that was there before. */
  takes(queues: number, from: number): boolean {
    const { holdingQueues } = this.delivery;
    const before = from === origin.kept ? holdingQueues : holdingQueues | this.waiting.queues;
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

  /** Frames of one size are in the queue. */
  private count(queue: number, length: number, local: boolean, frames = 1): void {
    this.advance(queue, frames);
    this.counts.storedIn(queue, frames, length * frames, wireLength(length) * frames, local);
  }

  /** The head moves on, to the ring's end at most; few descriptors left may be a cause. */
  private advance(queue: number, frames: number): void {
    const { plan, values } = this;
    const size = plan.sizes[queue]!;
    const head = values[RDH.index + queue * RDH.step]! & 0xffff;
    const next = head + frames === size ? 0 : head + frames;
    values[RDH.index + queue * RDH.step] = next;
    const tail = values[RDT.index + queue * RDT.step]! & 0xffff;
    const left = tail >= next ? tail - next : tail - next + size;
    const threshold = plan.thresholds[queue]!;
    if (left <= threshold && left + frames > threshold) this.counts.causes |= ICR.RXDMT0.mask;
  }
}
