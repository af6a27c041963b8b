/**
 * Frames that wait for descriptors: those in the packet buffer, the queues they wait for, when these are to be tried again, and the
 * wire, which waits for them or tells its partner to.
 */
import type { ViewCache } from '../../../packet/views.ts';
import type { Task } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { pf } from '../tables/index.ts';
import type { ReceivedFrame } from './frame.ts';
import { PacketBuffer } from './packet-buffer.ts';
import type { ReceiveParts } from './parts.ts';
import { usesPools } from './queue-select.ts';
import type { ReceiveReports } from './reports.ts';

const { ICR, MRQC, RNBC, RXPBS } = pf;

const KIB = 1024;

export class WaitingFrames {
  readonly buffer: PacketBuffer;
  /** Queues, a bit each, that frames wait for: what comes later has to wait behind them. */
  queues: number;
  private readonly context: PortContext;
  private readonly parts: Pick<ReceiveParts, 'statistics' | 'flow'>;
  private readonly reports: ReceiveReports;
  private readonly frame: ReceivedFrame;
  private readonly values: Uint32Array;
  /** Calls `settle` at the end of the turn. */
  private readonly task: Task;
  /** Whether some of the queues may have room now. */
  private retryDue: boolean;
  /** Frames were kept since the fill of the packet buffer was told. */
  private fillDue: boolean;
  /** The wire was told to wait. */
  private resumeDue: boolean;

  /** `frame` is the frame at hand. */
  constructor(
    context: PortContext,
    parts: Pick<ReceiveParts, 'statistics' | 'flow'>,
    reports: ReceiveReports,
    frame: ReceivedFrame,
    views: ViewCache,
    task: Task,
  ) {
    this.buffer = new PacketBuffer(views);
    this.queues = 0;
    this.context = context;
    this.parts = parts;
    this.reports = reports;
    this.frame = frame;
    this.values = context.registers.values;
    this.task = task;
    this.retryDue = false;
    this.fillDue = false;
    this.resumeDue = false;
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

  /** Queues, a bit each, may have room now. */
  retryLater(queues: number): void {
    if ((this.queues & queues) === 0) return;
    this.retryDue = true;
    this.context.tasks.mark(this.task);
  }

  /** Keeps the frame at hand for queues, a bit each; returns for which there was room. */
  keep(wanted: number): number {
    const { frame, context } = this;
    const kept = this.buffer.push(frame, context.trace.packet, wanted, usesPools(this.values[MRQC.index]!));
    this.noteWait(kept, frame.length);
    this.queues |= kept;
    this.tellFill();
    return kept;
  }

  /**
   * Keeps a plain frame from the wire, at `at` in the arena, for the one queue it goes to, which others wait for; false where the packet
   * buffer has no room for it. Who received it has counted it.
   */
  keepPlain(at: number, length: number, knownGood: boolean, queue: number): boolean {
    const shared = usesPools(this.values[MRQC.index]!);
    if (!this.buffer.pushPlain(at, length, knownGood, this.context.trace.packet, queue, shared)) return false;
    this.noteWait(queue, length);
    this.fillDue = true;
    return true;
  }

  /** Frames that wait for these queues, a bit each, are lost there. */
  discard(queues: number): void {
    const { buffer, frame, context } = this;
    const { trace, events, taps } = context;
    for (let { first: index } = buffer; index < buffer.count; index += 1) {
      const lost = buffer.queues[index]! & queues;
      if (lost === 0) continue;
      buffer.restore(index, frame);
      trace.packet = buffer.packets[index]!;
      for (let rest = lost; rest !== 0; rest &= rest - 1) {
        const queue = 31 - Math.clz32(rest & -rest);
        buffer.release(index, queue);
        taps.drop(0, events.igb_rx_drop_reset, queue, frame.bytes, frame.start, frame.length);
      }
      if (trace.on[events.igb_rx_drop_reset] !== 0) trace.emit(events.igb_rx_drop_reset, lost, frame.length);
      trace.packet = 0;
    }
    this.queues &= ~queues;
    if (this.queues === 0) buffer.clear();
  }

  /** Queues, a bit each, were reset: nothing waits for them any more. */
  reset(queues: number): void {
    this.discard(queues);
    if (this.queues === 0) this.retryDue = false;
    this.tellFill();
    if (this.resumeDue) this.context.tasks.mark(this.task);
  }

  /** Whether the frames are to be offered to their queues again; `retried` follows. */
  takeRetry(): boolean {
    const { retryDue } = this;
    this.retryDue = false;
    return retryDue;
  }

  retried(): void {
    this.queues = this.buffer.waitedFor;
    if (this.queues === 0) this.buffer.clear();
    this.tellFill();
  }

  /** The turn is over: the partner learns how full the buffer is, and the wire may go on. */
  settle(): void {
    if (this.fillDue) this.tellFill();
    if (!this.resumeDue || this.holdsWire()) return;
    this.resumeDue = false;
    this.context.wire.resume();
  }

  /** A frame has to wait for queues, a bit each; 0 where there is no room for it. */
  private noteWait(queues: number, length: number): void {
    const { trace, events } = this.context;
    if (queues !== 0 && trace.on[events.igb_rx_wait] !== 0) trace.emit(events.igb_rx_wait, queues, length);
    this.reports.raise(ICR.RXO.mask);
    this.parts.statistics.count(RNBC.index, 1);
  }

  private holdsWire(): boolean {
    if (this.queues === 0 || usesPools(this.values[MRQC.index]!)) return false;
    if (this.parts.flow?.sends !== true) return true;
    const size = (this.values[RXPBS.index]! & RXPBS.SIZE.mask) * KIB;
    // Once told to wait it waits until half is free: a few large turns cost less than many small ones.
    return this.buffer.isFull(this.resumeDue ? size / 2 : size);
  }

  /** Pause frames go by the fill, but no pool may stop the partner for all. */
  private tellFill(): void {
    this.fillDue = false;
    this.parts.flow?.filled(usesPools(this.values[MRQC.index]!) ? 0 : this.buffer.fill);
  }
}
