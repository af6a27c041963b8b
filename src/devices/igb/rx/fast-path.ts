/**
 * The short way of plain frames (fast-plan.ts) from the arena to the buffers of their queues, with the same outcome as the long
 * one: all that the registers decide is known, what a frame says takes one look, and a queue takes one copy. Anything unusual
 * about frame, queue, memory or who watches makes it refuse before it has done anything, and the frame goes the long way.
 *
 * Frames come in runs, between whose frames nobody writes a register or changes a map: what holds for all of them is looked
 * up once, and what they count is counted together.
 */
import { arena, inspected, MODEL, MODEL_BYTES } from '../../../packet/arena.ts';
import { capturedAt, type FrameRun } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { pf } from '../tables/index.ts';
import type { Delivery } from './delivery.ts';
import { DescriptorsAhead } from './descriptors-ahead.ts';
import { FastPlan } from './fast-plan.ts';
import { KnownPools } from './known-pools.ts';
import { STATUS } from './offload.ts';
import type { ReceiveParts } from './parts.ts';
import { portQueue } from './queue-select.ts';
import type { ReceiveSideScaling } from './rss.ts';
import { RunCounts } from './run-counts.ts';
import { MINIMUM_BYTES } from './size.ts';
import { TAG_BYTES, UNTAGGED } from './vlan.ts';

const { ICR, RDH, RDT } = pf;
const { bytes, dwords, simd } = arena;

/** The frame that others are compared with, for `deliverAlike`. */
const MODEL_AT = arena.reserve(MODEL_BYTES);
const MODEL_DWORD = MODEL_AT >>> 2;
/** Of a model's frame. */
const KEY_BYTES = 64;

const NO_SENDER = -1;
const NO_PLACE = -1;
const IDENTIFICATION_AT = 18;
/** Checksums of frames up to this length are verified before they are copied: vectors do not pay. */
const SHORT = 256;

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
  private readonly known: KnownPools;
  private readonly counts: RunCounts;
  /** Runs that have begun: a frame may cause others. */
  private depth: number;
  /** Whether any frame of the run may go this way. */
  private open: boolean;
  /** Of the frame at hand: its tag or UNTAGGED, and where the rest of it begins as if it had none. */
  private tag: number;
  private untagged: number;
  /** Its transport checksum is yet to be verified, while it is copied. */
  private unverified: boolean;
  /** Dwords of its write-back, but for what a stripped tag and its length add. */
  private type: number;
  private second: number;
  private status: number;
  /** What was found in the last frame that went to a single queue and whose checksum was known, in this run; or 0. */
  private foundLast: number;
  /** Where that frame went, a bit a queue. */
  queuesLast: number;
  /** Where it was, and what was found in it. */
  private lastAt: number;
  private lastFound: number;

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
    this.known = new KnownPools(this.values);
    this.counts = new RunCounts(parts.statistics, delivery);
    this.depth = 0;
    this.open = false;
    this.tag = UNTAGGED;
    this.untagged = 0;
    this.unverified = false;
    this.type = 0;
    this.second = 0;
    this.status = 0;
    this.foundLast = 0;
    this.queuesLast = 0;
    this.lastAt = 0;
    this.lastFound = 0;
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
      this.known.forget(plan.pooled);
    }
    this.open = plan.usable && simd !== undefined && !this.isWatched();
    this.ahead.begin(frames);
  }

  end(): void {
    this.depth -= 1;
    if (this.depth === 0) this.counts.settle();
  }

  /** Frames from the wire that came at once: how many went this way. */
  receiveRun({ starts, lengths, first, end }: FrameRun): number {
    // Captures see frames of the wire one by one.
    if (this.context.taps.watched !== 0) return 0;
    this.begin(end - first);
    let at = first;
    while (at < end && this.receive(starts[at]!, lengths[at]!, false)) {
      at += 1;
      if (at < end && this.model()) at = this.follow(starts, lengths, at, end);
    }
    this.end();
    return at - first;
  }

  /** A finished frame from the wire at `at` in the arena; false where it has to go the long way. */
  receive(at: number, length: number, knownGood: boolean): boolean {
    const { plan } = this;
    const found = this.look(at, length, knownGood);
    if (found === 0) return false;
    const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    const high = bytes[at + 4]! | (bytes[at + 5]! << 8);
    const pools = this.known.find(low, high, this.tag);
    if (pools === 0) return false;
    this.hash(found);
    const queues = plan.pooled ? pools : 1 << portQueue(this.values, this.scaling);
    if (!this.store(at, at, length, found, queues, NO_SENDER)) return false;
    this.countReceived(at, length);
    this.foundLast = knownGood && isSingle(queues) && (low & 1) === 0 && this.tag === UNTAGGED ? found : 0;
    this.queuesLast = queues;
    this.lastAt = at;
    this.lastFound = found;
    return true;
  }

  /** Writes down what the frame received last was, and what became of it; false where that is of no use for others. */
  private model(): boolean {
    const { plan, lastAt: at, lastFound: found, queuesLast } = this;
    if (!isSingle(queuesLast) || (bytes[at]! & 1) !== 0) return false;
    const removed = removedBy(this.stripping(at), 31 - Math.clz32(queuesLast));
    simd!.copy(MODEL_AT, at, KEY_BYTES);
    dwords[MODEL_DWORD + MODEL.found] = found;
    dwords[MODEL_DWORD + MODEL.verified] = this.unverified ? 0 : 1;
    dwords[MODEL_DWORD + MODEL.bad] = this.badBits(found);
    dwords[MODEL_DWORD + MODEL.tagBytes] = this.untagged - at;
    dwords[MODEL_DWORD + MODEL.removed] = removed;
    dwords[MODEL_DWORD + MODEL.sameFlow] = plan.scales ? 1 : 0;
    dwords[MODEL_DWORD + MODEL.type] = this.type;
    dwords[MODEL_DWORD + MODEL.second] = this.second;
    dwords[MODEL_DWORD + MODEL.status] = removed === 0 ? plan.statuses[found]! : plan.statuses[found]! | STATUS.VP;
    dwords[MODEL_DWORD + MODEL.last] = removed === 0 ? 0 : this.tag << 16;
    dwords[MODEL_DWORD + MODEL.identifies] = !plan.reportsHash && (found & inspected.ipv6) === 0 ? 1 : 0;
    return true;
  }

  /** Frames [first, end) of a run from the wire, as many as are like the model; returns the first one that is not. */
  private follow(starts: Int32Array, lengths: Int32Array, first: number, end: number): number {
    const { ahead, plan, unverified } = this;
    const queue = 31 - Math.clz32(this.queuesLast);
    const tagBytes = dwords[MODEL_DWORD + MODEL.tagBytes]!;
    const removed = dwords[MODEL_DWORD + MODEL.removed]!;
    // Whether checksums are verified before or while frames are copied is the same for all of them.
    const least = unverified ? SHORT + tagBytes + 1 : MINIMUM_BYTES;
    const longest = tagBytes === 0 ? plan.longest : plan.longestTagged;
    const most = unverified || (tagBytes !== 0 && !plan.stripsAll) ? longest : Math.min(SHORT + tagBytes, longest);
    let at = first;
    for (; at < end; at += 1) {
      const length = lengths[at]!;
      if (length < least || length > most || !ahead.find(queue, length - removed)) break;
      const { buffers, descriptors } = ahead;
      if (simd!.deliverAlike(MODEL_AT, starts[at]!, length, buffers[queue]!, descriptors[queue]!) === 0) break;
      this.advance(queue);
      this.counts.storedIn(queue, length, false);
      this.countReceived(starts[at]!, length);
    }
    return at;
  }

  /** A frame was received from the wire. */
  private countReceived(at: number, length: number): void {
    this.statistics.receivedOne(bytes, at, length);
    this.counts.received(length);
  }

  /**
   * A frame that the switch gives to `pools`, in the terms of `ReceiveEngine.switched`. Behind HEADERS_COPIED bytes, and a tag, it
   * goes on at `body`; where that is not `at`, only a single pool may get it.
   */
  switched(at: number, body: number, length: number, knownGood: boolean, sourcePool: number, pools: number): boolean {
    const apart = body !== at;
    if (apart && (!isSingle(pools) || this.context.taps.watched !== 0)) return false;
    if (!this.plan.pooled) return false;
    const found = this.look(at, length, knownGood);
    if (found === 0 || (apart && !knownGood && !this.unverified)) return false;
    this.hash(found);
    if (!this.store(at, body, length, found, pools, sourcePool)) return false;
    this.foundLast = knownGood && this.tag === UNTAGGED ? found : 0;
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
    this.untagged = headers;
    this.compose(this.foundLast, sourcePool);
    simd!.store(this.ahead.descriptors[queue]!, this.type, this.second, this.status, length);
    this.advance(queue);
    this.counts.storedIn(queue, length, sourcePool >= 0);
    if (sourcePool < 0) this.countReceived(headers, length);
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

  /**
   * What is in the frame at `at` in the arena, in bits of `inspected`, or 0 where it has to go the long way; sets what is known of it
   * besides.
   */
  private look(at: number, length: number, knownGood: boolean): number {
    const { plan } = this;
    if (!this.open) return 0;
    this.tag = UNTAGGED;
    this.untagged = at;
    let { longest } = plan;
    let rest = length;
    // 802.1Q: the plan wants no other type of tags.
    if (bytes[at + 12] === 0x81 && bytes[at + 13] === 0) {
      this.tag = (bytes[at + 14]! << 8) | bytes[at + 15]!;
      this.untagged = at + TAG_BYTES;
      longest = plan.longestTagged;
      rest = length - TAG_BYTES;
    }
    if (length < MINIMUM_BYTES || length > longest) return 0;
    this.unverified = !knownGood && rest > SHORT && (rest === length || plan.stripsAll);
    return simd!.inspect(this.untagged, rest, knownGood || this.unverified ? 0 : 1);
  }

  private hash(found: number): void {
    const { plan, scaling } = this;
    if (plan.scales) {
      scaling.classifyPlain(plan.rssTypes[found]!, (found & inspected.ipv6) === 0, bytes, this.untagged);
    } else scaling.none();
  }

  /** Stores the frame in all of the queues, or in none. */
  private store(at: number, body: number, length: number, found: number, queues: number, sourcePool: number): boolean {
    const { plan, ahead } = this;
    const { taps } = this.context;
    if ((queues & ~plan.queues) !== 0 || (queues & this.delivery.waitingQueues) !== 0) return false;
    const strips = this.stripping(at);
    for (let rest = queues; rest !== 0; rest &= rest - 1) {
      const queue = 31 - Math.clz32(rest & -rest);
      if (!ahead.find(queue, length - removedBy(strips, queue))) return false;
    }
    this.compose(found, sourcePool);
    // Of a longer frame the checksum is verified while it is copied for the first time.
    let bad = this.badBits(found);
    for (let rest = queues; rest !== 0; rest &= rest - 1) {
      const queue = 31 - Math.clz32(rest & -rest);
      const removed = removedBy(strips, queue);
      this.put(queue, at, body, length, removed, found, bad);
      bad = 0;
      this.advance(queue);
      this.counts.storedIn(queue, length, sourcePool >= 0);
      if (taps.on[capturedAt.queues] !== 0) taps.queue(0, queue, bytes, at, length, undefined);
    }
    // Multicasts of the wire count for each pool besides.
    if (sourcePool < 0 && (bytes[at]! & 1) !== 0) this.statistics.deliveredGroup(bytes, at, queues);
    return true;
  }

  /**
   * Puts the frame into the buffer that was found for a queue, without the tag where bytes are removed. Where its checksum is found to
   * be wrong, the bits of `bad` are added to its status, here and for the queues that follow.
   */
  private put(
    queue: number,
    at: number,
    body: number,
    length: number,
    removed: number,
    found: number,
    bad: number,
  ): void {
    const { type, second } = this;
    const buffer = this.ahead.buffers[queue]!;
    const descriptor = this.ahead.descriptors[queue]!;
    const stored = length - removed;
    const status = removed === 0 ? this.status : this.status | STATUS.VP;
    const last = removed === 0 ? stored : stored | (this.tag << 16);
    if (bad === 0) {
      simd!.deliver(buffer, at, at + removed, body + removed, stored, descriptor, type, second, status, last);
    } else {
      const written = simd!.deliverVerified(
        buffer,
        at,
        at + removed,
        body + removed,
        stored,
        found,
        descriptor,
        type,
        second,
        status,
        last,
        bad,
      );
      this.status |= written & bad;
    }
  }

  /** What the status gets where a checksum that is verified while the frame is copied is wrong; 0 where none is. */
  private badBits(found: number): number {
    const { statuses } = this.plan;
    if (!this.unverified || (found & inspected.unchecked) !== 0) return 0;
    return statuses[found | inspected.badTransport]! & ~statuses[found]!;
  }

  /** Queues that take the tag out of the frame at `at`. */
  private stripping(at: number): number {
    const { plan } = this;
    if (this.tag === UNTAGGED) return 0;
    return (bytes[at]! & 1) !== 0 && !isBroadcast(at) ? plan.stripsMulticasts : plan.stripsOthers;
  }

  /** Sets what a descriptor says of the frame at hand, in which this was found. */
  private compose(found: number, sourcePool: number): void {
    const { plan, untagged } = this;
    this.status = sourcePool >= 0 ? plan.statuses[found]! | STATUS.LB : plan.statuses[found]!;
    this.type = plan.types[found]!;
    this.second = 0;
    if (plan.reportsHash) {
      this.type |= this.scaling.type;
      this.second = this.scaling.hash;
    } else if ((found & inspected.ipv6) === 0) {
      this.second = (bytes[untagged + IDENTIFICATION_AT]! << 8) | bytes[untagged + IDENTIFICATION_AT + 1]!;
    }
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
    if (left === plan.thresholds[queue]) this.counts.causes |= ICR.RXDMT0.mask;
  }
}

function removedBy(strips: number, queue: number): number {
  return ((strips >>> queue) & 1) * TAG_BYTES;
}

function isBroadcast(at: number): boolean {
  for (let n = 0; n < 6; n += 1) if (bytes[at + n] !== 0xff) return false;
  return true;
}
