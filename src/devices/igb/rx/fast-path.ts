/**
 * The short way of a plain frame (fast-plan.ts) from the arena to the buffers of its queues, with the same outcome as the long
 * one: all that the registers decide is known, what the frame says takes one look, and a queue takes one copy. Anything
 * unusual about frame, queue, memory or who watches makes it refuse before it has done anything, and the frame goes the long way.
 */
import { arena, inspected } from '../../../packet/arena.ts';
import { QUEUES, type PortContext } from '../context.ts';
import { FROM_WIRE, mirrorPools } from '../switch/mirror.ts';
import { pf } from '../tables/index.ts';
import type { Delivery } from './delivery.ts';
import { FastPlan } from './fast-plan.ts';
import { acceptsDestination, destinationKind } from './filter.ts';
import { STATUS } from './offload.ts';
import type { ReceiveParts } from './parts.ts';
import { POOLS_MASK, selectPools } from './pools.ts';
import { portQueue } from './queue-select.ts';
import { DESCRIPTOR_BYTES } from './ring.ts';
import type { ReceiveSideScaling } from './rss.ts';
import { MINIMUM_BYTES } from './size.ts';

const { ICR, RDH, RDLEN, RDT } = pf;
const { bytes, dwords, simd } = arena;

const UNTAGGED = -1;
const NO_SENDER = -1;
const NO_PLACE = -1;
const TWO_32 = 2 ** 32;
/** Destinations whose pools are remembered. */
const REMEMBERED = 16;
const IDENTIFICATION_AT = 18;

export class FastPath {
  private readonly context: PortContext;
  private readonly statistics: ReceiveParts['statistics'];
  private readonly delivery: Delivery;
  private readonly scaling: ReceiveSideScaling;
  private readonly values: Uint32Array;
  private readonly plan: FastPlan;
  /** Pools of destinations as they were decided under this plan; 0 where none is remembered. */
  private readonly lows: Int32Array;
  private readonly highs: Int32Array;
  private readonly pools: Uint8Array;
  /** By queue, for the frame at hand: where its buffer and its descriptor lie in the arena's memory. */
  private readonly buffers: Int32Array;
  private readonly descriptors: Int32Array;

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
    this.lows = new Int32Array(REMEMBERED);
    this.highs = new Int32Array(REMEMBERED);
    this.pools = new Uint8Array(REMEMBERED);
    this.buffers = new Int32Array(QUEUES);
    this.descriptors = new Int32Array(QUEUES);
  }

  /** A finished frame from the wire at `at` in the arena; false where it has to go the long way. */
  receive(at: number, length: number, knownGood: boolean): boolean {
    if (!this.suits(length)) return false;
    const { plan } = this;
    const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    const high = bytes[at + 4]! | (bytes[at + 5]! << 8);
    const found = simd!.inspect(at, length, knownGood ? 0 : 1);
    if (found === 0) return false;
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
    if (!this.store(at, length, found, queues, NO_SENDER)) return false;
    this.statistics.received(bytes, at, length);
    return true;
  }

  /** A frame that the switch gives to `pools`, in the terms of `ReceiveEngine.switched`. */
  switched(at: number, length: number, knownGood: boolean, sourcePool: number, pools: number): boolean {
    if (!this.suits(length) || !this.plan.pooled) return false;
    const found = simd!.inspect(at, length, knownGood ? 0 : 1);
    if (found === 0) return false;
    this.hash(at, found);
    return this.store(at, length, found, pools, sourcePool);
  }

  /** Whether anything goes this way now, of frames of this length; brings the plan up to date. */
  private suits(length: number): boolean {
    const { context, plan } = this;
    if (plan.version !== context.settings.version) {
      plan.make(context, this.delivery.rings);
      this.pools.fill(0);
    }
    return plan.usable && length >= MINIMUM_BYTES && length <= plan.longest && simd !== undefined && !this.isWatched();
  }

  /** Somebody wants to see the steps of the long way. */
  private isWatched(): boolean {
    const { taps, events } = this.context;
    const { on } = this.context.trace;
    return (
      (taps.watched |
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
  private store(at: number, length: number, found: number, queues: number, sourcePool: number): boolean {
    const { plan, values, buffers, descriptors } = this;
    if ((queues & ~plan.queues) !== 0 || (queues & this.delivery.waitingQueues) !== 0) return false;
    for (let rest = queues; rest !== 0; rest &= rest - 1) {
      if (!this.findRoom(31 - Math.clz32(rest & -rest), length)) return false;
    }
    let status = plan.statuses[found]!;
    if (sourcePool >= 0) status |= STATUS.LB;
    let type = plan.types[found]!;
    let second = 0;
    if (plan.reportsHash) {
      type |= this.scaling.type;
      second = this.scaling.hash;
    } else if ((found & inspected.ipv6) === 0) {
      second = (bytes[at + IDENTIFICATION_AT]! << 8) | bytes[at + IDENTIFICATION_AT + 1]!;
    }
    let causes = 0;
    for (let rest = queues; rest !== 0; rest &= rest - 1) {
      const queue = 31 - Math.clz32(rest & -rest);
      simd!.deliver(buffers[queue]!, at, length, descriptors[queue]!, type, second, status, length);
      const size = (values[RDLEN.index + queue * RDLEN.step]! & 0xfffff) >>> 4;
      const head = values[RDH.index + queue * RDH.step]! & 0xffff;
      const next = head + 1 === size ? 0 : head + 1;
      values[RDH.index + queue * RDH.step] = next;
      const tail = values[RDT.index + queue * RDT.step]! & 0xffff;
      const left = tail >= next ? tail - next : tail - next + size;
      if (left === plan.thresholds[queue]) causes |= ICR.RXDMT0.mask;
      if (sourcePool < 0) this.statistics.delivered(bytes, at, length, queue);
      else this.statistics.deliveredLocally(length, queue);
    }
    this.delivery.stored(queues, causes);
    return true;
  }

  /** Finds the next descriptor of a queue and its buffer; false where either is missing or out of the arena's reach. */
  private findRoom(queue: number, length: number): boolean {
    const { context, values, plan } = this;
    const size = (values[RDLEN.index + queue * RDLEN.step]! & 0xfffff) >>> 4;
    const head = values[RDH.index + queue * RDH.step]! & 0xffff;
    const tail = values[RDT.index + queue * RDT.step]! & 0xffff;
    if (head === tail || head >= size || tail >= size || length > plan.bufferBytes[queue]!) return false;
    const memory = context.memory[context.queueFunction[queue]!]!;
    const descriptor = plan.bases[queue]! + head * DESCRIPTOR_BYTES;
    const place = memory.placeForWriting(descriptor, DESCRIPTOR_BYTES);
    if (place === NO_PLACE) return false;
    const address = dwords[(place >>> 2) + 1]! * TWO_32 + dwords[place >>> 2]!;
    if (address === 0) return false;
    const buffer = memory.placeForWriting(address, length);
    this.descriptors[queue] = place;
    this.buffers[queue] = buffer;
    return buffer !== NO_PLACE;
  }
}
