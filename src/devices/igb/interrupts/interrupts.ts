/**
 * Interrupts of a port (reference §6): what its blocks report becomes causes, and causes that software has not masked become
 * messages. Here are the events and the registers; what stands in these is in interrupt-causes.ts, and how a message leaves in
 * throttle.ts and interrupt-messages.ts.
 *
 * A message leaves when a cause and its mask are both set that were not before; so an event that came while it was masked
 * fires when software unmasks it, and one whose cause software has not cleared yet does not fire twice.
 */
import { makeTask, type Task } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import {
  GROUP_CAUSES,
  InterruptCauses,
  LEGACY_CAUSES,
  OTHER_CAUSE,
  OTHER_SHIFT,
  RX_SHIFT,
  TIMER_SHIFT,
  TX_SHIFT,
  VECTOR_CAUSES,
} from './interrupt-causes.ts';
import { InterruptMessages, type EventCounter } from './interrupt-messages.ts';
import { pf } from '../tables/index.ts';
import { Throttle, VECTORS } from './throttle.ts';

const { EIAC, EIAM, EICR, EIMS, EITR, GPIE, ICR, IMS } = pf;

export class Interrupts {
  readonly messages: InterruptMessages;
  private readonly context: PortContext;
  private readonly causes: InterruptCauses;
  private readonly throttle: Throttle;
  /** Vectors of write-backs of this turn: one message at its end tells of them all. */
  private due: number;
  private readonly requestDue: Task;

  constructor(context: PortContext, parts: { statistics: EventCounter }) {
    this.context = context;
    this.causes = new InterruptCauses(context);
    this.messages = new InterruptMessages(context, this.causes, parts.statistics);
    this.throttle = new Throttle(context, (vector) => this.messages.send(vector));
    this.due = 0;
    this.requestDue = makeTask(() => this.requestVectors());
  }

  /** Sets legacy causes: bits of ICR. */
  raise(causes: number): void {
    const { values } = this.context.registers;
    const legacy = this.causes.legacyPending();
    const extended = this.causes.extendedPending();
    values[ICR.index]! |= causes & LEGACY_CAUSES;
    const { trace, events } = this.context;
    if (trace.on[events.igb_irq_raise] !== 0) {
      trace.emit(events.igb_irq_raise, causes >>> 0, values[ICR.index], values[IMS.index]);
    }
    this.settle(legacy, extended);
  }

  /**
   * Descriptors of a receive queue were written back, and are in memory; `immediate`: one is of a frame that is to interrupt
   * at once (§6.8).
   */
  receiveDone(queue: number, immediate = false): void {
    const vector = this.queueDone(queue, RX_SHIFT, ICR.RXDW.mask);
    if (!immediate) return;
    this.requestVectors();
    this.throttle.hasten(this.causes.multipleVectors() ? vector : 0);
  }

  /** Descriptors of a transmit queue were written back, and are in memory. */
  transmitDone(queue: number): void {
    this.queueDone(queue, TX_SHIFT, ICR.TXDW.mask);
  }

  /**
   * Until when, in the clock's ns, the interrupt of a queue's write-backs is held back by EITR; 0 where it is not. Until then
   * write-backs below the queue's threshold may wait.
   */
  quietUntil(queue: number, transmit: boolean): number {
    if (!this.causes.multipleVectors()) return this.throttle.quietUntil(0);
    const vector = this.causes.vectorOfQueue(queue, transmit ? TX_SHIFT : RX_SHIFT);
    return vector < 0 || vector >= VECTORS ? 0 : this.throttle.quietUntil(vector);
  }

  /** ICR as software sees it, without a side effect: also what ICS reads as (ethtool -d). */
  peekIcr(): number {
    return this.causes.legacy();
  }

  /** A read acknowledges everything unless software asked, by MSI-X without NSICR, to acknowledge by writing (§6.5). */
  readIcr(): number {
    const { values } = this.context.registers;
    const icr = this.peekIcr();
    const clears =
      (values[GPIE.index]! & GPIE.NSICR.mask) !== 0 ||
      values[IMS.index] === 0 ||
      this.causes.asserted() ||
      !this.context.interruptPorts[0]!.msixEnabled;
    this.causes.autoMask();
    if (clears) values[ICR.index] = 0;
    this.messages.driveLine();
    const { trace, events } = this.context;
    if (trace.on[events.igb_irq_icr_read] !== 0) trace.emit(events.igb_irq_icr_read, icr, clears ? 1 : 0);
    return icr;
  }

  /** Clears the causes written as one. */
  writeIcr(value: number, causesBefore: number): void {
    const { values } = this.context.registers;
    values[ICR.index] = causesBefore;
    this.causes.autoMask();
    values[ICR.index] = causesBefore & ~value;
    this.messages.driveLine();
    const { trace, events } = this.context;
    if (trace.on[events.igb_irq_icr_write] !== 0) trace.emit(events.igb_irq_icr_write, value);
  }

  /** Raises causes, and nothing else than those that software may mask. */
  writeIcs(value: number): void {
    this.raise(value);
  }

  writeIms(value: number, maskBefore: number): void {
    const { values } = this.context.registers;
    values[IMS.index] = maskBefore;
    const legacy = this.causes.legacyPending();
    const extended = this.causes.extendedPending();
    values[IMS.index] = maskBefore | (value & LEGACY_CAUSES);
    this.traceMask();
    this.settle(legacy, extended);
  }

  writeImc(value: number): void {
    this.context.registers.values[IMS.index]! &= ~value;
    this.traceMask();
    this.messages.driveLine();
  }

  /** EICR without a side effect: also what EICS reads as. */
  peekEicr(): number {
    return this.context.registers.values[EICR.index]!;
  }

  readEicr(): number {
    const eicr = this.peekEicr();
    this.context.registers.values[EICR.index] = 0;
    this.messages.driveLine();
    const { trace, events } = this.context;
    if (trace.on[events.igb_irq_eicr_read] !== 0) trace.emit(events.igb_irq_eicr_read, eicr);
    return eicr;
  }

  writeEicr(value: number, causesBefore: number): void {
    this.context.registers.values[EICR.index] = causesBefore & ~value;
    this.messages.driveLine();
    const { trace, events } = this.context;
    if (trace.on[events.igb_irq_eicr_write] !== 0) {
      trace.emit(events.igb_irq_eicr_write, value, causesBefore & ~value);
    }
  }

  writeEics(value: number): void {
    const legacy = this.causes.legacyPending();
    const extended = this.causes.extendedPending();
    this.causes.setExtended(value);
    this.settle(legacy, extended);
  }

  writeEims(value: number, maskBefore: number): void {
    const { values } = this.context.registers;
    values[EIMS.index] = maskBefore;
    const legacy = this.causes.legacyPending();
    const extended = this.causes.extendedPending();
    values[EIMS.index] = maskBefore | (value & this.causes.extendedCauses());
    this.throttle.unmasked(values[EIMS.index]! & VECTOR_CAUSES & ~maskBefore);
    this.traceExtendedMask(value, 0);
    this.settle(legacy, extended);
  }

  writeEimc(value: number): void {
    this.context.registers.values[EIMS.index]! &= ~value;
    this.traceExtendedMask(0, value);
    this.messages.driveLine();
  }

  /** The TCP timer ran out: its own bit of EICR, or the vector that IVAR_MISC gives it. */
  tcpTimerExpired(): void {
    const legacy = this.causes.legacyPending();
    const extended = this.causes.extendedPending();
    const vector = this.causes.vectorBeside(TIMER_SHIFT);
    if (!this.causes.multipleVectors()) this.causes.setExtended(EICR.TCP_TIMER.mask);
    else if (vector >= 0) this.causes.setExtended(1 << vector);
    this.settle(legacy, extended);
  }

  /** Sets vectors' causes; without effect while bits of EICR are not vectors. */
  raiseVectors(vectors: number): void {
    if (this.causes.multipleVectors()) this.writeEics(vectors);
  }

  /** Unmasks vectors in either mode: a VF's driver may do so before the PF's has chosen the mode. */
  unmaskVectors(vectors: number): void {
    const { values } = this.context.registers;
    const legacy = this.causes.legacyPending();
    const extended = this.causes.extendedPending();
    this.throttle.unmasked(vectors & VECTOR_CAUSES & ~values[EIMS.index]!);
    values[EIMS.index]! |= vectors & VECTOR_CAUSES;
    this.traceExtendedMask(vectors, 0);
    this.settle(legacy, extended);
  }

  maskVectors(vectors: number): void {
    this.writeEimc(vectors & VECTOR_CAUSES);
  }

  /** Clears vectors' causes. */
  acknowledge(vectors: number): void {
    this.writeEicr(vectors & VECTOR_CAUSES, this.peekEicr());
  }

  /** Vectors from `first` on go back to what they are after a full reset: no cause, masked, no throttle; nothing is sent. */
  resetVectors(first: number, count: number): void {
    const { values } = this.context.registers;
    const kept = ~(((1 << count) - 1) << first);
    for (const register of [EICR, EIMS, EIAC, EIAM]) values[register.index]! &= kept;
    this.due &= kept;
    this.messages.forgetUnsent(~kept);
    for (let vector = first; vector < first + count; vector += 1) {
      values[EITR.index + vector * EITR.step] = 0;
      this.throttle.resetVector(vector);
    }
    this.messages.driveLine();
  }

  /** `value` is what software wrote to EITR(vector), `before` what was there. */
  writeEitr(vector: number, value: number, before: number): void {
    this.throttle.written(vector, value, before);
  }

  /** GPIE changed. */
  modeChanged(): void {
    this.messages.driveLine();
  }

  /**
   * A function's guest turned MSI or MSI-X on: what could not be sent meanwhile is sent if its cause still stands. Hypervisors
   * turn MSI-X off and on under a running driver, which would wait for ever where EIAC spares it EICR.
   */
  messagesEnabled(fn: number): void {
    for (let rest = this.messages.takeUnsent(fn); rest !== 0; rest &= rest - 1) {
      this.throttle.request(31 - Math.clz32(rest & -rest));
    }
  }

  /** After the registers went back to their reset values; causes that the reset itself made are forgotten. */
  reset(): void {
    const { values } = this.context.registers;
    values[ICR.index] = 0;
    values[EICR.index] = 0;
    this.due = 0;
    this.messages.forgetUnsent(~0);
    this.throttle.reset();
    this.messages.driveLine();
  }

  /** Returns the vector, or bit of EICR, that IVAR gives this side of the queue; -1 for none. */
  private queueDone(queue: number, byteShift: number, cause: number): number {
    const { registers, trace, events } = this.context;
    const { values } = registers;
    const legacy = this.causes.legacyPending();
    const extended = this.causes.extendedPending();
    const vector = this.causes.vectorOfQueue(queue, byteShift);
    if (vector >= 0) {
      this.traceQueue(queue, byteShift, vector);
      this.causes.setExtended(1 << vector);
    } else if (trace.on[events.igb_irq_no_queue_vector] !== 0) {
      trace.emit(events.igb_irq_no_queue_vector, queue, byteShift >>> 3);
    }
    values[ICR.index]! |= cause;
    if (this.causes.multipleVectors() && legacy === this.causes.legacyPending()) {
      if (vector >= 0) this.throttle.wroteBack(vector, queue, byteShift === TX_SHIFT);
      this.due |= this.causes.extendedPending() & ~extended;
      if (this.due !== 0) this.context.tasks.mark(this.requestDue);
    } else this.settle(legacy, extended);
    return vector;
  }

  /** Requests what is due, if software has not masked or acknowledged it meanwhile. Nothing is left to do for a task. */
  private requestVectors(): boolean {
    for (let rest = this.due & this.causes.extendedPending(); rest !== 0; rest &= rest - 1) {
      this.throttle.request(31 - Math.clz32(rest & -rest));
    }
    this.due = 0;
    return false;
  }

  private traceQueue(queue: number, byteShift: number, vector: number): void {
    const { registers, trace, events } = this.context;
    if (trace.on[events.igb_irq_queue] === 0) return;
    const masked = ((registers.values[EIMS.index]! >>> vector) & 1) ^ 1;
    trace.emit(events.igb_irq_queue, queue, byteShift >>> 3, vector, masked);
  }

  /** Acts on what is pending and unmasked now and was not before. */
  private settle(legacyBefore: number, extendedBefore: number): void {
    const { trace, events } = this.context;
    const legacy = this.causes.legacyPending() & ~legacyBefore;
    if (!this.causes.multipleVectors()) {
      if (legacy !== 0) this.causes.setExtended(OTHER_CAUSE);
      if (legacy !== 0 || (this.causes.extendedPending() & ~extendedBefore & GROUP_CAUSES) !== 0)
        this.throttle.request(0);
      return;
    }
    if (legacy !== 0) {
      const vector = this.causes.vectorBeside(OTHER_SHIFT);
      if (vector >= 0) this.causes.setExtended(1 << vector);
      else if (trace.on[events.igb_irq_no_vector] !== 0) trace.emit(events.igb_irq_no_vector, legacy >>> 0);
    }
    let fresh = this.causes.extendedPending() & ~extendedBefore;
    while (fresh !== 0) {
      const vector = 31 - Math.clz32(fresh);
      fresh &= ~(1 << vector);
      this.throttle.request(vector);
    }
  }

  private traceMask(): void {
    const { registers, trace, events } = this.context;
    if (trace.on[events.igb_irq_ims] !== 0) trace.emit(events.igb_irq_ims, registers.values[IMS.index]);
  }

  private traceExtendedMask(unmasked: number, masked: number): void {
    const { registers, trace, events } = this.context;
    if (trace.on[events.igb_irq_eims] === 0) return;
    trace.emit(events.igb_irq_eims, registers.values[EIMS.index], unmasked >>> 0, masked >>> 0);
  }
}
