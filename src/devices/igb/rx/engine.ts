/**
 * The receive side of a port: frames from the wire, and those that the transmit side loops back, through the filters to their
 * queues (delivery.ts). Works on the registers as they stand.
 */
import { arena } from '../../../packet/arena.ts';
import { finishChecksum } from '../../../packet/finish.ts';
import { Segmenter, type SegmentSink } from '../../../packet/segment.ts';
import { NOWHERE, type FrameOffload, type FrameRun } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { ReceiveStamps } from '../time/receive-stamps.ts';
import { FROM_WIRE, mirrorPools } from '../switch/mirror.ts';
import { STORM_DROP, STORM_EVENT, StormControl } from '../switch/storm-control.ts';
import { pf } from '../tables/index.ts';
import { Classifier } from './classify.ts';
import { Delivery } from './delivery.ts';
import { FastPath } from './fast-path.ts';
import { BROADCAST, UNICAST, acceptsDestination } from './filter.ts';
import { ReceivedFrame } from './frame.ts';
import { STATUS } from './offload.ts';
import type { ReceiveParts } from './parts.ts';
import { controlOpcode, isMacControl, pauseTime } from './pause.ts';
import { POOLS_MASK, poolReason, selectPools } from './pools.ts';
import { usesPools } from './queue-select.ts';
import { FrameRoom, SPARE_BYTES } from './room.ts';
import { HEADER_BYTES, MAXIMUM_BYTES, MINIMUM_BYTES, isOversize, poolsForLength } from './size.ts';
import { ViewCache } from '../../../packet/views.ts';
import { passesVlanFilter } from './vlan.ts';

const { ICR, MRQC, RCTL, RLPML, ROC, RUC } = pf;

/** A frame with segmentation left to do: 64 KB and headers. */
const LARGE_BYTES = 65536 + 1024;

const NO_SENDER = -1;
/** Where a frame comes from, in the words of igb_rx_frame. */
const FROM = { wire: 0, pool: 1, loopback: 2 } as const;

export class ReceiveEngine implements SegmentSink {
  private readonly context: PortContext;
  private readonly parts: ReceiveParts;
  private readonly values: Uint32Array;
  private readonly classifier: Classifier;
  private readonly delivery: Delivery;
  private readonly fast: FastPath;
  private readonly stamps: ReceiveStamps | undefined;
  private readonly storms: StormControl;
  private readonly segmenter: Segmenter;
  private readonly frame: ReceivedFrame;
  /** Room for a frame of ordinary size, and for a large one, that have to be changed or do not lie in the arena. */
  private readonly room: FrameRoom;
  private readonly large: number;

  constructor(context: PortContext, parts: ReceiveParts) {
    this.context = context;
    this.parts = parts;
    this.values = context.registers.values;
    this.classifier = new Classifier(this.values);
    this.frame = new ReceivedFrame();
    this.large = arena.reserve(LARGE_BYTES + SPARE_BYTES);
    const views = new ViewCache();
    this.room = new FrameRoom(views);
    this.delivery = new Delivery(context, parts, {
      frame: this.frame,
      classifier: this.classifier,
      room: this.room,
      views,
    });
    this.fast = new FastPath(context, parts, this.delivery, this.classifier.scaling);
    this.stamps = parts.time && new ReceiveStamps(this.values, parts.time);
    this.storms = new StormControl(this.values, context.clock);
    this.segmenter = new Segmenter();
  }

  /** A frame from the wire, in the terms of WirePort. The port asks only while it has a link. */
  receive(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    this.trace(this.context.events.igb_rx_frame, length, FROM.wire);
    this.admit(bytes, offset, length, offload);
  }

  /** `receive` for several, in the terms of `WirePort.receiveRun`. */
  receiveRun(run: FrameRun): number {
    return this.fast.receiveRun(run);
  }

  /** Frames that are switched between these two belong together, about so many: what they count is counted at the end. */
  beginRun(frames: number): void {
    this.fast.begin(frames);
  }

  endRun(): void {
    this.fast.end();
  }

  /** Frames behind the last one `switched`, in the terms of `PoolSink.follow`. */
  followSwitched(places: Int32Array, lengths: Uint16Array, first: number, end: number, from: number): number {
    return this.fast.followSwitched(places, lengths, first, end, from);
  }

  /** Frames like the last one `switched` were made where `placesFor` said. */
  switchedInPlace(headers: number, length: number, count: number, identification: number): void {
    this.fast.placed(headers, length, count, identification, true);
  }

  /** A frame that comes back through MAC or PHY loopback, which makes it one from the wire but for the link. */
  loopback(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    this.trace(this.context.events.igb_rx_frame, length, FROM.loopback);
    this.admit(bytes, offset, length, offload);
  }

  /**
   * A finished frame at `headers` in the arena that `sourcePool` sent and the switch gives to `pools`, a bit each; bytes behind it may
   * be overwritten. `knownGood`: its transport checksum is known to be right. Of a plain frame only HEADERS_COPIED bytes, and a tag,
   * have to be there if all of it lies at `body` in the arena's memory. False where no pool may have it, or where it has to come whole.
   */
  switched(
    headers: number,
    body: number,
    length: number,
    knownGood: boolean,
    sourcePool: number,
    pools: number,
  ): boolean {
    const { frame, values, classifier } = this;
    const { bytes } = arena;
    if (this.fastSwitched(headers, body, length, knownGood, pools)) return true;
    if (body !== headers) return false;
    this.trace(this.context.events.igb_rx_frame, length, FROM.pool);
    if ((values[RCTL.index]! & RCTL.EN.mask) === 0) {
      this.context.taps.drop(0, this.context.events.igb_rx_drop_disabled, NOWHERE, bytes, headers, length);
      this.trace(this.context.events.igb_rx_drop_disabled, length);
      return false;
    }
    if (!this.take(bytes, headers, length, knownGood, true, sourcePool)) return false;
    const fitting = poolsForLength(values, pools, frame.length, frame.tags.count);
    if (fitting === 0) {
      this.dropOversize(bytes, headers, frame.length);
      return false;
    }
    classifier.finish(frame);
    this.distribute(fitting);
    return true;
  }

  /** Whether the filters take a frame from the wire, which is not received; its headers then are in `frame`. */
  wouldAccept(frame: ReceivedFrame, bytes: Uint8Array, offset: number, length: number): boolean {
    if (length < HEADER_BYTES || length > MAXIMUM_BYTES) return false;
    const { values } = this;
    frame.take(bytes, offset, length);
    this.classifier.begin(frame);
    frame.headers.parse(bytes, offset, length);
    const { kind, low, high, tags } = frame;
    if (!passesVlanFilter(values, tags)) return false;
    if (!usesPools(values[MRQC.index]!)) return acceptsDestination(values, kind, low, high);
    return (selectPools(values, kind, low, high, tags.vid, -1) & POOLS_MASK) !== 0;
  }

  /** False while the wire is to wait. */
  canReceive(): boolean {
    return this.delivery.canReceive();
  }

  /** RDT of a queue was written. */
  tailWritten(queue: number): void {
    this.delivery.tailWritten(queue);
  }

  /** RXDCTL, SRRCTL, RCTL or another register that gates reception was written; `queue` is -1 where it is not one of a queue. */
  controlWritten(queue: number): void {
    this.delivery.controlWritten(queue);
  }

  reset(): void {
    this.storms.reset();
    this.delivery.reset();
  }

  /** RXDCTL.SWFLSH. */
  flushWriteBacks(queue: number): void {
    this.delivery.flushWriteBacks(queue);
  }

  resetQueue(queue: number): void {
    this.delivery.resetQueue(queue);
  }

  /** One segment of a large frame; called by the segmenter. */
  segment(bytes: Uint8Array, offset: number, length: number): void {
    this.accept(bytes, offset, length, true, true);
  }

  /** Where the next frames of a run may be made that are like the last one: in the buffers that they go to. */
  placesFor(length: number, most: number): number {
    return this.fast.placesFor(length, most);
  }

  get places(): Int32Array {
    return this.fast.places;
  }

  placed(headers: number, length: number, count: number, identification: number): void {
    this.fast.placed(headers, length, count, identification, false);
  }

  /** No filter lets the frame at hand through; `a` and `b` are what the event says. */
  private lose(event: number, a: number, b = 0): void {
    const { bytes, start, length } = this.frame;
    this.context.taps.drop(0, event, NOWHERE, bytes, start, length);
    this.trace(event, a, b);
  }

  private trace(event: number, a: number, b = 0): void {
    const { trace } = this.context;
    if (trace.on[event] !== 0) trace.emit(event, a, b);
  }

  /** Brings a frame into the arena and finishes what was left to do. */
  private admit(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    this.stamps?.arrives();
    if ((this.values[RCTL.index]! & RCTL.EN.mask) === 0) {
      this.context.taps.drop(0, this.context.events.igb_rx_drop_disabled, NOWHERE, bytes, offset, length);
      this.trace(this.context.events.igb_rx_drop_disabled, length);
      return;
    }
    if (offload !== undefined && offload.segmentation !== 'none') {
      this.admitLarge(bytes, offset, length, offload);
      return;
    }
    const needsChecksum = offload !== undefined && offload.needsChecksum;
    if (length > MAXIMUM_BYTES) {
      this.dropOversize(bytes, offset, length);
      return;
    }
    if (bytes === arena.bytes && !needsChecksum) {
      this.accept(bytes, offset, length, false, false);
      return;
    }
    this.room.copyIn(bytes, offset, length, this.room.at);
    const known =
      needsChecksum && finishChecksum(arena.bytes, this.room.at, length, offload.checksumStart, offload.checksumOffset);
    this.accept(arena.bytes, this.room.at, length, known, true);
  }

  private admitLarge(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload): void {
    if (length > LARGE_BYTES) {
      this.dropOversize(bytes, offset, length);
      return;
    }
    let start = offset;
    if (bytes !== arena.bytes) {
      start = this.large;
      this.room.copyIn(bytes, offset, length, start);
    }
    this.fast.begin(Math.ceil(length / Math.max(1, offload.segmentSize)));
    const count = this.segmenter.segmentOffloaded(arena.bytes, start, length, offload, this);
    this.fast.end();
    if (count > 0) return;
    const { taps, events } = this.context;
    taps.drop(0, events.igb_rx_drop_offload, NOWHERE, bytes, offset, length);
    this.trace(events.igb_rx_drop_offload, length, offload.segmentSize);
  }

  private dropOversize(bytes: Uint8Array, start: number, length: number): void {
    const { taps, events } = this.context;
    this.parts.statistics.count(ROC.index, 1);
    taps.drop(0, events.igb_rx_drop_oversize, NOWHERE, bytes, start, length);
    this.trace(events.igb_rx_drop_oversize, length, this.values[RLPML.index]! & 0x3fff);
  }

  /** A finished frame from the wire, in the arena, through filters to its queues. */
  private accept(bytes: Uint8Array, start: number, length: number, knownGood: boolean, hasSpare: boolean): void {
    const { frame, classifier } = this;
    if (this.fastReceive(start, length, knownGood)) return;
    if (!this.take(bytes, start, length, knownGood, hasSpare, NO_SENDER)) return;
    const pools = this.filter();
    if (pools === 0) {
      this.parts.statistics.filtered(frame.length);
      return;
    }
    classifier.finish(frame);
    if (this.stamps?.received(frame) === true) {
      frame.stamped = true;
      frame.status |= STATUS.TS;
    }
    this.distribute(pools);
  }

  private fastReceive(start: number, length: number, knownGood: boolean): boolean {
    this.fast.begin(1);
    const taken = this.fast.receive(start, length, knownGood, true);
    this.fast.end();
    return taken;
  }

  private fastSwitched(headers: number, body: number, length: number, knownGood: boolean, pools: number): boolean {
    this.fast.begin(1);
    const taken = this.fast.switched(headers, body, length, knownGood, pools);
    this.fast.end();
    return taken;
  }

  /** A frame that was classified goes to the queues of its pools. */
  private distribute(pools: number): void {
    const { frame, classifier } = this;
    const { trace, events } = this.context;
    const queues = classifier.queues(frame, pools);
    if (trace.on[events.igb_rx_rss] !== 0)
      trace.emit(events.igb_rx_rss, classifier.scaling.type, classifier.scaling.hash, queues);
    this.delivery.deliver(queues);
  }

  /**
   * Makes a frame the one at hand; false where its length is none. `hasSpare`: the bytes behind it may be overwritten.
   * Frames shorter than the medium's minimum are padded, since hosts do not do it, and not counted as undersized.
   */
  private take(
    bytes: Uint8Array,
    start: number,
    length: number,
    knownGood: boolean,
    hasSpare: boolean,
    sourcePool: number,
  ): boolean {
    const { frame } = this;
    if (length < HEADER_BYTES) {
      this.parts.statistics.count(RUC.index, 1);
      this.context.taps.drop(0, this.context.events.igb_rx_drop_undersize, NOWHERE, bytes, start, length);
      this.trace(this.context.events.igb_rx_drop_undersize, length);
      return false;
    }
    frame.take(bytes, start, length);
    frame.hasSpare = hasSpare;
    frame.knownGood = knownGood;
    frame.sourcePool = sourcePool;
    if (length < MINIMUM_BYTES) this.pad();
    this.classifier.begin(frame);
    if (!isOversize(this.values, frame.length, frame.tags.count)) return true;
    this.dropOversize(bytes, start, length);
    return false;
  }

  private pad(): void {
    const { frame } = this;
    if (!frame.hasSpare) this.room.makeOwn(frame);
    frame.bytes.fill(0, frame.start + frame.length, frame.start + MINIMUM_BYTES);
    frame.length = MINIMUM_BYTES;
  }

  /** Pools that take the frame (one bit on a port without pools); 0 where it was dropped, counted and traced. */
  private filter(): number {
    const { frame, values } = this;
    const { events } = this.context;
    if (isMacControl(values, frame) && !this.passesControl()) return 0;
    if (frame.kind !== UNICAST && this.storms.isOn && this.isStorm()) return 0;
    if (!passesVlanFilter(values, frame.tags)) {
      this.lose(events.igb_rx_drop_vlan, frame.tags.vid);
      return 0;
    }
    if (!usesPools(values[MRQC.index]!)) {
      if (acceptsDestination(values, frame.kind, frame.low, frame.high)) return 1;
      this.lose(events.igb_rx_drop_address, frame.high, frame.low >>> 0);
      return 0;
    }
    const { kind, low, high, tags } = frame;
    const selected = selectPools(values, kind, low, high, tags.vid, -1);
    const copies = mirrorPools(values, selected & POOLS_MASK, tags.vid, FROM_WIRE);
    const chosen = (selected & POOLS_MASK) | copies;
    const { trace } = this.context;
    if (trace.on[events.igb_switch_pools] !== 0) {
      trace.emit(events.igb_switch_pools, chosen, poolReason(values, kind, high, selected), tags.vid, copies);
    }
    const pools = poolsForLength(values, chosen, frame.length, tags.count);
    if (pools === 0) {
      if (chosen === 0) this.lose(events.igb_rx_drop_pool, chosen);
      else this.dropOversize(frame.bytes, frame.start, frame.length);
    }
    return pools;
  }

  /** Whether storm control drops the broadcast or multicast frame at hand. */
  private isStorm(): boolean {
    const { frame } = this;
    const { events } = this.context;
    const broadcast = frame.kind === BROADCAST;
    const verdict = this.storms.judge(broadcast, frame.length);
    if ((verdict & STORM_EVENT) !== 0) {
      this.delivery.raise(ICR.SCE.mask);
      this.trace(events.igb_switch_storm, broadcast ? 1 : 0, frame.length);
    }
    if ((verdict & STORM_DROP) === 0) return false;
    this.lose(events.igb_switch_drop_storm, broadcast ? 1 : 0, frame.length);
    return true;
  }

  /** Acts on a pause frame; it goes on to software only with RCTL.PMCF. */
  private passesControl(): boolean {
    const time = pauseTime(this.frame);
    this.parts.flow?.received(controlOpcode(this.frame), time);
    if ((this.values[RCTL.index]! & (RCTL.PMCF.mask | RCTL.DPF.mask)) === RCTL.PMCF.mask) return true;
    this.lose(this.context.events.igb_rx_drop_pause, time);
    return false;
  }
}
