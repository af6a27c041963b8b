/** Interrupts as memory writes: a function behind a bridge, whose guest programs MSI and MSI-X itself. INTx does not exist here. */
import type { MsiCapability } from './capabilities/msi.ts';
import type { MsixCapability } from './capabilities/msix.ts';
import type { FunctionInterrupts } from './interrupts.ts';
import type { MessageSender, MsixTable } from './msix-table.ts';

export class MessageInterrupts implements FunctionInterrupts {
  readonly #sender: MessageSender;
  readonly #msi: MsiCapability | undefined;
  readonly #msix: MsixCapability | undefined;
  readonly #table: MsixTable | undefined;
  msixEnabled: boolean;
  msiEnabled: boolean;

  constructor(
    sender: MessageSender,
    msi: MsiCapability | undefined,
    msix: MsixCapability | undefined,
    table: MsixTable | undefined,
  ) {
    this.#sender = sender;
    this.#msi = msi;
    this.#msix = msix;
    this.#table = table;
    this.msixEnabled = false;
    this.msiEnabled = false;
  }

  sendMsix(vector: number): void {
    this.#table?.send(vector);
  }

  clearPending(vector: number): void {
    this.#table?.clearPending(vector);
  }

  sendMsi(): void {
    const msi = this.#msi;
    if (msi === undefined || !this.msiEnabled) return;
    if (msi.masked) msi.pending = true;
    else this.#sender.sendMessage(msi.address, msi.data);
  }

  setIntx(_asserted: boolean): void {
    // Nothing carries a pin's level through a VMD.
  }

  configChanged(): void {
    this.msixEnabled = this.#msix?.enabled ?? false;
    this.msiEnabled = this.#msi?.enabled ?? false;
    if (this.msixEnabled) this.#table?.controlChanged();
    const msi = this.#msi;
    if (msi === undefined || !this.msiEnabled || !msi.pending || msi.masked) return;
    msi.pending = false;
    this.#sender.sendMessage(msi.address, msi.data);
  }

  reset(): void {
    this.#table?.reset();
    this.configChanged();
  }

  irqsChanged(_index: number): void {
    // A client has no vectors for what it does not see.
  }

  clientChanged(): void {
    // Nothing of a client is kept here.
  }
}
