/**
 * The receive side of a port: frames from the wire, and those that the transmit side loops back, through the filters into
 * the rings of the queues. Works on the registers as they stand, so it keeps no state but frames that wait and interrupts
 * that are due.
 */
import { arena } from '../../../packet/arena.ts';
import { crc32 } from '../../../packet/checksum.ts';
import { finishChecksum } from '../../../packet/finish.ts';
import { Segmenter, type SegmentSink } from '../../../packet/segment.ts';
import { makeTask, type FrameOffload, type Task } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import type { Interrupts } from '../interrupts.ts';
import { ReceiveStamps } from '../receive-stamps.ts';
import type { Statistics } from '../statistics.ts';
import { FROM_WIRE, mirrorPools } from '../switch/mirror.ts';
import { STORM_DROP, STORM_EVENT, StormControl } from '../switch/storm-control.ts';
import { pf } from '../tables/index.ts';
import type { PortTime } from '../time.ts';
import { Classifier } from './classify.ts';
import { BROADCAST, MULTICAST, UNICAST, acceptsDestination } from './filter.ts';
import { ReceivedFrame } from './frame.ts';
import { STATUS } from './offload.ts';
import { PacketBuffer } from './packet-buffer.ts';
import { isPause, pauseTime } from './pause.ts';
import { POOLS_MASK, selectPools } from './pools.ts';
import { usesPools } from './queue-select.ts';
import { ReceiveRings } from './ring.ts';
import { FCS_BYTES, HEADER_BYTES, MAXIMUM_BYTES, MINIMUM_BYTES, isOversize, poolsForLength } from './size.ts';
import { FrameStore, NO_DESCRIPTORS, STORED } from './store.ts';
import { ViewCache } from './views.ts';
import { passesVlanFilter } from './vlan.ts';

const { CTRL, FCRUC, ICR, MPC, MRQC, RCTL, RDLEN, RLPML, RNBC, ROC, RPLOLR, RUC, VFRE, VMOLR, XOFFRXC, XONRXC } = pf;

/** What the engine needs of the port's other blocks. */
export interface ReceiveParts {
  readonly interrupts: Pick<Interrupts, 'raise' | 'receiveDone'>;
  readonly statistics: Pick<
    Statistics,
    'count' | 'received' | 'filtered' | 'delivered' | 'deliveredLocally' | 'queueDropped'
  >;
  /** The clock for time stamps (§4.9); without it none are taken. */
  readonly time?: PortTime;
}

/** A frame with segmentation left to do: 64 KB and headers. */
const LARGE_BYTES = 65536 + 1024;
const SPARE_BYTES = 64;

export class ReceiveEngine implements SegmentSink {
  private readonly context: PortContext;
  private readonly parts: ReceiveParts;
  private readonly values: Uint32Array;
  private readonly rings: ReceiveRings;
  private readonly classifier: Classifier;
  private readonly store: FrameStore;
  private readonly stamps: ReceiveStamps | undefined;
  private readonly storms: StormControl;
  private readonly waiting: PacketBuffer;
  private readonly segmenter: Segmenter;
  private readonly views: ViewCache;
  private readonly frame: ReceivedFrame;
  /** A frame of ordinary size, and a large one, that have to be changed or do not lie in the arena. */
  private readonly scratch: number;
  private readonly large: number;
  /** Queues that frames in the packet buffer wait for. */
  private blocked: number;
  /** Whether some of those may have room now. */
  private retryDue: boolean;
  /** The wire was told to wait. */
  private resumeDue: boolean;
  /** Queues written back to, and legacy causes, since the last interrupts. */
  private written: number;
  private causes: number;
  /** Queues that were enabled when last looked at. */
  private enabled: number;
  private readonly task: Task;

  constructor(context: PortContext, parts: ReceiveParts) {
    this.context = context;
    this.parts = parts;
    this.values = context.registers.values;
    this.rings = new ReceiveRings(this.values);
    this.classifier = new Classifier(this.values);
    this.views = new ViewCache();
    this.store = new FrameStore(context, this.rings, this.views);
    this.stamps = parts.time && new ReceiveStamps(this.values, parts.time);
    this.storms = new StormControl(this.values, context.clock);
    this.waiting = new PacketBuffer(this.views);
    this.segmenter = new Segmenter();
    this.frame = new ReceivedFrame();
    this.scratch = arena.reserve(MAXIMUM_BYTES + SPARE_BYTES);
    this.large = arena.reserve(LARGE_BYTES + SPARE_BYTES);
    this.blocked = 0;
    this.retryDue = false;
    this.resumeDue = false;
    this.written = 0;
    this.causes = 0;
    this.enabled = 0;
    this.task = makeTask(() => this.run());
  }

  /**
   * False while a frame waits for descriptors of a queue that may not drop. With pools the wire never waits: none of them
   * may hold up the others (docs/fidelity.md).
   */
  canReceive(): boolean {
    if (this.blocked === 0 || usesPools(this.values[MRQC.index]!)) return true;
    this.resumeDue = true;
    return false;
  }

  /** A frame from the wire, in the terms of WirePort. The port asks only while it has a link. */
  receive(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    this.admit(bytes, offset, length, offload);
  }

  /** A frame that comes back through MAC or PHY loopback, which makes it one from the wire but for the link. */
  loopback(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    this.admit(bytes, offset, length, offload);
  }

  /**
   * A finished frame that `sourcePool` sent and the switch gives to `pools`, a bit each; in the arena bytes behind it may be
   * overwritten. `knownGood`: its transport checksum is known to be right. False where no pool may have it.
   */
  switched(
    bytes: Uint8Array,
    offset: number,
    length: number,
    knownGood: boolean,
    sourcePool: number,
    pools: number,
  ): boolean {
    const { frame, values, classifier } = this;
    if ((values[RCTL.index]! & RCTL.EN.mask) === 0) {
      this.trace(this.context.events.igb_rx_drop_disabled, length);
      return false;
    }
    if (!this.take(bytes, offset, length, knownGood, bytes === arena.bytes, sourcePool)) return false;
    const fitting = poolsForLength(values, pools, frame.length, frame.tags.count);
    if (fitting === 0) {
      this.dropOversize(frame.length);
      return false;
    }
    classifier.finish(frame);
    this.deliver(classifier.queues(frame, fitting));
    return true;
  }

  /** RDT of a queue was written. */
  tailWritten(queue: number): void {
    if (((this.blocked >>> queue) & 1) === 0) return;
    this.trace(this.context.events.igb_rx_resume, queue);
    this.retryDue = true;
    this.context.tasks.mark(this.task);
  }

  /** RXDCTL, SRRCTL, RCTL or another register that gates reception was written; `queue` is -1 where it is not one of a queue. */
  controlWritten(queue: number): void {
    if (queue >= 0) this.noteEnabled(queue);
    if (this.blocked === 0) return;
    this.retryDue = true;
    this.context.tasks.mark(this.task);
  }

  /** Forgets frames that wait and interrupts that are due. */
  reset(): void {
    this.storms.reset();
    this.waiting.clear();
    this.blocked = 0;
    this.retryDue = false;
    this.written = 0;
    this.causes = 0;
    this.enabled = 0;
    if (this.resumeDue) this.context.tasks.mark(this.task);
  }

  /** One queue was reset, its registers are already: frames that wait for it are gone. */
  resetQueue(queue: number): void {
    const bit = 1 << queue;
    this.written &= ~bit;
    if ((this.blocked & bit) === 0) return;
    this.blocked &= ~bit;
    this.waiting.forgetQueue(queue);
    if (this.blocked === 0) this.waiting.clear();
    if (this.resumeDue) this.context.tasks.mark(this.task);
  }

  /** One segment of a large frame; called by the segmenter. */
  segment(bytes: Uint8Array, offset: number, length: number): void {
    this.accept(bytes, offset, length, true, true);
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

  /** Brings a frame into the arena and finishes what was left to do. */
  private admit(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    if ((this.values[RCTL.index]! & RCTL.EN.mask) === 0) {
      this.trace(this.context.events.igb_rx_drop_disabled, length);
      return;
    }
    if (offload !== undefined && offload.segmentation !== 'none') {
      this.admitLarge(bytes, offset, length, offload);
      return;
    }
    const needsChecksum = offload !== undefined && offload.needsChecksum;
    if (length > MAXIMUM_BYTES) {
      this.dropOversize(length);
      return;
    }
    if (bytes === arena.bytes && !needsChecksum) {
      this.accept(bytes, offset, length, false, false);
      return;
    }
    this.copyIn(bytes, offset, length, this.scratch);
    const known =
      needsChecksum && finishChecksum(arena.bytes, this.scratch, length, offload.checksumStart, offload.checksumOffset);
    this.accept(arena.bytes, this.scratch, length, known, true);
  }

  private admitLarge(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload): void {
    if (length > LARGE_BYTES) {
      this.dropOversize(length);
      return;
    }
    let start = offset;
    if (bytes !== arena.bytes) {
      start = this.large;
      this.copyIn(bytes, offset, length, start);
    }
    const count = this.segmenter.segmentOffloaded(arena.bytes, start, length, offload, this);
    if (count === 0) this.trace(this.context.events.igb_rx_drop_offload, length, offload.segmentSize);
  }

  private copyIn(bytes: Uint8Array, offset: number, length: number, to: number): void {
    if (bytes === arena.bytes) arena.bytes.copyWithin(to, offset, offset + length);
    else arena.bytes.set(this.views.of(bytes, offset, length), to);
  }

  private dropOversize(length: number): void {
    this.parts.statistics.count(ROC.index, 1);
    this.trace(this.context.events.igb_rx_drop_oversize, length, this.values[RLPML.index]! & 0x3fff);
  }

  /** A finished frame from the wire, in the arena, through filters to its queues. */
  private accept(bytes: Uint8Array, start: number, length: number, knownGood: boolean, hasSpare: boolean): void {
    const { frame, classifier } = this;
    if (!this.take(bytes, start, length, knownGood, hasSpare, -1)) return;
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
    this.deliver(classifier.queues(frame, pools));
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
    this.dropOversize(length);
    return false;
  }

  private pad(): void {
    const { frame } = this;
    if (!frame.hasSpare) this.makeOwn();
    frame.bytes.fill(0, frame.start + frame.length, frame.start + MINIMUM_BYTES);
    frame.length = MINIMUM_BYTES;
  }

  /** Moves the frame to where bytes can be put behind it. */
  private makeOwn(): void {
    const { frame } = this;
    this.copyIn(frame.bytes, frame.start, frame.length, this.scratch);
    frame.bytes = arena.bytes;
    frame.start = this.scratch;
    frame.hasSpare = true;
  }

  /** Pools that take the frame (one bit on a port without pools); 0 where it was dropped, counted and traced. */
  private filter(): number {
    const { frame, values } = this;
    const { events } = this.context;
    if (isPause(values, frame) && !this.passesPause()) return 0;
    if (frame.kind !== UNICAST && this.storms.isOn && this.isStorm()) return 0;
    if (!passesVlanFilter(values, frame.tags)) {
      this.trace(events.igb_rx_drop_vlan, frame.tags.vid);
      return 0;
    }
    if (!usesPools(values[MRQC.index]!)) {
      if (acceptsDestination(values, frame.kind, frame.low, frame.high)) return 1;
      this.trace(events.igb_rx_drop_address, frame.high, frame.low >>> 0);
      return 0;
    }
    const { kind, low, high, tags } = frame;
    let chosen = selectPools(values, kind, low, high, tags.vid, -1) & POOLS_MASK;
    chosen |= mirrorPools(values, chosen, tags.vid, FROM_WIRE);
    const pools = poolsForLength(values, chosen, frame.length, tags.count);
    if (pools === 0) {
      if (chosen === 0) this.trace(events.igb_rx_drop_pool, chosen);
      else this.dropOversize(frame.length);
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
      this.raise(ICR.SCE.mask);
      this.trace(events.igb_switch_storm, broadcast ? 1 : 0, frame.length);
    }
    if ((verdict & STORM_DROP) === 0) return false;
    this.trace(events.igb_switch_drop_storm, broadcast ? 1 : 0, frame.length);
    return true;
  }

  /** Counts a pause frame; it goes on to software only with RCTL.PMCF. Transmission is not paused. */
  private passesPause(): boolean {
    const { values } = this;
    const { statistics } = this.parts;
    const time = pauseTime(this.frame);
    if ((values[CTRL.index]! & CTRL.RFCE.mask) === 0) statistics.count(FCRUC.index, 1);
    else statistics.count(time === 0 ? XONRXC.index : XOFFRXC.index, 1);
    if ((values[RCTL.index]! & (RCTL.PMCF.mask | RCTL.DPF.mask)) === RCTL.PMCF.mask) return true;
    this.trace(this.context.events.igb_rx_drop_pause, time);
    return false;
  }

  /** Stores a new frame in its queues, and keeps it where one has to wait. */
  private deliver(queues: number): void {
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
      const kept = this.waiting.push(frame, waits, usesPools(this.values[MRQC.index]!));
      if (kept !== 0) this.trace(this.context.events.igb_rx_wait, kept, frame.length);
      this.blocked |= kept;
      if (kept !== waits) {
        for (let rest = waits & ~kept; rest !== 0; rest &= rest - 1) statistics.count(MPC.index, 1);
        this.trace(this.context.events.igb_rx_drop_buffer, waits & ~kept, frame.length);
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
      this.trace(events.igb_rx_drop_queue, queue);
      return true;
    }
    const free = rings.free(queue);
    const outcome = this.store.store(queue, frame, this.stripsTag(queue), this.appendsFcs(queue));
    if (outcome !== STORED) {
      if (outcome === NO_DESCRIPTORS) {
        if (!rings.mayDrop(queue)) return false;
        this.parts.statistics.queueDropped(queue);
      }
      this.trace(outcome === NO_DESCRIPTORS ? events.igb_rx_drop_descriptors : events.igb_rx_drop_ring, queue);
      return true;
    }
    this.trace(events.igb_rx_packet, frame.length, queue);
    const { statistics } = this.parts;
    if (frame.sourcePool < 0) statistics.delivered(frame.bytes, frame.start, frame.length, queue);
    else statistics.deliveredLocally(frame.length, queue);
    this.written |= 1 << queue;
    const threshold = rings.threshold(queue);
    const crosses = free > threshold && rings.free(queue) <= threshold;
    this.raise(crosses ? ICR.RXDMT0.mask : 0);
    return true;
  }

  /** Notes causes for the interrupts at the end of the turn. */
  private raise(causes: number): void {
    this.causes |= causes;
    this.context.tasks.mark(this.task);
  }

  private stripsTag(queue: number): boolean {
    const { frame, values } = this;
    if (frame.tags.count === 0) return false;
    if (!usesPools(values[MRQC.index]!)) return (values[CTRL.index]! & CTRL.VME.mask) !== 0;
    if (frame.kind === MULTICAST) return (values[RPLOLR.index]! & RPLOLR.STRVLAN.mask) !== 0;
    return (values[VMOLR.index + (queue & 7) * VMOLR.step]! & VMOLR.STRVLAN.mask) !== 0;
  }

  /** Whether software wants the FCS in this queue; it then stands behind the frame. */
  private appendsFcs(queue: number): boolean {
    const { frame, values } = this;
    let strips = values[RCTL.index]! & RCTL.SECRC.mask;
    if (usesPools(values[MRQC.index]!)) {
      strips =
        frame.kind === MULTICAST
          ? values[RPLOLR.index]! & RPLOLR.STRCRC.mask
          : values[VMOLR.index + (queue & 7) * VMOLR.step]! & VMOLR.STRCRC.mask;
    }
    if (strips !== 0) return false;
    if (!frame.hasSpare) this.makeOwn();
    const end = frame.start + frame.length;
    const fcs = crc32(frame.bytes, frame.start, frame.length);
    for (let n = 0; n < FCS_BYTES; n += 1) frame.bytes[end + n] = fcs >>> (8 * n);
    return true;
  }

  /** End of a turn: frames that waited, then the interrupts of everything stored, then the wire may go on. */
  private run(): boolean {
    if (this.retryDue) this.retry();
    const { written, causes } = this;
    const { interrupts } = this.parts;
    this.written = 0;
    this.causes = 0;
    for (let rest = written; rest !== 0; rest &= rest - 1) interrupts.receiveDone(31 - Math.clz32(rest & -rest));
    if (causes !== 0) interrupts.raise(causes);
    if (this.resumeDue && (this.blocked === 0 || usesPools(this.values[MRQC.index]!))) {
      this.resumeDue = false;
      this.context.wire.resume();
    }
    return this.written !== 0 || this.causes !== 0;
  }

  /** Offers the frames that wait to their queues again, oldest first; a queue that is still full keeps all of its own. */
  private retry(): void {
    const { waiting, frame, classifier } = this;
    this.retryDue = false;
    if ((this.values[RCTL.index]! & RCTL.EN.mask) === 0) waiting.clear();
    // What was accepted for a pool before it was turned off is not its any more.
    const off = usesPools(this.values[MRQC.index]!) ? ~(this.values[VFRE.index]! * 0x101) : 0;
    let stuck = 0;
    for (let index = 0; index < waiting.count && (this.blocked & ~stuck) !== 0; index += 1) {
      const ready = waiting.queues[index]! & ~stuck;
      if (ready === 0) continue;
      waiting.restore(index, frame);
      classifier.begin(frame);
      classifier.finish(frame);
      if (frame.stamped) frame.status |= STATUS.TS;
      for (let rest = ready; rest !== 0; rest &= rest - 1) {
        const bit = rest & -rest;
        const queue = 31 - Math.clz32(bit);
        if ((off & bit) !== 0 || this.storeIn(queue)) waiting.release(index, queue);
        else stuck |= bit;
      }
    }
    this.blocked = waiting.waitedFor;
    if (this.blocked === 0) waiting.clear();
  }
}
