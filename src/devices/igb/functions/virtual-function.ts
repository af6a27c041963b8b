/**
 * A virtual function of the 82576 as PCI sees it, in two places: behind its PF, where a guest enables it by SR-IOV, and by
 * itself, attached to a machine of its own. Both show the same registers; which of the two the VF belongs to is
 * decided elsewhere (virtual-functions.ts).
 */
import {
  addAer,
  addAri,
  type BarWindow,
  CapabilityList,
  Change,
  type ConfigSpace,
  declareType0,
  type DwordRegisters,
  FunctionMemory,
  type FunctionInterrupts,
  type FunctionOptions,
  type Identity,
  MessageInterrupts,
  MsixCapability,
  MsixTable,
  PciDevicePort,
  type PciDomain,
  PciExpress,
  PciFunction,
  PortType,
  RegisterWindow,
  type ResetKind,
  SignalInterrupts,
  VirtualPciFunction,
} from '../../../pci/index.ts';
import type { AccessGuard } from '../../../pci/access-guard.ts';
import type { Trace, TraceEvents } from '../../../ports/index.ts';
import { partialAccess } from './partial-access.ts';
import { type IgbPhysicalFunction, vfBars } from './physical-function.ts';
import { VF_VECTORS } from '../sizes.ts';
import { igbTraceEvents } from '../trace-events.ts';

const [registerBar, msixBar] = vfBars as readonly [(typeof vfBars)[number], (typeof vfBars)[number]];
/** PBA within BAR3. */
const PENDING_OFFSET = 0x2000;

/** Told when a guest resets a VF where it can: FLR, a reset of the machine, SR-IOV disabled. */
export interface VfResetListener {
  vfReset(fn: IgbVirtualFunction): void;
  /** It may do DMA from now on. */
  vfDmaEnabled(fn: IgbVirtualFunction): void;
  /** Its guest may have turned its MSI-X on. */
  vfMessagesEnabled(fn: IgbVirtualFunction): void;
  /** The client of a VF's own socket has come or gone. */
  vfClientChanged(fn: AttachedVirtualFunction, attached: boolean): void;
}

export type IgbVirtualFunction = HierarchyVirtualFunction | AttachedVirtualFunction;

export interface VirtualFunctionOptions {
  readonly trace: Trace;
  readonly pf: IgbPhysicalFunction;
  /** Which VF, from 0. */
  readonly index: number;
  readonly listener: VfResetListener;
}

/** Before a port is connected: nothing there. */
const unconnected: DwordRegisters = { read: () => 0, peek: () => 0, write: () => undefined };

function makeIdentity(vendorId: number, deviceId: number): Identity {
  return { vendorId, deviceId, revision: 1, classCode: 0x020000, subsystemVendorId: 0x8086, subsystemId: 0xa03c };
}

/** MSI-X, PCI Express with FLR, AER: what both have. Link and payload settings are the PF's to make. */
function addCapabilities(config: ConfigSpace): { msix: MsixCapability; pciExpress: PciExpress } {
  const list = new CapabilityList(config);
  const msix = new MsixCapability(list, 0x70, {
    vectors: VF_VECTORS,
    bar: msixBar.index,
    tableOffset: 0,
    pendingOffset: PENDING_OFFSET,
  });
  const pciExpress = new PciExpress(list, 0xa0, {
    type: PortType.endpoint,
    deviceCapabilities: 0x10008cc2,
    deviceControlWritable: 0,
    linkCapabilities: 0x02036c41,
    linkStatus: 0x1041,
    deviceCapabilities2: 0x1f,
  });
  addAer(list, 0x100);
  addAri(list, 0x150, 0);
  return { msix, pciExpress };
}

/** A window that can be shut: what is behind it is somebody else's. Reads then give 0. */
class ShutterWindow implements BarWindow {
  shut: boolean;
  readonly #inner: BarWindow;
  readonly #refused: (offset: number, write: number) => void;

  constructor(inner: BarWindow, refused: (offset: number, write: number) => void) {
    this.shut = false;
    this.#inner = inner;
    this.#refused = refused;
  }

  read(offset: number, size: number): number {
    if (!this.shut) return this.#inner.read(offset, size);
    this.#refused(offset, 0);
    return 0;
  }

  write(offset: number, size: number, value: number): void {
    if (this.shut) this.#refused(offset, 1);
    else this.#inner.write(offset, size, value);
  }
}

/** The VF behind its PF: ids read ffff, only bus mastering can be enabled here (PCI Express 9.3.4). */
export class HierarchyVirtualFunction extends VirtualPciFunction {
  readonly memory: FunctionMemory;
  readonly pciExpress: PciExpress;
  override readonly interrupts: FunctionInterrupts;
  /** Accesses to its BARs while it belonged to another machine. */
  refused: number;
  readonly #igbEvents: TraceEvents<typeof igbTraceEvents>;
  readonly #listener: VfResetListener;
  readonly #window: RegisterWindow;
  readonly #shutters: readonly ShutterWindow[];

  constructor({ trace, pf, index, listener }: VirtualFunctionOptions) {
    super({ trace, guard: pf.guard }, { fn: pf, sriov: pf.sriov }, index);
    declareType0(this.config, { ...makeIdentity(0xffff, 0xffff), commandWritable: 0x0004 });
    const { msix, pciExpress } = addCapabilities(this.config);
    this.pciExpress = pciExpress;
    this.memory = new FunctionMemory(this, pf.memory.domain);
    const table = new MsixTable(msix, this.memory, 0, PENDING_OFFSET);
    this.interrupts = new MessageInterrupts(this.memory, undefined, msix, table);
    this.refused = 0;
    this.#igbEvents = trace.declare(igbTraceEvents);
    this.#listener = listener;
    this.#window = new RegisterWindow(unconnected, partialAccess(trace, 1 + index));
    const behind: readonly BarWindow[] = [this.#window, table];
    this.#shutters = behind.map((window, n) => {
      const bar = vfBars[n]!;
      const shutter = new ShutterWindow(window, (offset, write) => this.#refuse(bar.index, offset, write));
      this.addWindow(bar, shutter);
      return shutter;
    });
  }

  connect(registers: DwordRegisters): void {
    this.#window.registers = registers;
  }

  /** Another machine has the VF, or gives it back: config space stays as it is, the BARs are shut. */
  setElsewhere(elsewhere: boolean): void {
    for (const shutter of this.#shutters) shutter.shut = elsewhere;
  }

  #refuse(bar: number, offset: number, write: number): void {
    this.refused += 1;
    const event = this.#igbEvents.igb_vf_elsewhere;
    if (this.trace.on[event] !== 0) this.trace.emit(event, this.index, bar, offset, write);
  }

  protected override masteringChanged(): void {
    if (this.dmaEnabled) this.#listener.vfDmaEnabled(this);
  }

  protected override configChanged(changes: number): void {
    if ((changes & Change.msix) !== 0 && this.interrupts.msixEnabled) this.#listener.vfMessagesEnabled(this);
  }

  protected override deviceReset(_kind: ResetKind): void {
    this.#listener.vfReset(this);
  }
}

/** The VF as a plain endpoint in a domain of its own, for a machine that need not know of the PF. */
export class AttachedVirtualFunction extends PciFunction {
  readonly index: number;
  readonly domain: PciDomain;
  readonly memory: FunctionMemory;
  readonly pciExpress: PciExpress;
  override readonly interrupts: FunctionInterrupts;
  readonly #listener: VfResetListener;
  readonly #window: RegisterWindow;

  constructor(options: VirtualFunctionOptions & { readonly domain: PciDomain }) {
    super(functionOptions(options));
    const { domain, index, listener } = options;
    declareType0(this.config, makeIdentity(0x8086, 0x10ca));
    this.index = index;
    this.domain = domain;
    this.#listener = listener;
    this.#window = new RegisterWindow(unconnected, partialAccess(options.trace, 1 + index));
    this.addBar(registerBar, this.#window);
    const { msix, pciExpress } = addCapabilities(this.config);
    this.pciExpress = pciExpress;
    this.memory = new FunctionMemory(this, domain);
    this.addBar(msixBar, new MsixTable(msix, this.memory, 0, PENDING_OFFSET));
    this.interrupts = new SignalInterrupts(this.config, domain, undefined, msix);
    domain.root.add(this, 0);
  }

  connect(registers: DwordRegisters): void {
    this.#window.registers = registers;
  }

  /** What a transport serves. */
  makePort(): PciDevicePort {
    return new PciDevicePort(this, this.domain, [0, 0, VF_VECTORS, 0, 0]);
  }

  override clientChanged(attached: boolean): void {
    const before = this.guard.beginWork();
    try {
      this.#listener.vfClientChanged(this, attached);
    } finally {
      this.guard.endWork(before);
    }
  }

  protected override masteringChanged(): void {
    if (this.dmaEnabled) this.#listener.vfDmaEnabled(this);
  }

  protected override configChanged(changes: number): void {
    if ((changes & Change.msix) !== 0 && this.interrupts.msixEnabled) this.#listener.vfMessagesEnabled(this);
  }

  protected override deviceReset(_kind: ResetKind): void {
    this.#listener.vfReset(this);
  }
}

function functionOptions({ trace, pf }: VirtualFunctionOptions): FunctionOptions {
  const guard: AccessGuard = pf.guard;
  return { trace, guard };
}
