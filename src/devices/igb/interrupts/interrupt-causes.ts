/**
 * What stands in the registers of causes and masks: the legacy ones (ICR, IMS, IAM), the extended ones (EICR, EIMS), and
 * how IVAR and GPIE tie them together (reference §6.2 to §6.5).
 */
import type { PortContext } from '../context.ts';
import { pf } from '../tables/index.ts';
import { VECTORS } from './throttle.ts';

const { EICR, EIMS, GPIE, IAM, ICR, IMS, IVAR, IVAR_MISC } = pf;

/** Causes that exist, hence the bits of ICS, IMS and IMC: Linux' interrupt self-test walks exactly these. */
export const LEGACY_CAUSES = 0x77d4_fbfd;
/** Bits of EICR: one for each vector in MSI-X mode; queue groups, TCP timer and "other" without. */
export const VECTOR_CAUSES = (1 << VECTORS) - 1;
export const GROUP_CAUSES = 0x4000_ffff;
export const OTHER_CAUSE = 0x8000_0000;
/** A byte of IVAR and IVAR_MISC: valid, and the vector (or bit of EICR). */
const IVAR_VALID = 0x80;
const IVAR_VECTOR = 0x1f;
/** Bytes of IVAR for a queue's receive and transmit side. */
export const RX_SHIFT = 0;
export const TX_SHIFT = 8;
/** Bytes of IVAR_MISC: for the TCP timer, and for all legacy causes. */
export const TIMER_SHIFT = 0;
export const OTHER_SHIFT = 8;

export class InterruptCauses {
  private readonly context: PortContext;

  constructor(context: PortContext) {
    this.context = context;
  }

  /** Causes that are set and unmasked. */
  legacyPending(): number {
    const { values } = this.context.registers;
    return values[ICR.index]! & values[IMS.index]! & LEGACY_CAUSES;
  }

  extendedPending(): number {
    const { values } = this.context.registers;
    return values[EICR.index]! & values[EIMS.index]!;
  }

  /** Bits of EICR are vectors, each with a message of its own. */
  multipleVectors(): boolean {
    return (this.context.registers.values[GPIE.index]! & GPIE.MULTIPLE_MSIX.mask) !== 0;
  }

  /** Bits that EICR has in the mode that GPIE chooses. */
  extendedCauses(): number {
    return this.multipleVectors() ? VECTOR_CAUSES : GROUP_CAUSES | OTHER_CAUSE;
  }

  /** Something unmasked is pending while there is a single interrupt: ICR.INTA. */
  asserted(): boolean {
    if (this.multipleVectors()) return false;
    return this.legacyPending() !== 0 || (this.extendedPending() & GROUP_CAUSES) !== 0;
  }

  /** ICR as software sees it. */
  legacy(): number {
    const causes = this.context.registers.values[ICR.index]! & LEGACY_CAUSES;
    return (this.asserted() ? causes | ICR.INTA.mask : causes) >>> 0;
  }

  setExtended(causes: number): void {
    const { registers, trace, events } = this.context;
    const { values } = registers;
    values[EICR.index]! |= causes & this.extendedCauses();
    if (trace.on[events.igb_irq_raise_extended] !== 0) {
      trace.emit(events.igb_irq_raise_extended, causes >>> 0, values[EICR.index], values[EIMS.index]);
    }
  }

  /** IAM takes effect on an acknowledgement of an interrupt that is asserted, or of any with NSICR. */
  autoMask(): void {
    const { values } = this.context.registers;
    if ((values[GPIE.index]! & GPIE.NSICR.mask) !== 0 || (values[IMS.index] !== 0 && this.asserted())) {
      values[IMS.index]! &= ~values[IAM.index]!;
    }
  }

  /** The vector, or bit of EICR, that IVAR gives a side of a queue; -1 for none. */
  vectorOfQueue(queue: number, byteShift: number): number {
    const ivar = this.context.registers.values[IVAR.index + (queue & 7) * IVAR.step]!;
    return vectorIn(ivar >>> (((queue & 8) << 1) + byteShift));
  }

  /** The vector that IVAR_MISC gives the TCP timer or the legacy causes; -1 for none. */
  vectorBeside(byteShift: number): number {
    return vectorIn(this.context.registers.values[IVAR_MISC.index]! >>> byteShift);
  }
}

function vectorIn(ivarByte: number): number {
  return (ivarByte & IVAR_VALID) === 0 ? -1 : ivarByte & IVAR_VECTOR;
}
