/** How interrupts leave a port: as MSI-X vectors of its functions, as MSI, or as the level of INTx. */
import { POOLS, type PortContext } from '../context.ts';
import type { InterruptCauses } from './interrupt-causes.ts';
import { PF_VECTORS } from '../sizes.ts';
import { pf } from '../tables/index.ts';
import { VECTORS } from './throttle.ts';

const { EIAC, EIAM, EICR, EIMS, GPIE, IAC } = pf;

/** What messages need of the statistics: IAC counts. */
export interface EventCounter {
  count(registerIndex: number, by: number): void;
}

/** A row of `InterruptMessages.sent`: MSI-X vectors by number, then MSI, then rising INTx. */
export const SENT_ROW = 32;
export const SENT_MSI = 30;
export const SENT_INTX = 31;

export class InterruptMessages {
  /** Interrupts sent since power on, a row of SENT_ROW for each function. */
  readonly sent: Float64Array;
  private readonly context: PortContext;
  private readonly causes: InterruptCauses;
  private readonly statistics: EventCounter;
  /** Whose MSI-X table a vector goes through, and its number there: the PF's own but for those of VFs. */
  private readonly vectorFunction: Uint8Array;
  private readonly vectorNumber: Uint8Array;
  /** Vectors that could not be sent because their function's messages were off. */
  private unsent: number;

  constructor(context: PortContext, causes: InterruptCauses, statistics: EventCounter) {
    this.context = context;
    this.causes = causes;
    this.statistics = statistics;
    this.vectorFunction = new Uint8Array(VECTORS);
    this.vectorNumber = Uint8Array.from({ length: VECTORS }, (_, vector) => vector);
    this.unsent = 0;
    this.sent = new Float64Array((1 + POOLS) * SENT_ROW);
  }

  /** Sends a vector through the table of function `fn` (0 the PF, 1 + v VF v) as its vector `number` from now on. */
  assignVector(vector: number, fn: number, number: number): void {
    this.vectorFunction[vector] = fn;
    this.vectorNumber[vector] = number;
  }

  /** Sends one vector whose time has come; false when its cause was masked or acknowledged meanwhile. */
  send(vector: number): boolean {
    return this.causes.multipleVectors() ? this.sendVector(vector) : vector === 0 && this.sendSingle();
  }

  /** Lowers INTx when nothing asserts it any more; it rises only by being sent. */
  driveLine(): void {
    if (!this.causes.asserted()) this.context.interruptPorts[0]!.setIntx(false);
  }

  /** PBACLR: forgets pending messages of the PF's vectors. */
  clearPending(vectors: number): void {
    for (let vector = 0; vector < VECTORS; vector += 1) {
      if ((vectors & (1 << vector)) !== 0) this.context.interruptPorts[0]!.clearPending(vector);
    }
  }

  /** Vectors of a function that could not be sent until now, as bits; they are not kept. */
  takeUnsent(fn: number): number {
    let taken = 0;
    for (let rest = this.unsent; rest !== 0; rest &= rest - 1) {
      const bit = rest & -rest;
      if (this.vectorFunction[31 - Math.clz32(bit)] === fn) taken |= bit;
    }
    this.unsent &= ~taken;
    return taken;
  }

  /** Forgets which of these vectors could not be sent. */
  forgetUnsent(vectors: number): void {
    this.unsent &= ~vectors;
  }

  private sendVector(vector: number): boolean {
    const { registers, interruptPorts, trace, events } = this.context;
    const { values } = registers;
    const bit = 1 << vector;
    if ((this.causes.extendedPending() & bit) === 0) return false;
    const fn = this.vectorFunction[vector]!;
    const number = this.vectorNumber[vector]!;
    const port = interruptPorts[fn]!;
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
    const autoMask = (values[GPIE.index]! & GPIE.EIAME.mask) !== 0 && (values[EIAM.index]! & bit) !== 0;
    if (autoMask) values[EIMS.index]! &= ~bit;
    if ((values[EIAC.index]! & bit) !== 0) {
      values[EICR.index]! &= ~bit;
      if (trace.on[events.igb_irq_auto_clear] !== 0) trace.emit(events.igb_irq_auto_clear, vector, autoMask ? 1 : 0);
    }
    return true;
  }

  private sendSingle(): boolean {
    if (!this.causes.asserted()) return false;
    const { interruptPorts, trace, events } = this.context;
    const port = interruptPorts[0]!;
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
    return true;
  }

  private countSent(fn: number, what: number): void {
    this.sent[fn * SENT_ROW + what]! += 1;
    this.statistics.count(IAC.index, 1);
  }
}
