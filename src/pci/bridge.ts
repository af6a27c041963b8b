/** A PCI-to-PCI bridge: forwards config by bus number and memory by its two windows. PCI Express 7.5.1.3. */
import { Bus } from './bus.ts';
import type { PciExpress } from './capabilities/pci-express.ts';
import { Change } from './change.ts';
import { type FunctionOptions, PciFunction } from './function.ts';
import { BridgeControl, Command, declareType1, Header, type Identity } from './header.ts';
import type { ResetKind } from './reset.ts';

export interface BridgeOptions extends FunctionOptions {
  readonly identity: Identity;
  readonly routing: { generation: number };
}

export class Bridge extends PciFunction {
  readonly secondary: Bus;
  /** Set by a port's constructor; its ARI forwarding decides which devices answer. */
  pciExpress: PciExpress | undefined;
  #inReset: boolean;

  constructor(options: BridgeOptions) {
    super(options);
    declareType1(this.config, options.identity);
    this.secondary = new Bus(options.routing, this);
    this.pciExpress = undefined;
    this.#inReset = false;
  }

  get secondaryNumber(): number {
    return this.config.read(Header.secondaryBus, 1);
  }

  get subordinateNumber(): number {
    return this.config.read(Header.subordinateBus, 1);
  }

  /** Bounds of window 0 (memory) or 1 (prefetchable): first address and the one after the last; empty where start >= end. */
  windowStart(window: number): number {
    if (!this.#forwards()) return 0;
    const base = this.config.read(window === 0 ? Header.memoryBase : Header.prefetchBase, 2) & 0xfff0;
    const upper = window === 0 ? 0 : this.config.read(Header.prefetchBaseUpper, 4);
    return upper * 0x1_0000_0000 + base * 0x1_0000;
  }

  windowEnd(window: number): number {
    if (!this.#forwards()) return 0;
    const limit = this.config.read(window === 0 ? Header.memoryLimit : Header.prefetchLimit, 2) & 0xfff0;
    const upper = window === 0 ? 0 : this.config.read(Header.prefetchLimitUpper, 4);
    return upper * 0x1_0000_0000 + limit * 0x1_0000 + 0x10_0000;
  }

  #forwards(): boolean {
    return !this.#inReset && (this.config.read(Header.command, 2) & Command.memory) !== 0;
  }

  /** The function below that a config access to (bus number, device and function) reaches. */
  functionBelow(busNumber: number, deviceFunction: number): PciFunction | undefined {
    if (this.#inReset) return undefined;
    const offset = busNumber - this.secondaryNumber;
    const ari = this.pciExpress?.ariForwarding ?? false;
    // Without ARI forwarding only device 0 is on the link (PCI Express 6.13).
    if (offset === 0 && deviceFunction >= 8 && !ari) return undefined;
    return this.secondary.at((offset << 8) | deviceFunction);
  }

  protected override configChanged(changes: number): void {
    if ((changes & (Change.command | Change.power)) !== 0) this.secondary.refreshMastering();
    if ((changes & (Change.command | Change.windows | Change.busNumbers)) !== 0) this.secondary.routingChanged();
    if ((changes & Change.bridgeControl) !== 0) this.#bridgeControlChanged();
    if ((changes & Change.rootPort) !== 0 && this.pciExpress?.rootWritten() === true) this.interrupts?.sendMsi();
  }

  #bridgeControlChanged(): void {
    const asserted = (this.config.read(Header.bridgeControl, 2) & BridgeControl.secondaryBusReset) !== 0;
    if (asserted === this.#inReset) return;
    this.#inReset = asserted;
    this.pciExpress?.setLinkActive(!asserted);
    this.secondary.routingChanged();
    if (asserted) this.secondary.reset('hot');
  }

  /** A PME message from below: on its way up; a root port keeps it. */
  pme(routingId: number): void {
    const { pciExpress, bus, interrupts } = this;
    if (pciExpress?.isRootPort !== true) bus?.pme(routingId);
    else if (pciExpress.rootPme(routingId)) interrupts?.sendMsi();
  }

  /** A bridge's reset goes down to everything below it. */
  protected override deviceReset(kind: ResetKind): void {
    this.#inReset = false;
    this.pciExpress?.reset();
    this.secondary.reset(kind === 'fundamental' ? 'fundamental' : 'hot');
    this.secondary.refreshMastering();
  }
}
