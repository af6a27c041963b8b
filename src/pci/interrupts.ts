/** What the bus code needs of a function's interrupts beside what the device does. */
import type { InterruptPort } from '../ports/index.ts';

/** Interrupt indexes of a client, in VFIO's order. */
export const IrqIndex = { intx: 0, msi: 1, msix: 2 } as const;

export interface FunctionInterrupts extends InterruptPort {
  /** Command, MSI or MSI-X registers changed. */
  configChanged(): void;
  /** The function was reset; its config space already is. */
  reset(): void;
  /** The client (un)masked or (re)connected interrupts of an index. */
  irqsChanged(index: number): void;
  /** A client has come or gone: nothing is masked or pending with it. */
  clientChanged(): void;
}
