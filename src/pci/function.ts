/** One PCI function: config space, BARs and what both of them switch. */
import type { Trace, TraceEvents } from '../ports/index.ts';
import { AccessGuard } from './access-guard.ts';
import { barAddress, type BarSpec, type BarWindow, declareHeaderBar, declareRom, ROM_BAR, romAddress } from './bar.ts';
import type { PowerManagement } from './capabilities/power-management.ts';
import { Change } from './change.ts';
import { ALL_ONES, ConfigSpace } from './config-space.ts';
import { Command, Header } from './header.ts';
import type { FunctionInterrupts } from './interrupts.ts';
import type { ResetKind } from './reset.ts';
import { pciTraceEvents } from './trace-events.ts';

export interface FunctionOptions {
  readonly trace: Trace;
  /** Shared by functions that share state; a guard of its own where not given. */
  readonly guard?: AccessGuard;
}

/** The bus that a function sits on, as far as the function cares. */
export interface FunctionBus {
  /** Something that decides who answers which address changed. */
  routingChanged(): void;
  /** The bridges above let this bus's requests through. */
  readonly mastering: boolean;
  /** Bus number that a guest gave. */
  readonly number: number;
  /** For functions that come and go with another one: its VFs. */
  add(fn: PciFunction, routingOffset: number): void;
  /** A function below asks for power: a PME message on its way up. */
  pme(routingId: number): void;
  remove(fn: PciFunction): void;
}

/** BARs of a type 0 header, and its ROM. */
const BARS = ROM_BAR + 1;
const resetNumber: Readonly<Record<ResetKind, number>> = { fundamental: 0, hot: 1, flr: 2, d3hot: 3 };

/** PME as the device behind a function sees it (PCI Express 5.3.3); none of it without the capability. */
export interface PmeSource {
  readonly pmeEnabled: boolean;
  readonly pmeStatus: boolean;
  setPmeEnabled(enabled: boolean): void;
  /** The device wakes: PME_Status, and a message where PME_En lets it. */
  raisePme(): void;
  clearPme(): void;
}

export class PciFunction implements PmeSource {
  readonly config: ConfigSpace;
  readonly guard: AccessGuard;
  readonly trace: Trace;
  readonly events: TraceEvents<typeof pciTraceEvents>;
  /** Declared BARs by index. */
  readonly bars: (BarSpec | undefined)[];
  readonly #windows: (BarWindow | undefined)[];
  /** Set by the bus: the routing id relative to the bus's first number. */
  routingOffset: number;
  bus: FunctionBus | undefined;
  interrupts: FunctionInterrupts | undefined;
  powerManagement: PowerManagement | undefined;
  /** DMA and messages of this function may leave: bus master, D0, and every bridge above forwards. */
  dmaEnabled: boolean;
  /** PME_Status and PME_En have been seen set together: the message is sent when they come to be. */
  #pmeAsserted: boolean;

  constructor(options: FunctionOptions) {
    this.config = new ConfigSpace();
    this.guard = options.guard ?? new AccessGuard();
    this.trace = options.trace;
    this.events = options.trace.declare(pciTraceEvents);
    this.bars = Array.from({ length: BARS }, () => undefined);
    this.#windows = Array.from({ length: BARS }, () => undefined);
    this.routingOffset = 0;
    this.bus = undefined;
    this.interrupts = undefined;
    this.powerManagement = undefined;
    this.dmaEnabled = false;
    this.#pmeAsserted = false;
  }

  /** Declares a BAR in the header and what answers behind it; for constructors of devices. */
  addBar(spec: BarSpec, window: BarWindow): void {
    declareHeaderBar(this.config, spec);
    this.addWindow(spec, window);
  }

  /** Gives the function an expansion ROM; for constructors of devices. */
  addRom(bytes: number, window: BarWindow): void {
    this.addWindow(declareRom(this.config, bytes), window);
  }

  /** The same without a register in the header: a VF's BAR. */
  addWindow(spec: BarSpec, window: BarWindow): void {
    this.bars[spec.index] = spec;
    this.#windows[spec.index] = window;
  }

  /** Bus, device and function now; 0xffff while it is on no bus of ours (a VMD's endpoint). */
  get routingId(): number {
    return this.bus === undefined ? 0xffff : (this.bus.number << 8) + this.routingOffset;
  }

  get powerState(): number {
    return this.powerManagement?.state ?? 0;
  }

  get pmeEnabled(): boolean {
    return this.powerManagement?.pmeEnabled ?? false;
  }

  get pmeStatus(): boolean {
    return this.powerManagement?.pmeStatus ?? false;
  }

  setPmeEnabled(enabled: boolean): void {
    this.powerManagement?.setPme(enabled, this.pmeStatus);
    this.#pmeChanged();
  }

  raisePme(): void {
    this.powerManagement?.setPme(this.pmeEnabled, true);
    this.#pmeChanged();
  }

  clearPme(): void {
    this.powerManagement?.setPme(this.pmeEnabled, false);
    this.#pmeChanged();
  }

  #pmeChanged(): void {
    const asserted = this.pmeEnabled && this.pmeStatus;
    if (asserted === this.#pmeAsserted) return;
    this.#pmeAsserted = asserted;
    if (!asserted) return;
    if (this.trace.on[this.events.pci_pme] !== 0) this.trace.emit(this.events.pci_pme, this.routingId);
    this.bus?.pme(this.routingId);
  }

  /** Address that a BAR decodes now, -1 where it does not. Memory BARs only: no bridge here forwards I/O. */
  decodedAddress(bar: number): number {
    const spec = this.bars[bar];
    if (spec === undefined || spec.kind === 'io' || this.powerState !== 0) return -1;
    if ((this.config.read(Header.command, 2) & Command.memory) === 0) return -1;
    return bar === ROM_BAR ? romAddress(this.config) : barAddress(this.config, spec, Header.bar + 4 * bar);
  }

  /** Reads 1, 2 or 4 aligned bytes of config space. */
  configRead(offset: number, size: number): number {
    const value = this.config.read(offset, size);
    if (this.trace.on[this.events.pci_cfg_read] !== 0) {
      this.trace.emit(this.events.pci_cfg_read, this.routingId, offset, value, size);
    }
    return value;
  }

  /** Writes 1, 2 or 4 aligned bytes of config space and does what follows from it. */
  configWrite(offset: number, size: number, value: number): void {
    if (this.trace.on[this.events.pci_cfg_write] !== 0) {
      this.trace.emit(this.events.pci_cfg_write, this.routingId, offset, value >>> 0, size);
    }
    const changes = this.config.write(offset, size, value);
    if (changes === 0) return;
    const before = this.guard.beginWork();
    try {
      this.#apply(changes);
    } finally {
      this.guard.endWork(before);
    }
  }

  #apply(changes: number): void {
    if ((changes & Change.functionReset) !== 0) {
      this.reset('flr');
      return;
    }
    if ((changes & Change.power) !== 0 && this.powerManagement?.written() === true) {
      this.reset('d3hot');
      return;
    }
    if ((changes & Change.power) !== 0) this.#pmeChanged();
    if ((changes & (Change.command | Change.power)) !== 0) this.refreshMastering();
    if ((changes & (Change.command | Change.power | Change.bars)) !== 0) this.bus?.routingChanged();
    if ((changes & (Change.command | Change.msi | Change.msix)) !== 0) this.interrupts?.configChanged();
    this.configChanged(changes);
  }

  /** What a subclass does after a config write; `changes` are `Change` bits. */
  protected configChanged(_changes: number): void {
    // Nothing more for a plain endpoint.
  }

  /** Reads 1, 2 or 4 aligned bytes behind a BAR. Whether the BAR decodes is the caller's business (a bus, or QEMU). */
  barRead(bar: number, offset: number, size: number): number {
    const window = this.#windows[bar];
    if (window === undefined || offset >= this.bars[bar]!.sizeBytes) return ALL_ONES[size]!;
    if (!this.guard.enter()) {
      this.#refused(bar, offset, 0);
      return ALL_ONES[size]!;
    }
    // `finally`: a mistake of ours that throws must not leave the function deaf for good. It costs nothing here.
    try {
      return window.read(offset, size);
    } finally {
      this.guard.leave();
    }
  }

  barWrite(bar: number, offset: number, size: number, value: number): void {
    const window = this.#windows[bar];
    if (window === undefined || offset >= this.bars[bar]!.sizeBytes) return;
    if (!this.guard.enter()) {
      this.#refused(bar, offset, 1);
      return;
    }
    try {
      window.write(offset, size, value);
    } finally {
      this.guard.leave();
    }
  }

  #refused(bar: number, offset: number, write: number): void {
    const event = this.events.pci_reentrant_access;
    if (this.trace.on[event] !== 0) this.trace.emit(event, this.routingId, bar, offset, write);
  }

  reset(kind: ResetKind): void {
    const event = this.events.pci_reset;
    if (this.trace.on[event] !== 0) this.trace.emit(event, this.routingId, resetNumber[kind]);
    const before = this.guard.beginWork();
    try {
      this.config.reset(kind !== 'fundamental');
      this.powerManagement?.reset();
      this.#pmeChanged();
      this.refreshMastering();
      this.bus?.routingChanged();
      this.interrupts?.reset();
      this.deviceReset(kind);
    } finally {
      this.guard.endWork(before);
    }
  }

  /** Resets what is behind the function; its config space and interrupts already are. */
  protected deviceReset(_kind: ResetKind): void {
    // A plain function has nothing there.
  }

  /** Recomputes `dmaEnabled`; off the bus nothing leaves. */
  refreshMastering(): void {
    const master = (this.config.read(Header.command, 2) & Command.busMaster) !== 0;
    const enabled = master && this.powerState === 0 && (this.bus?.mastering ?? false);
    if (enabled === this.dmaEnabled) return;
    this.dmaEnabled = enabled;
    this.masteringChanged();
  }

  /** What a subclass does when `dmaEnabled` has changed. */
  protected masteringChanged(): void {
    // Nothing for a plain function.
  }

  /** A client of the function's own has come, or has gone; the function has been reset since. */
  clientChanged(_attached: boolean): void {
    // Nothing for a plain function.
  }
}
