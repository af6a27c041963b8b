/**
 * The short way of plain frames (fast-plan.ts) from the arena to the buffers of their queues, with the same outcome as the long
 * one: all that the registers decide is known, what a frame says takes one look, and a queue takes one copy. Anything unusual
 * about frame, queue, memory or who watches makes it refuse before it has done anything, and the frame goes the long way.
 *
 * Frames come in runs, between whose frames nobody writes a register or changes a map: what holds for all of them is looked
 * up once, and what they count is counted together.
 */
import { arena, HEADERS_COPIED, inspected } from '../../../packet/arena.ts';
import { capturedAt, type FrameRun } from '../../../ports/index.ts';
import { QUEUES, type PortContext } from '../context.ts';
import { wireLength } from '../statistics.ts';
import { FROM_WIRE, mirrorPools } from '../switch/mirror.ts';
import { pf } from '../tables/index.ts';
import type { Delivery } from './delivery.ts';
import { DescriptorsAhead } from './descriptors-ahead.ts';
import { FastPlan } from './fast-plan.ts';
import { acceptsDestination, destinationKind } from './filter.ts';
import { STATUS } from './offload.ts';
import type { ReceiveParts } from './parts.ts';
import { POOLS_MASK, selectPools } from './pools.ts';
import { portQueue } from './queue-select.ts';
import type { ReceiveSideScaling } from './rss.ts';
import { MINIMUM_BYTES } from './size.ts';

const { ICR, RDH, RDT } = pf;
const { bytes, simd } = arena;

const UNTAGGED = -1;
const NO_SENDER = -1;
const NO_PLACE = -1;
/** Destinations whose pools are remembered. */
const REMEMBERED = 16;
const IDENTIFICATION_AT = 18;
/** Checksums of frames up to this length are verified before they are copied: vectors do not pay. */
const SHORT = 256;
/** What is counted of a queue: frames, bytes and octets from the wire, and from LOCAL on from pools. */
const COLUMNS = 6;
const LOCAL = 3;

/** Whether of a mask's bits one at most is set. */
function isSingle(queues: number): boolean {
  return (queues & (queues - 1)) === 0;
}

export class FastPath {
  private readonly context: PortContext;
  private readonly statistics: ReceiveParts['statistics'];
  private readonly delivery: Delivery;
  private readonly scaling: ReceiveSideScaling;
  private readonly values: Uint32Array;
  private readonly plan: FastPlan;
  private readonly ahead: DescriptorsAhead;
  /** Runs that have begun: a frame may cause others. */
  private depth: number;
  /** Whether any frame of the run may go this way. */
  private open: boolean;
  /** Pools of destinations as they were decided under this plan; 0 where none is remembered. */
  private readonly lows: Int32Array;
  private readonly highs: Int32Array;
  private readonly pools: Uint8Array;
  /** Dwords of the write-back at hand, but for its length. */
  private type: number;
  private second: number;
  private status: number;
  /** What was found in the last frame that went to a single queue and whose checksum was known, in this run; or 0. */
  private foundLast: number;
  /** Where that frame went, a bit a queue. */
  queuesLast: number;
  /** What the run has taken from the wire: frames, and their octets there. */
  private frames: number;
  private octets: number;
  /** Queues that the run has stored something in, and what it has raised besides. */
  private stored: number;
  private causes: number;
  /** By queue, what the run has stored for frames from the wire and from pools: frames, bytes, octets on the wire. */
  private readonly counts: Float64Array;

  constructor(
    context: PortContext,
    parts: Pick<ReceiveParts, 'statistics'>,
    delivery: Delivery,
    scaling: ReceiveSideScaling,
  ) {
    this.context = context;
    this.statistics = parts.statistics;
    this.delivery = delivery;
    this.scaling = scaling;
    this.values = context.registers.values;
    this.plan = new FastPlan();
    this.ahead = new DescriptorsAhead(context, this.plan);
    this.depth = 0;
    this.open = false;
    this.lows = new Int32Array(REMEMBERED);
    this.highs = new Int32Array(REMEMBERED);
    this.pools = new Uint8Array(REMEMBERED);
    this.type = 0;
    this.second = 0;
    this.status = 0;
    this.foundLast = 0;
    this.queuesLast = 0;
    this.frames = 0;
    this.octets = 0;
    this.stored = 0;
    this.causes = 0;
    this.counts = new Float64Array(QUEUES * COLUMNS);
  }

  /** Every run ends with `end`, and frames go this way only within one. It has about so many. */
  begin(frames: number): void {
    this.depth += 1;
    this.foundLast = 0;
    if (this.depth > 1) {
      this.ahead.expect(frames);
      return;
    }
    const { context, plan } = this;
    if (plan.version !== context.settings.version) {
      plan.make(context, this.delivery.rings);
      this.pools.fill(0);
    }
    this.open = plan.usable && simd !== undefined && !this.isWatched();
    this.ahead.begin(frames);
  }

  end(): void {
    this.depth -= 1;
    if (this.depth === 0 && this.stored !== 0) this.settle();
  }

  /** Frames from the wire that came at once: how many went this way. */
  receiveRun({ starts, lengths, first, end }: FrameRun): number {
    // Captures see frames of the wire one by one.
    if (this.context.taps.watched !== 0) return 0;
    this.begin(end - first);
    let at = first;
    while (at < end && this.receive(starts[at]!, lengths[at]!, false)) at += 1;
    this.end();
    return at - first;
  }

  /** A finished frame from the wire at `at` in the arena; false where it has to go the long way. */
  receive(at: number, length: number, knownGood: boolean): boolean {
    const { plan } = this;
    if (!this.open || length < MINIMUM_BYTES || length > plan.longest) return false;
    const found = simd!.inspect(at, length, knownGood || length > SHORT ? 0 : 1);
    if (found === 0) return false;
    const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    const high = bytes[at + 4]! | (bytes[at + 5]! << 8);
    const place = (high >>> 8) & (REMEMBERED - 1);
    let pools = this.pools[place]!;
    if (pools === 0 || this.lows[place] !== low || this.highs[place] !== high) {
      pools = this.decide(low, high);
      if (pools === 0) return false;
      this.lows[place] = low;
      this.highs[place] = high;
      this.pools[place] = pools;
    }
    this.hash(at, found);
    const queues = plan.pooled ? pools : 1 << portQueue(this.values, this.scaling);
    if (!this.store(at, at, length, found, queues, NO_SENDER, knownGood)) return false;
    this.countReceived(at, length);
    this.foundLast = knownGood && isSingle(queues) && (low & 1) === 0 ? found : 0;
    this.queuesLast = queues;
    return true;
  }

  /** A frame was received from the wire. */
  private countReceived(at: number, length: number): void {
    this.statistics.receivedOne(bytes, at, length);
    this.frames += 1;
    this.octets += wireLength(length);
  }

  /**
   * A frame that the switch gives to `pools`, in the terms of `ReceiveEngine.switched`. Behind HEADERS_COPIED bytes it goes on
   * at `body`; where that is not `at`, only a single pool may get it.
   */
  switched(at: number, body: number, length: number, knownGood: boolean, sourcePool: number, pools: number): boolean {
    const { plan } = this;
    if (body !== at && (!isSingle(pools) || this.context.taps.watched !== 0)) return false;
    if (!this.open || !plan.pooled || length < MINIMUM_BYTES || length > plan.longest) return false;
    const found = simd!.inspect(at, length, knownGood || length > SHORT ? 0 : 1);
    if (found === 0) return false;
    this.hash(at, found);
    if (!this.store(at, body, length, found, pools, sourcePool, knownGood)) return false;
    this.foundLast = knownGood ? found : 0;
    return true;
  }

  /**
   * The buffer of the only queue (a bit, as all of these) that gets the next frame, to be made in place; -1 where it has to come by
   * `switched` or `receive`. The frame is like the last one, but for its payload and numbers: a segment of the same packet.
   */
  placeFor(length: number, queues: number): number {
    const { plan } = this;
    if (this.foundLast === 0 || !isSingle(queues) || this.context.taps.watched !== 0) return NO_PLACE;
    if (length < MINIMUM_BYTES || length > plan.longest) return NO_PLACE;
    if ((queues & ~plan.queues) !== 0 || (queues & this.delivery.waitingQueues) !== 0) return NO_PLACE;
    const queue = 31 - Math.clz32(queues);
    return this.ahead.find(queue, length) ? this.ahead.buffers[queue]! : NO_PLACE;
  }

  /** The frame is where `placeFor` said, and its headers at `headers` in the arena as well. From the wire `sourcePool` is -1. */
  placed(headers: number, length: number, sourcePool: number, queues: number): void {
    const queue = 31 - Math.clz32(queues);
    this.compose(headers, this.foundLast, sourcePool);
    simd!.store(this.ahead.descriptors[queue]!, this.type, this.second, this.status, length);
    this.count(queue, length, sourcePool);
    if (sourcePool < 0) this.countReceived(headers, length);
    this.stored |= queues;
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

  /** Pools for an untagged frame from the wire; on a port without pools 1 where it is accepted. */
  private decide(low: number, high: number): number {
    const { values } = this;
    const kind = destinationKind(low, high);
    if (!this.plan.pooled) return acceptsDestination(values, kind, low, high) ? 1 : 0;
    const selected = selectPools(values, kind, low, high, UNTAGGED, NO_SENDER) & POOLS_MASK;
    return selected | mirrorPools(values, selected, UNTAGGED, FROM_WIRE);
  }

  private hash(at: number, found: number): void {
    const { plan, scaling } = this;
    if (plan.scales) scaling.classifyPlain(plan.rssTypes[found]!, (found & inspected.ipv6) === 0, bytes, at);
    else scaling.none();
  }

  /** Stores the frame in all of the queues, or in none. */
  private store(
    at: number,
    body: number,
    length: number,
    found: number,
    queues: number,
    sourcePool: number,
    knownGood: boolean,
  ): boolean {
    const { plan } = this;
    const { buffers, descriptors } = this.ahead;
    const { taps } = this.context;
    if ((queues & ~plan.queues) !== 0 || (queues & this.delivery.waitingQueues) !== 0) return false;
    for (let rest = queues; rest !== 0; rest &= rest - 1) {
      if (!this.ahead.find(31 - Math.clz32(rest & -rest), length)) return false;
    }
    this.compose(at, found, sourcePool);
    // Of a longer frame the checksum is verified while it is copied for the first time.
    let bad = 0;
    if (length > SHORT && !knownGood && (found & inspected.unchecked) === 0) {
      bad = plan.statuses[found | inspected.badTransport]! & ~plan.statuses[found]!;
    }
    for (let rest = queues; rest !== 0; rest &= rest - 1) {
      const queue = 31 - Math.clz32(rest & -rest);
      const buffer = buffers[queue]!;
      const descriptor = descriptors[queue]!;
      const { type, second, status } = this;
      if (bad !== 0) {
        this.status = simd!.deliverVerified(
          buffer,
          at,
          body,
          length,
          found,
          descriptor,
          type,
          second,
          status,
          length,
          bad,
        );
        bad = 0;
      } else if (body === at) simd!.deliver(buffer, at, length, descriptor, type, second, status, length);
      else {
        simd!.copy(buffer, at, HEADERS_COPIED);
        simd!.copy(buffer + HEADERS_COPIED, body + HEADERS_COPIED, length - HEADERS_COPIED);
        simd!.store(descriptor, type, second, status, length);
      }
      this.count(queue, length, sourcePool);
      if (taps.on[capturedAt.queues] !== 0) taps.queue(0, queue, bytes, at, length, undefined);
    }
    // Multicasts of the wire count for each pool besides.
    if (sourcePool < 0 && (bytes[at]! & 1) !== 0) this.statistics.deliveredGroup(bytes, at, queues);
    this.stored |= queues;
    return true;
  }

  /** Sets what a descriptor says of a frame with headers at `at` in which this was found. */
  private compose(at: number, found: number, sourcePool: number): void {
    const { plan } = this;
    this.status = sourcePool >= 0 ? plan.statuses[found]! | STATUS.LB : plan.statuses[found]!;
    this.type = plan.types[found]!;
    this.second = 0;
    if (plan.reportsHash) {
      this.type |= this.scaling.type;
      this.second = this.scaling.hash;
    } else if ((found & inspected.ipv6) === 0) {
      this.second = (bytes[at + IDENTIFICATION_AT]! << 8) | bytes[at + IDENTIFICATION_AT + 1]!;
    }
  }

  /** A frame is in the queue: the head moves on. */
  private count(queue: number, length: number, sourcePool: number): void {
    const { counts } = this;
    this.advance(queue);
    const to = queue * COLUMNS + (sourcePool >= 0 ? LOCAL : 0);
    counts[to]! += 1;
    counts[to + 1]! += length;
    counts[to + 2]! += wireLength(length);
  }

  /** Moves the head over a descriptor; few left may be a cause. */
  private advance(queue: number): void {
    const { plan, values } = this;
    const size = plan.sizes[queue]!;
    const head = values[RDH.index + queue * RDH.step]! & 0xffff;
    const next = head + 1 === size ? 0 : head + 1;
    values[RDH.index + queue * RDH.step] = next;
    const tail = values[RDT.index + queue * RDT.step]! & 0xffff;
    const left = tail >= next ? tail - next : tail - next + size;
    if (left === plan.thresholds[queue]) this.causes |= ICR.RXDMT0.mask;
  }

  /** Counts what the run has stored, and has its interrupts follow. */
  private settle(): void {
    const { counts, statistics, stored, causes } = this;
    for (let rest = stored; rest !== 0; rest &= rest - 1) {
      const queue = 31 - Math.clz32(rest & -rest);
      const at = queue * COLUMNS;
      if (counts[at] !== 0) statistics.deliveredSum(queue, counts[at]!, counts[at + 1]!, counts[at + 2]!);
      if (counts[at + LOCAL] !== 0) {
        statistics.deliveredLocally(queue, counts[at + LOCAL]!, counts[at + LOCAL + 1]!, counts[at + LOCAL + 2]!);
      }
    }
    if (this.frames !== 0) statistics.receivedSum(this.frames, this.octets);
    counts.fill(0);
    this.frames = 0;
    this.octets = 0;
    this.stored = 0;
    this.causes = 0;
    this.delivery.stored(stored, causes);
  }
}
