/**
 * Interrupts of a port (reference §6): the legacy causes (ICR, IMS, IAM), the extended ones (EICR, EIMS, EIAC, EIAM with
 * IVAR), and their delivery as MSI-X vectors, MSI, or the level of INTx.
 *
 * A message leaves when a cause and its mask are both set that were not before; so an event that came while it was masked
 * fires when software unmasks it, and one whose cause software has not cleared yet does not fire twice.
 */
import { makeTask, type Task } from '../../ports/index.ts';
import { POOLS, type PortContext } from './context.ts';
import { pf } from './tables/index.ts';
import { Throttle, VECTORS } from './throttle.ts';

/** Causes that exist, hence the bits of ICS, IMS and IMC: Linux' interrupt self-test walks exactly these. */
export const LEGACY_CAUSES = 0x77d4_fbfd;
/** Bits of EICR: one for each vector in MSI-X mode; queue groups, TCP timer and "other" without. */
const VECTOR_CAUSES = 0x01ff_ffff;
const GROUP_CAUSES = 0x4000_ffff;
const OTHER_CAUSE = 0x8000_0000;
/** Entries of the PF's MSI-X table; a VF names none beyond its own. */
export const PF_VECTORS = 10;
/** An IVAR byte: valid, and the vector (or bit of EICR). */
const IVAR_VALID = 0x80;
const IVAR_VECTOR = 0x1f;
/** Bytes of IVAR for a queue's receive and transmit side. */
const RX_SHIFT = 0;
const TX_SHIFT = 8;
/** Byte of IVAR_MISC that names the vector of all legacy causes. */
const OTHER_SHIFT = 8;

/** What interrupts need of the statistics: IAC counts. */
export interface EventCounter {
  count(registerIndex: number, by: number): void;
}

/** A row of `Interrupts.sent`: MSI-X vectors by number, then MSI, then rising INTx. */
export const SENT_ROW = 32;
export const SENT_MSI = 30;
export const SENT_INTX = 31;

export class Interrupts {
  /** Interrupts sent since power on, a row of SENT_ROW for each function. */
  readonly sent: Float64Array;
  private readonly context: PortContext;
  private readonly statistics: EventCounter;
  private readonly throttle: Throttle;
  /** Whose MSI-X table a vector goes through, and its number there: the PF's own but for those of VFs. */
  private readonly vectorFunction: Uint8Array;
  private readonly vectorNumber: Uint8Array;
  /** Vectors of write-backs of this turn: one message at its end tells of them all. */
  private due: number;
  private readonly requestDue: Task;
  /** Vectors that could not be sent because their function's messages were off. */
  private unsent: number;

  constructor(context: PortContext, parts: { statistics: EventCounter }) {
    this.context = context;
    this.statistics = parts.statistics;
    this.throttle = new Throttle(context, (vector) => this.deliver(vector));
    this.vectorFunction = new Uint8Array(VECTORS);
    this.vectorNumber = Uint8Array.from({ length: VECTORS }, (_, vector) => vector);
    this.due = 0;
    this.requestDue = makeTask(() => this.requestVectors());
    this.unsent = 0;
    this.sent = new Float64Array((1 + POOLS) * SENT_ROW);
  }

  /** Sends a vector through the table of function `fn` (0 the PF, 1 + v VF v) as its vector `number` from now on. */
  assignVector(vector: number, fn: number, number: number): void {
    this.vectorFunction[vector] = fn;
    this.vectorNumber[vector] = number;
  }

  /** Sets legacy causes: bits of ICR. */
  raise(causes: number): void {
    const { values } = this.context.registers;
    const legacy = this.legacyPending();
    const extended = this.extendedPending();
    values[pf.ICR.index]! |= causes & LEGACY_CAUSES;
    const { trace, events } = this.context;
    if (trace.on[events.igb_irq_raise] !== 0) {
      trace.emit(events.igb_irq_raise, causes >>> 0, values[pf.ICR.index], values[pf.IMS.index]);
    }
    this.settle(legacy, extended);
  }

  /**
   * Descriptors of a receive queue were written back, and are in memory; `immediate`: one is of a frame that is to interrupt
   * at once (§6.8).
   */
  receiveDone(queue: number, immediate = false): void {
    const vector = this.queueDone(queue, RX_SHIFT, pf.ICR.RXDW.mask);
    if (!immediate) return;
    this.requestVectors();
    this.throttle.hasten(this.multipleVectors() ? vector : 0);
  }

  /** Descriptors of a transmit queue were written back, and are in memory. */
  transmitDone(queue: number): void {
    this.queueDone(queue, TX_SHIFT, pf.ICR.TXDW.mask);
  }

  /**
   * Until when, in the clock's ns, the interrupt of a queue's write-backs is held back by EITR; 0 where it is not. Until then
   * write-backs below the queue's threshold may wait.
   */
  quietUntil(queue: number, transmit: boolean): number {
    if (!this.multipleVectors()) return this.throttle.quietUntil(0);
    const vector = this.vectorOf(queue, transmit ? TX_SHIFT : RX_SHIFT);
    return vector < 0 || vector >= VECTORS ? 0 : this.throttle.quietUntil(vector);
  }

  /** ICR as software sees it, without a side effect: also what ICS reads as (ethtool -d). */
  peekIcr(): number {
    const causes = this.context.registers.values[pf.ICR.index]! & LEGACY_CAUSES;
    return (this.asserted() ? causes | pf.ICR.INTA.mask : causes) >>> 0;
  }

  /** A read acknowledges everything unless software asked, by MSI-X without NSICR, to acknowledge by writing (§6.5). */
  readIcr(): number {
    const { values } = this.context.registers;
    const icr = this.peekIcr();
    const clears =
      (values[pf.GPIE.index]! & pf.GPIE.NSICR.mask) !== 0 ||
      values[pf.IMS.index] === 0 ||
      this.asserted() ||
      !this.context.interruptPorts[0]!.msixEnabled;
    this.autoMask();
    if (clears) values[pf.ICR.index] = 0;
    this.driveLine();
    const { trace, events } = this.context;
    if (trace.on[events.igb_irq_icr_read] !== 0) trace.emit(events.igb_irq_icr_read, icr, clears ? 1 : 0);
    return icr;
  }

  /** Clears the causes written as one. */
  writeIcr(value: number, causesBefore: number): void {
    const { values } = this.context.registers;
    values[pf.ICR.index] = causesBefore;
    this.autoMask();
    values[pf.ICR.index] = causesBefore & ~value;
    this.driveLine();
    const { trace, events } = this.context;
    if (trace.on[events.igb_irq_icr_write] !== 0) trace.emit(events.igb_irq_icr_write, value);
  }

  /** Raises causes, and nothing else than those that software may mask. */
  writeIcs(value: number): void {
    this.raise(value);
  }

  writeIms(value: number, maskBefore: number): void {
    const { values } = this.context.registers;
    values[pf.IMS.index] = maskBefore;
    const legacy = this.legacyPending();
    const extended = this.extendedPending();
    values[pf.IMS.index] = maskBefore | (value & LEGACY_CAUSES);
    this.traceMask();
    this.settle(legacy, extended);
  }

  writeImc(value: number): void {
    this.context.registers.values[pf.IMS.index]! &= ~value;
    this.traceMask();
    this.driveLine();
  }

  /** EICR without a side effect: also what EICS reads as. */
  peekEicr(): number {
    return this.context.registers.values[pf.EICR.index]!;
  }

  readEicr(): number {
    const eicr = this.peekEicr();
    this.context.registers.values[pf.EICR.index] = 0;
    this.driveLine();
    const { trace, events } = this.context;
    if (trace.on[events.igb_irq_eicr_read] !== 0) trace.emit(events.igb_irq_eicr_read, eicr);
    return eicr;
  }

  writeEicr(value: number, causesBefore: number): void {
    this.context.registers.values[pf.EICR.index] = causesBefore & ~value;
    this.driveLine();
    const { trace, events } = this.context;
    if (trace.on[events.igb_irq_eicr_write] !== 0) {
      trace.emit(events.igb_irq_eicr_write, value, causesBefore & ~value);
    }
  }

  writeEics(value: number): void {
    const legacy = this.legacyPending();
    const extended = this.extendedPending();
    this.setExtended(value);
    this.settle(legacy, extended);
  }

  writeEims(value: number, maskBefore: number): void {
    const { values } = this.context.registers;
    values[pf.EIMS.index] = maskBefore;
    const legacy = this.legacyPending();
    const extended = this.extendedPending();
    values[pf.EIMS.index] = maskBefore | (value & this.extendedCauses());
    this.traceExtendedMask(value, 0);
    this.settle(legacy, extended);
  }

  writeEimc(value: number): void {
    this.context.registers.values[pf.EIMS.index]! &= ~value;
    this.traceExtendedMask(0, value);
    this.driveLine();
  }

  /** The TCP timer ran out: its own bit of EICR, or the vector that IVAR_MISC gives it. */
  tcpTimerExpired(): void {
    const { values } = this.context.registers;
    const legacy = this.legacyPending();
    const extended = this.extendedPending();
    const vector = values[pf.IVAR_MISC.index]!;
    if (!this.multipleVectors()) this.setExtended(pf.EICR.TCP_TIMER.mask);
    else if ((vector & IVAR_VALID) !== 0) this.setExtended(1 << (vector & IVAR_VECTOR));
    this.settle(legacy, extended);
  }

  /** Sets vectors' causes; without effect while bits of EICR are not vectors. */
  raiseVectors(vectors: number): void {
    if (this.multipleVectors()) this.writeEics(vectors);
  }

  /** Unmasks vectors in either mode: a VF's driver may do so before the PF's has chosen the mode. */
  unmaskVectors(vectors: number): void {
    const { values } = this.context.registers;
    const legacy = this.legacyPending();
    const extended = this.extendedPending();
    values[pf.EIMS.index]! |= vectors & VECTOR_CAUSES;
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
    for (const register of [pf.EICR, pf.EIMS, pf.EIAC, pf.EIAM]) values[register.index]! &= kept;
    this.due &= kept;
    this.unsent &= kept;
    for (let vector = first; vector < first + count; vector += 1) {
      values[pf.EITR.index + vector * pf.EITR.step] = 0;
      this.throttle.resetVector(vector);
    }
    this.driveLine();
  }

  /** `value` is what software wrote to EITR(vector), `before` what was there. */
  writeEitr(vector: number, value: number, before: number): void {
    this.throttle.written(vector, value, before);
  }

  /** PBACLR: forgets pending messages of the PF's vectors. */
  clearPending(vectors: number): void {
    for (let vector = 0; vector < VECTORS; vector += 1) {
      if ((vectors & (1 << vector)) !== 0) this.context.interruptPorts[0]!.clearPending(vector);
    }
  }

  /** GPIE changed. */
  modeChanged(): void {
    this.driveLine();
  }

  /**
   * A function's guest turned MSI or MSI-X on: what could not be sent meanwhile is sent if its cause still stands. Hypervisors
   * turn MSI-X off and on under a running driver, which would wait for ever where EIAC spares it EICR.
   */
  messagesEnabled(fn: number): void {
    for (let rest = this.unsent; rest !== 0; rest &= rest - 1) {
      const vector = 31 - Math.clz32(rest & -rest);
      if (this.vectorFunction[vector] !== fn) continue;
      this.unsent &= ~(1 << vector);
      this.throttle.request(vector);
    }
  }

  /** After the registers went back to their reset values; causes that the reset itself made are forgotten. */
  reset(): void {
    const { values } = this.context.registers;
    values[pf.ICR.index] = 0;
    values[pf.EICR.index] = 0;
    this.due = 0;
    this.unsent = 0;
    this.throttle.reset();
    this.driveLine();
  }

  /** The vector, or bit of EICR, that IVAR gives a queue; -1 for none. */
  private vectorOf(queue: number, byteShift: number): number {
    const { values } = this.context.registers;
    const ivar = values[pf.IVAR.index + (queue & 7) * pf.IVAR.step]! >>> (((queue & 8) << 1) + byteShift);
    return (ivar & IVAR_VALID) === 0 ? -1 : ivar & IVAR_VECTOR;
  }

  /** Returns what `vectorOf` does. */
  private queueDone(queue: number, byteShift: number, cause: number): number {
    const { registers, trace, events } = this.context;
    const { values } = registers;
    const legacy = this.legacyPending();
    const extended = this.extendedPending();
    const vector = this.vectorOf(queue, byteShift);
    if (vector >= 0) {
      this.traceQueue(queue, byteShift, vector);
      this.setExtended(1 << vector);
    } else if (trace.on[events.igb_irq_no_queue_vector] !== 0) {
      trace.emit(events.igb_irq_no_queue_vector, queue, byteShift >>> 3);
    }
    values[pf.ICR.index]! |= cause;
    if (this.multipleVectors() && legacy === this.legacyPending()) {
      this.due |= this.extendedPending() & ~extended;
      if (this.due !== 0) this.context.tasks.mark(this.requestDue);
    } else this.settle(legacy, extended);
    return vector;
  }

  /** Requests what is due, if software has not masked or acknowledged it meanwhile. Nothing is left to do for a task. */
  private requestVectors(): boolean {
    for (let rest = this.due & this.extendedPending(); rest !== 0; rest &= rest - 1) {
      this.throttle.request(31 - Math.clz32(rest & -rest));
    }
    this.due = 0;
    return false;
  }

  private traceQueue(queue: number, byteShift: number, vector: number): void {
    const { registers, trace, events } = this.context;
    if (trace.on[events.igb_irq_queue] === 0) return;
    const masked = ((registers.values[pf.EIMS.index]! >>> vector) & 1) ^ 1;
    trace.emit(events.igb_irq_queue, queue, byteShift >>> 3, vector, masked);
  }

  /** Acts on what is pending and unmasked now and was not before. */
  private settle(legacyBefore: number, extendedBefore: number): void {
    const { registers, trace, events } = this.context;
    const { values } = registers;
    const legacy = this.legacyPending() & ~legacyBefore;
    if (!this.multipleVectors()) {
      if (legacy !== 0) this.setExtended(OTHER_CAUSE);
      if (legacy !== 0 || (this.extendedPending() & ~extendedBefore & GROUP_CAUSES) !== 0) this.throttle.request(0);
      return;
    }
    if (legacy !== 0) {
      const other = values[pf.IVAR_MISC.index]! >>> OTHER_SHIFT;
      if ((other & IVAR_VALID) !== 0) this.setExtended(1 << (other & IVAR_VECTOR));
      else if (trace.on[events.igb_irq_no_vector] !== 0) trace.emit(events.igb_irq_no_vector, legacy >>> 0);
    }
    let fresh = this.extendedPending() & ~extendedBefore;
    while (fresh !== 0) {
      const vector = 31 - Math.clz32(fresh);
      fresh &= ~(1 << vector);
      this.throttle.request(vector);
    }
  }

  /** Sends one vector whose time has come; false when its cause was masked or acknowledged meanwhile. */
  private deliver(vector: number): boolean {
    return this.multipleVectors() ? this.deliverVector(vector) : vector === 0 && this.deliverSingle();
  }

  private deliverVector(vector: number): boolean {
    const { values } = this.context.registers;
    const bit = 1 << vector;
    if ((this.extendedPending() & bit) === 0) return false;
    const port = this.context.interruptPorts[this.vectorFunction[vector]!]!;
    const { trace, events } = this.context;
    const fn = this.vectorFunction[vector]!;
    const number = this.vectorNumber[vector]!;
    if (!port.msixEnabled) {
      this.unsent |= bit;
      if (trace.on[events.igb_irq_unsent] !== 0) trace.emit(events.igb_irq_unsent, vector, fn);
      return false;
    }
    if (trace.on[events.igb_irq_msix] !== 0) trace.emit(events.igb_irq_msix, vector, fn, number);
    port.sendMsix(number);
    this.countSent(fn, number);
    if (number >= PF_VECTORS && trace.on[events.igb_guest_error_vector] !== 0) {
      trace.emit(events.igb_guest_error_vector, number);
    }
    const autoMask = (values[pf.GPIE.index]! & pf.GPIE.EIAME.mask) !== 0 && (values[pf.EIAM.index]! & bit) !== 0;
    if (autoMask) values[pf.EIMS.index]! &= ~bit;
    if ((values[pf.EIAC.index]! & bit) !== 0) {
      values[pf.EICR.index]! &= ~bit;
      if (trace.on[events.igb_irq_auto_clear] !== 0) trace.emit(events.igb_irq_auto_clear, vector, autoMask ? 1 : 0);
    }
    this.statistics.count(pf.IAC.index, 1);
    return true;
  }

  private deliverSingle(): boolean {
    if (!this.asserted()) return false;
    const port = this.context.interruptPorts[0]!;
    const { trace, events } = this.context;
    if (port.msixEnabled) {
      port.sendMsix(0);
      this.countSent(0, 0);
      if (trace.on[events.igb_irq_msix] !== 0) trace.emit(events.igb_irq_msix, 0, 0, 0);
    } else if (port.msiEnabled) {
      port.sendMsi();
      this.countSent(0, SENT_MSI);
      if (trace.on[events.igb_irq_msi] !== 0) trace.emit(events.igb_irq_msi);
    } else {
      this.unsent |= 1;
      port.setIntx(true);
      this.countSent(0, SENT_INTX);
      if (trace.on[events.igb_irq_intx] !== 0) trace.emit(events.igb_irq_intx, 1);
    }
    this.statistics.count(pf.IAC.index, 1);
    return true;
  }

  private countSent(fn: number, what: number): void {
    this.sent[fn * SENT_ROW + what]! += 1;
  }

  /** Lowers INTx when nothing asserts it any more; it rises only through the throttle. */
  private driveLine(): void {
    if (!this.asserted()) this.context.interruptPorts[0]!.setIntx(false);
  }

  /** Something unmasked is pending while there is a single interrupt: ICR.INTA. */
  private asserted(): boolean {
    if (this.multipleVectors()) return false;
    return this.legacyPending() !== 0 || (this.extendedPending() & GROUP_CAUSES) !== 0;
  }

  /** IAM takes effect on an acknowledgement of an interrupt that is asserted, or of any with NSICR. */
  private autoMask(): void {
    const { values } = this.context.registers;
    if ((values[pf.GPIE.index]! & pf.GPIE.NSICR.mask) !== 0 || (values[pf.IMS.index] !== 0 && this.asserted())) {
      values[pf.IMS.index]! &= ~values[pf.IAM.index]!;
    }
  }

  private setExtended(causes: number): void {
    const { registers, trace, events } = this.context;
    const { values } = registers;
    values[pf.EICR.index]! |= causes & this.extendedCauses();
    if (trace.on[events.igb_irq_raise_extended] !== 0) {
      trace.emit(events.igb_irq_raise_extended, causes >>> 0, values[pf.EICR.index], values[pf.EIMS.index]);
    }
  }

  private traceMask(): void {
    const { registers, trace, events } = this.context;
    if (trace.on[events.igb_irq_ims] !== 0) trace.emit(events.igb_irq_ims, registers.values[pf.IMS.index]);
  }

  private traceExtendedMask(unmasked: number, masked: number): void {
    const { registers, trace, events } = this.context;
    if (trace.on[events.igb_irq_eims] === 0) return;
    trace.emit(events.igb_irq_eims, registers.values[pf.EIMS.index], unmasked >>> 0, masked >>> 0);
  }

  private legacyPending(): number {
    const { values } = this.context.registers;
    return values[pf.ICR.index]! & values[pf.IMS.index]! & LEGACY_CAUSES;
  }

  private extendedPending(): number {
    const { values } = this.context.registers;
    return values[pf.EICR.index]! & values[pf.EIMS.index]!;
  }

  private extendedCauses(): number {
    return this.multipleVectors() ? VECTOR_CAUSES : GROUP_CAUSES | OTHER_CAUSE;
  }

  private multipleVectors(): boolean {
    return (this.context.registers.values[pf.GPIE.index]! & pf.GPIE.MULTIPLE_MSIX.mask) !== 0;
  }
}
