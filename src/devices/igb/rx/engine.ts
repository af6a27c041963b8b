/**
 * The receive side of a port: frames from the wire, and those that the transmit side loops back, through the filters to their
 * queues (delivery.ts). Works on the registers as they stand.
 */
import { arena } from '../../../packet/arena.ts';
import { finishChecksum } from '../../../packet/finish.ts';
import { Segmenter, type SegmentSink } from '../../../packet/segment.ts';
import { makeTask, type FrameOffload, type FrameRun } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { ReceiveStamps } from '../time/receive-stamps.ts';
import { pf } from '../tables/index.ts';
import { Classifier } from './classify.ts';
import { Delivery } from './delivery.ts';
import { FastPath } from './fast-path.ts';
import { ReceivedFrame } from './frame.ts';
import { Losses } from './losses.ts';
import { STATUS } from './offload.ts';
import type { ReceiveParts } from './parts.ts';
import { ReceiveReports } from './reports.ts';
import { ReceiveRings } from './ring.ts';
import { FrameRoom, SPARE_BYTES } from './room.ts';
import { HEADER_BYTES, MAXIMUM_BYTES, MINIMUM_BYTES, isOversize, poolsForLength } from './size.ts';
import { ViewCache } from '../../../packet/views.ts';
import { TurnEnd } from './turn-end.ts';
import { WaitingFrames } from './waiting-frames.ts';
import { WireFilters } from './wire-filters.ts';

const { RCTL, RUC } = pf;

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
  private readonly waiting: WaitingFrames;
  private readonly delivery: Delivery;
  private readonly fast: FastPath;
  private readonly stamps: ReceiveStamps | undefined;
  private readonly filters: WireFilters;
  private readonly losses: Losses;
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
    const rings = new ReceiveRings(this.values);
    const task = makeTask(() => turnEnd.run());
    const reports = new ReceiveReports(context, parts.interrupts, rings, task);
    const { frame, classifier, room } = this;
    this.losses = new Losses(context, parts.statistics, frame);
    this.filters = new WireFilters(context, parts.flow, this.losses, reports);
    this.waiting = new WaitingFrames(context, parts, reports, frame, views, task);
    this.delivery = new Delivery(context, parts, { frame, classifier, room, views }, rings, reports, this.waiting);
    this.fast = new FastPath(context, parts, this.delivery, this.waiting, classifier.scaling);
    const turnEnd = new TurnEnd(context, this.waiting, this.delivery, this.fast, reports);
    this.stamps = parts.time && new ReceiveStamps(this.values, parts.time);
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
      this.losses.lose(this.context.events.igb_rx_drop_disabled, bytes, headers, length, length);
      return false;
    }
    if (!this.take(bytes, headers, length, knownGood, true, sourcePool)) return false;
    const fitting = poolsForLength(values, pools, frame.length, frame.tags.count);
    if (fitting === 0) {
      this.losses.loseOversize(bytes, headers, frame.length);
      return false;
    }
    classifier.finish(frame);
    this.distribute(fitting);
    return true;
  }

  /** Whether the filters take a frame from the wire, which is not received; its headers then are in `frame`. */
  wouldAccept(frame: ReceivedFrame, bytes: Uint8Array, offset: number, length: number): boolean {
    if (length < HEADER_BYTES || length > MAXIMUM_BYTES) return false;
    frame.take(bytes, offset, length);
    this.classifier.begin(frame);
    frame.headers.parse(bytes, offset, length);
    return this.filters.wouldAccept(frame);
  }

  /** False while the wire is to wait. */
  canReceive(): boolean {
    return this.waiting.canReceive();
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
    this.filters.reset();
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
  placesFor(length: number, most: number, places: Int32Array): number {
    return this.fast.placesFor(length, most, places);
  }

  placed(headers: number, length: number, count: number, identification: number): void {
    this.fast.placed(headers, length, count, identification, false);
  }

  private trace(event: number, a: number, b = 0): void {
    const { trace } = this.context;
    if (trace.on[event] !== 0) trace.emit(event, a, b);
  }

  /** Brings a frame into the arena and finishes what was left to do. */
  private admit(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    this.stamps?.arrives();
    if ((this.values[RCTL.index]! & RCTL.EN.mask) === 0) {
      this.losses.lose(this.context.events.igb_rx_drop_disabled, bytes, offset, length, length);
      return;
    }
    if (offload !== undefined && offload.segmentation !== 'none') {
      this.admitLarge(bytes, offset, length, offload);
      return;
    }
    const needsChecksum = offload !== undefined && offload.needsChecksum;
    if (length > MAXIMUM_BYTES) {
      this.losses.loseOversize(bytes, offset, length);
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
      this.losses.loseOversize(bytes, offset, length);
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
    const { igb_rx_drop_offload } = this.context.events;
    this.losses.lose(igb_rx_drop_offload, bytes, offset, length, length, offload.segmentSize);
  }

  /** A finished frame from the wire, in the arena, through filters to its queues. */
  private accept(bytes: Uint8Array, start: number, length: number, knownGood: boolean, hasSpare: boolean): void {
    const { frame, classifier } = this;
    if (this.fastReceive(start, length, knownGood)) return;
    if (!this.take(bytes, start, length, knownGood, hasSpare, NO_SENDER)) return;
    const pools = this.filters.pools(frame);
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
      this.losses.lose(this.context.events.igb_rx_drop_undersize, bytes, start, length, length);
      return false;
    }
    frame.take(bytes, start, length);
    frame.hasSpare = hasSpare;
    frame.knownGood = knownGood;
    frame.sourcePool = sourcePool;
    if (length < MINIMUM_BYTES) this.pad();
    this.classifier.begin(frame);
    if (!isOversize(this.values, frame.length, frame.tags.count)) return true;
    this.losses.loseOversize(bytes, start, length);
    return false;
  }

  private pad(): void {
    const { frame } = this;
    if (!frame.hasSpare) this.room.makeOwn(frame);
    frame.bytes.fill(0, frame.start + frame.length, frame.start + MINIMUM_BYTES);
    frame.length = MINIMUM_BYTES;
  }
}
