/**
 * Interrupts as signals to the client (QEMU), for a function that is attached by itself: there QEMU owns the MSI-X table and turns signals into
 * messages. INTx is a level that QEMU masks at each signal and unmasks at the guest's next access (VFIO's AUTOMASKED).
 */
import type { MsiCapability } from './capabilities/msi.ts';
import type { MsixCapability } from './capabilities/msix.ts';
import type { ConfigSpace } from './config-space.ts';
import { Command, Header, Status } from './header.ts';
import { type FunctionInterrupts, IrqIndex } from './interrupts.ts';

/** Signals a client's vector; false where none is connected, or INTx is masked. */
export interface SignalSender {
  signal(index: number, vector: number): boolean;
}

export class SignalInterrupts implements FunctionInterrupts {
  readonly #config: ConfigSpace;
  readonly #sender: SignalSender;
  readonly #msi: MsiCapability | undefined;
  readonly #msix: MsixCapability | undefined;
  /** Vectors raised while the client had none connected; bit by vector. */
  readonly #pending: Uint32Array;
  #level: boolean;
  /** The client holds a signal of INTx that it has not yet answered by unmasking. */
  #signalled: boolean;
  msixEnabled: boolean;
  msiEnabled: boolean;

  constructor(
    config: ConfigSpace,
    sender: SignalSender,
    msi: MsiCapability | undefined,
    msix: MsixCapability | undefined,
  ) {
    this.#config = config;
    this.#sender = sender;
    this.#msi = msi;
    this.#msix = msix;
    this.#pending = new Uint32Array(Math.ceil((msix?.vectors ?? 0) / 32));
    this.#level = false;
    this.#signalled = false;
    this.msixEnabled = false;
    this.msiEnabled = false;
  }

  sendMsix(vector: number): void {
    if (!this.msixEnabled || vector < 0 || vector >= (this.#msix?.vectors ?? 0)) return;
    if (!this.#sender.signal(IrqIndex.msix, vector)) this.#pending[vector >> 5]! |= 1 << (vector & 31);
  }

  clearPending(vector: number): void {
    if (vector >= 0 && vector < (this.#msix?.vectors ?? 0)) this.#pending[vector >> 5]! &= ~(1 << (vector & 31));
  }

  sendMsi(): void {
    const msi = this.#msi;
    if (msi === undefined || !this.msiEnabled) return;
    if (msi.masked || !this.#sender.signal(IrqIndex.msi, 0)) msi.pending = true;
  }

  setIntx(asserted: boolean): void {
    if (asserted === this.#level) return;
    this.#level = asserted;
    const status = this.#config.read(Header.status, 2) & ~Status.interrupt;
    this.#config.set(Header.status, 2, asserted ? status | Status.interrupt : status);
    this.#signalIntx();
  }

  #signalIntx(): void {
    if (!this.#level || this.#signalled || this.msixEnabled || this.msiEnabled) return;
    if ((this.#config.read(Header.command, 2) & Command.interruptDisable) !== 0) return;
    this.#signalled = this.#sender.signal(IrqIndex.intx, 0);
  }

  configChanged(): void {
    this.msixEnabled = this.#msix?.enabled ?? false;
    this.msiEnabled = this.#msi?.enabled ?? false;
    if (!this.msixEnabled) this.#pending.fill(0);
    this.#retryMsi();
    this.#signalIntx();
  }

  #retryMsi(): void {
    const msi = this.#msi;
    if (msi === undefined || !this.msiEnabled || !msi.pending || msi.masked) return;
    if (this.#sender.signal(IrqIndex.msi, 0)) msi.pending = false;
  }

  #retryMsix(): void {
    if (!this.msixEnabled) return;
    for (let vector = 0; vector < (this.#msix?.vectors ?? 0); vector += 1) {
      const bit = 1 << (vector & 31);
      if ((this.#pending[vector >> 5]! & bit) === 0) continue;
      if (this.#sender.signal(IrqIndex.msix, vector)) this.#pending[vector >> 5]! &= ~bit;
    }
  }

  irqsChanged(index: number): void {
    if (index === IrqIndex.msix) this.#retryMsix();
    else if (index === IrqIndex.msi) this.#retryMsi();
    else if (index === IrqIndex.intx) {
      this.#signalled = false;
      this.#signalIntx();
    }
  }

  /** The client's mask of INTx outlives a reset of the function: it unmasks at the guest's next access. */
  reset(): void {
    this.#level = false;
    this.configChanged();
  }

  clientChanged(): void {
    this.#pending.fill(0);
    this.#signalled = false;
  }
}
