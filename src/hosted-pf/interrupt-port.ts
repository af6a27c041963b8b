/** The interrupts of a function whose driver is in this process: MSI-X with one vector, and nobody else to tell. */
import type { InterruptPort } from '../ports/index.ts';

export class HostedInterrupts implements InterruptPort {
  readonly msixEnabled: boolean;
  readonly msiEnabled: boolean;
  /** Called in the midst of what the device does: it may only mark work. */
  handler: () => void;

  constructor() {
    this.msixEnabled = true;
    this.msiEnabled = false;
    this.handler = () => undefined;
  }

  sendMsix(vector: number): void {
    if (vector === 0) this.handler();
  }

  clearPending(): void {
    // Nothing is ever pending: no vector is masked here.
  }

  sendMsi(): void {
    // MSI is off.
  }

  setIntx(): void {
    // MSI-X is on.
  }
}
