/** Interrupts of a function in a machine of our own: messages are memory writes, and INTx is a level on a pin. */
import type { MsiCapability } from './capabilities/msi.ts';
import type { MsixCapability } from './capabilities/msix.ts';
import type { ConfigSpace } from './config-space.ts';
import { Command, Header, Status } from './header.ts';
import { MessageInterrupts } from './message-interrupts.ts';
import type { MessageSender, MsixTable } from './msix-table.ts';

/** What a function's pin is wired to. */
export interface InterruptPin {
  /** The level has changed. */
  setLevel(asserted: boolean): void;
}

export interface PinInterruptsOptions {
  readonly config: ConfigSpace;
  readonly sender: MessageSender;
  readonly pin: InterruptPin;
  readonly msi: MsiCapability | undefined;
  readonly msix: MsixCapability | undefined;
  readonly table: MsixTable | undefined;
}

export class PinInterrupts extends MessageInterrupts {
  readonly #config: ConfigSpace;
  readonly #pin: InterruptPin;
  /** What the device wants, and what the pin shows. */
  #wanted: boolean;
  #shown: boolean;

  constructor(options: PinInterruptsOptions) {
    super(options.sender, options.msi, options.msix, options.table);
    this.#config = options.config;
    this.#pin = options.pin;
    this.#wanted = false;
    this.#shown = false;
  }

  override setIntx(asserted: boolean): void {
    if (asserted === this.#wanted) return;
    this.#wanted = asserted;
    const status = this.#config.read(Header.status, 2) & ~Status.interrupt;
    this.#config.set(Header.status, 2, asserted ? status | Status.interrupt : status);
    this.#drive();
  }

  override configChanged(): void {
    super.configChanged();
    this.#drive();
  }

  override reset(): void {
    this.#wanted = false;
    super.reset();
  }

  /** A function that uses messages, or whose guest disabled INTx, leaves its pin alone (PCI 6.2.2). */
  #drive(): void {
    const disabled = (this.#config.read(Header.command, 2) & Command.interruptDisable) !== 0;
    const show = this.#wanted && !disabled && !this.msixEnabled && !this.msiEnabled;
    if (show === this.#shown) return;
    this.#shown = show;
    this.#pin.setLevel(show);
  }
}
