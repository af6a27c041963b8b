/**
 * The short way of plain frames (fast-plan.ts) from the arena to the buffers of their queues, with the same outcome as the long
 * one: all that the registers decide is known, what a frame says takes one look, and a queue takes one copy. Anything unusual
 * about frame, queue, memory or who watches makes it refuse before it has done anything, and the frame goes the long way.
 *
 * Frames come in runs, between whose frames nobody writes a register or changes a map: what holds for all of them is looked
 * up once, and what they count is counted together.
 */
import { arena } from '../../../packet/arena.ts';
import type { FrameRun } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { AlikeFrames } from './alike-frames.ts';
import type { Delivery } from './delivery.ts';
import { FastPlan } from './fast-plan.ts';
import { FastStore } from './fast-store.ts';
import { KnownPools } from './known-pools.ts';
import { origin } from './origin.ts';
import type { PacketBuffer } from './packet-buffer.ts';
import type { ReceiveParts } from './parts.ts';
import { PlainFrame } from './plain-frame.ts';
import { poolQueue, portQueue } from './queue-select.ts';
import type { ReceiveSideScaling } from './rss.ts';
import { MINIMUM_BYTES } from './size.ts';
import { UNTAGGED } from './vlan.ts';
import type { WaitingFrames } from './waiting-frames.ts';

const { bytes, simd } = arena;

/** Whether of a mask's bits one at most is set. */
function isSingle(queues: number): boolean {
  return (queues & (queues - 1)) === 0;
}

export class FastPath {
  private readonly context: PortContext;
  private readonly delivery: Delivery;
  private readonly waiting: WaitingFrames;
  private readonly scaling: ReceiveSideScaling;
  private readonly values: Uint32Array;
  private readonly plan: FastPlan;
  private readonly known: KnownPools;
  private readonly frame: PlainFrame;
  private readonly store: FastStore;
  private readonly alike: AlikeFrames;
  /** Runs that have begun: a frame may cause others. */
  private depth: number;
  /** Whether any frame of the run may go this way. */
  private open: boolean;
  /** What was found in the last frame that went to a single queue and whose checksum was known, in this run; or 0. */
  private foundLast: number;
  /** Where the last frame of the run went, a bit a queue; 0 where it went the long way. */
  private queuesLast: number;

  constructor(
    context: PortContext,
    parts: Pick<ReceiveParts, 'statistics'>,
    delivery: Delivery,
    waiting: WaitingFrames,
    scaling: ReceiveSideScaling,
  ) {
    this.context = context;
    this.delivery = delivery;
    this.waiting = waiting;
    this.scaling = scaling;
    this.values = context.registers.values;
    this.plan = new FastPlan();
    this.known = new KnownPools(this.values);
    this.frame = new PlainFrame(this.plan, scaling);
    this.store = new FastStore(context, parts.statistics, delivery, waiting, this.plan, this.frame);
    this.alike = new AlikeFrames(this.plan, this.frame, this.store);
    this.depth = 0;
    this.open = false;
    this.foundLast = 0;
    this.queuesLast = 0;
  }

  /** Every run ends with `end`, and frames go this way only within one. It has about so many. */
  begin(frames: number): void {
    this.depth += 1;
    this.foundLast = 0;
    this.queuesLast = 0;
    if (this.depth > 1) {
      this.store.expect(frames);
      return;
    }
    const { context, plan } = this;
    if (plan.version !== context.settings.version) {
      plan.make(context, this.delivery.rings);
      this.known.forget(plan.pooled);
    }
    this.open = plan.usable && simd !== undefined && !this.isWatched();
    this.store.begin(frames);
  }

  end(): void {
    this.depth -= 1;
    if (this.depth === 0) this.store.end();
  }

  /** Frames from the wire that came at once: how many went this way. */
  receiveRun({ starts, lengths, first, end }: FrameRun): number {
    // Captures see frames of the wire one by one.
    if (this.context.taps.watched !== 0) return 0;
    this.begin(end - first);
    let at = first;
    while (at < end && this.receive(starts[at]!, lengths[at]!, false, false)) {
      at += 1;
      if (this.queuesLast !== 0) at = this.alike.follow(starts, lengths, at, end, this.queuesLast, origin.wire);
    }
    this.end();
    return at - first;
  }

  /**
   * A finished frame from the wire at `at` in the arena; false where it has to go the long way. `mayWait`: the wire was asked to go on,
   * so that the packet buffer takes it where other frames wait for its queue.
   */
  receive(at: number, length: number, knownGood: boolean, mayWait: boolean): boolean {
    const { frame } = this;
    if (!this.open || !frame.take(at, length, knownGood)) return false;
    const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    const high = bytes[at + 4]! | (bytes[at + 5]! << 8);
    const pools = this.known.find(low, high, frame.tag);
    if (pools === 0) return false;
    frame.hash();
    const queues = this.queuesOf(pools);
    if ((queues & this.waiting.queues) !== 0) return mayWait && this.keep(at, length, knownGood, queues);
    if (!this.store.store(at, length, queues, origin.wire)) return this.drop(at, length, queues);
    const isModel = knownGood && isSingle(queues) && (low & 1) === 0 && frame.tag === UNTAGGED;
    this.foundLast = isModel ? frame.found : 0;
    this.queuesLast = queues;
    return true;
  }

  /**
   * Of the frames in the packet buffer, stores those from `index` on that wait for the one queue of `queues`, a bit each, and no other:
   * as many as there is room for. Returns how many, 0 where the next one has to go the long way.
   */
  storeWaiting(buffer: PacketBuffer, index: number, queues: number): number {
    if (!isSingle(queues)) return 0;
    const end = buffer.endOfPlain(index, queues, this.delivery.rings.free(31 - Math.clz32(queues)));
    if (end === index) return 0;
    this.begin(end - index);
    const stored = this.open ? this.storeKept(buffer, index, end, queues) : 0;
    this.end();
    const queue = 31 - Math.clz32(queues);
    for (let done = index; done < index + stored; done += 1) buffer.release(done, queue);
    return stored;
  }

  /**
   * A frame that the switch gives to `pools`, in the terms of `ReceiveEngine.switched`. Behind HEADERS_COPIED bytes, and a tag, it
   * goes on at `body`; where that is not `at`, only a single pool may get it.
   */
  switched(at: number, body: number, length: number, knownGood: boolean, pools: number): boolean {
    const { frame } = this;
    const apart = body !== at;
    if (apart && (!isSingle(pools) || this.context.taps.watched !== 0)) return false;
    if (!this.open || !this.plan.pooled || !frame.take(at, length, knownGood)) return false;
    if (apart && !knownGood && !frame.unverified) return false;
    frame.hash();
    const queues = this.queuesOf(pools);
    if (!this.store.store(body, length, queues, origin.pool)) return false;
    this.foundLast = knownGood && frame.tag === UNTAGGED ? frame.found : 0;
    this.queuesLast = queues;
    return true;
  }

  /**
   * Behind a frame from a pool: stores those of [first, end) that are like it and lie in the arena's memory, up to one that is not,
   * which is returned. `from` is their `origin`.
   */
  followSwitched(starts: Int32Array, lengths: Uint16Array, first: number, end: number, from: number): number {
    const { queuesLast } = this;
    if (queuesLast === 0 || this.context.taps.watched !== 0) return first;
    return this.alike.follow(starts, lengths, first, end, queuesLast, from);
  }

  /**
   * Of the next frames, how many are to be made in buffers of the only queue that gets them, `most` at most; 0 where the next one has to
   * come by `switched` or `receive`. They are like the last one, but for payload and numbers: segments of the same packet.
   */
  placesFor(length: number, most: number, places: Int32Array): number {
    const { queuesLast } = this;
    if (this.foundLast === 0 || !isSingle(queuesLast) || this.context.taps.watched !== 0) return 0;
    if (length < MINIMUM_BYTES || length > this.plan.longest) return 0;
    return this.store.placesFor(length, most, places, queuesLast);
  }

  /** The frames are where `placesFor` said, in the terms of `SegmentSink`. `local`: they come from a pool. */
  placed(headers: number, length: number, count: number, identification: number, local: boolean): void {
    this.frame.takeAlike(headers, this.foundLast);
    this.store.placed(length, count, identification, this.queuesLast, local);
  }

  /** A frame finds no descriptor in a queue that may drop. */
  private drop(at: number, length: number, queues: number): boolean {
    if (!isSingle(queues) || !this.store.takes(queues, origin.wire)) return false;
    if (!this.delivery.drop(at, length, 31 - Math.clz32(queues))) return false;
    this.store.countReceived(at, length);
    this.foundLast = 0;
    this.queuesLast = 0;
    return true;
  }

  /** A frame has to wait in the packet buffer. */
  private keep(at: number, length: number, knownGood: boolean, queues: number): boolean {
    if (!isSingle(queues) || !this.waiting.keepPlain(at, length, knownGood, queues)) return false;
    this.store.countReceived(at, length);
    this.foundLast = 0;
    this.queuesLast = 0;
    return true;
  }

  private storeKept(buffer: PacketBuffer, first: number, end: number, queues: number): number {
    const { frame, store, alike } = this;
    const { starts, lengths } = buffer;
    const knownGood = buffer.isKnownGood(first);
    const follows = !knownGood && this.context.taps.watched === 0;
    let at = first;
    while (at < end && frame.take(starts[at]!, lengths[at]!, knownGood)) {
      frame.hash();
      if (!store.store(starts[at]!, lengths[at]!, queues, origin.kept)) break;
      at += 1;
      if (follows) at = alike.follow(starts, lengths, at, end, queues, origin.kept);
    }
    return at - first;
  }

  /** Queues for the frame at hand, a bit each, as its hash is: of the pools that get it, or of a port without any. */
  private queuesOf(pools: number): number {
    const { plan, values, scaling } = this;
    if (!plan.pooled) return 1 << portQueue(values, scaling);
    // A pool's first queue has its number.
    if (!plan.scales) return pools;
    let queues = 0;
    for (let rest = pools; rest !== 0; rest &= rest - 1) {
      queues |= 1 << poolQueue(values, 31 - Math.clz32(rest & -rest), scaling);
    }
    return queues;
  }

  /** Somebody wants to see the steps of the long way. */
  private isWatched(): boolean {
    const { events } = this.context;
    const { on } = this.context.trace;
    return (
      (on[events.igb_rx_frame]! |
        on[events.igb_rx_descriptor]! |
        on[events.igb_rx_write_back]! |
        on[events.igb_rx_packet]! |
        on[events.igb_rx_rss]! |
        on[events.igb_switch_pools]!) !==
      0
    );
  }
}
