/** The 82576's physical function, 8086:10c9, as PCI sees it: identity, BARs, capabilities. Values are those of a real card. */
import {
  type AccessGuard,
  addAer,
  addAri,
  addSerialNumber,
  type BarWindow,
  type BarSpec,
  CapabilityList,
  Change,
  declareType0,
  type DwordRegisters,
  FunctionMemory,
  type FunctionInterrupts,
  type InterruptPin,
  MessageInterrupts,
  MsiCapability,
  MsixCapability,
  MsixTable,
  PciDevicePort,
  type PciDomain,
  PciExpress,
  PciFunction,
  PinInterrupts,
  PortType,
  PowerManagement,
  RegisterWindow,
  romWindow,
  type ResetKind,
  SignalInterrupts,
  SriovCapability,
} from '../../../pci/index.ts';
import type { Trace } from '../../../ports/index.ts';
import { partialAccess } from './partial-access.ts';
import { SMALLEST_FLASH_BYTES } from '../nvm/flash-memory.ts';
import { IoWindow } from './io-window.ts';
import { PF_VECTORS } from '../sizes.ts';

/** Registers behind BAR0 by byte offset, and how a reset of the function reaches them. */
export interface PortRegisters extends DwordRegisters {
  reset(kind: ResetKind): void;
  /** A function, 0 the PF or 1 + v VF v, may do DMA from now on. */
  dmaEnabled?(fn: number): void;
  /** It wrote behind BAR1, where the flash lies. */
  writeFlash?(offset: number, size: number, value: number): void;
  /** The PF's power state may have changed. */
  powerChanged?(state: number): void;
  /** Its guest may have turned its MSI or MSI-X on. */
  messagesEnabled?(fn: number): void;
}

/** What the guest last asked of SR-IOV. */
export interface SriovListener {
  onSriovChanged(numVfs: number, enabled: boolean, memoryEnabled: boolean): void;
  /** The function may do DMA now, or may no longer: a driver has come or gone. */
  onMasteringChanged?(): void;
}

/** Drives the port for the VFs of other machines while the PF's own machine does not. */
export interface PortKeeper {
  /** The PF was reset. True where the port is kept as it is, and not reset. */
  keepsPort(kind: ResetKind): boolean;
}

export interface PhysicalFunctionOptions {
  readonly trace: Trace;
  /** The domain it is plugged into: a VMD's, or one of its own. */
  readonly domain: PciDomain;
  /** Behind a VMD, or by itself as a plain endpoint. */
  readonly attachment: 'hierarchy' | 'function';
  /** Six bytes; the serial number is made from it. */
  readonly mac: Uint8Array;
  /** False hides the capability. */
  readonly msix?: boolean;
  readonly msi?: boolean;
  /** Which of the chip's ports it is, and how many there are; 0 of 1 where not given. */
  readonly functionNumber?: 0 | 1;
  readonly functions?: 1 | 2;
  /** 1 (INTA) for function 0 and 2 for function 1, 0 behind a VMD, where INTx does not exist, unless given. */
  readonly interruptPin?: number;
  /** In a machine of our own: INTx drives this pin, and messages are memory writes. */
  readonly pin?: InterruptPin;
  /** The flash as the port has it; an erased one where not given. */
  readonly flash?: Uint8Array | undefined;
  /** So much of its start is an option ROM; without, there is none. */
  readonly romBytes?: number | undefined;
  /** Shared with the VFs: they reach the same registers. */
  readonly guard?: AccessGuard;
}

/** PBA within BAR3. */
const PENDING_OFFSET = 0x2000;
const KIB = 1024;

const registerBar: BarSpec = { index: 0, kind: 'memory32', sizeBytes: 128 * KIB };
const ioBar: BarSpec = { index: 2, kind: 'io', sizeBytes: 32 };
const msixBar: BarSpec = { index: 3, kind: 'memory32', sizeBytes: 16 * KIB };

/** The VFs' BARs: registers and MSI-X, 16 KiB each. */
export const vfBars: readonly BarSpec[] = [
  { index: 0, kind: 'memory64', sizeBytes: 16 * KIB },
  { index: 3, kind: 'memory64', sizeBytes: 16 * KIB },
];

/** Before a port is connected: nothing there, as in a function without power. */
const unconnected: PortRegisters = {
  read: () => 0xffffffff,
  peek: () => 0xffffffff,
  write: () => undefined,
  reset: () => undefined,
};

export class IgbPhysicalFunction extends PciFunction {
  readonly memory: FunctionMemory;
  override readonly interrupts: FunctionInterrupts;
  readonly pciExpress: PciExpress;
  readonly sriov: SriovCapability;
  /** Told after each change of SR-IOV Control or NumVFs. */
  sriovListener: SriovListener | undefined;
  /** Asked before a reset of the function reaches the port. */
  keeper: PortKeeper | undefined;
  readonly #window: RegisterWindow;
  readonly #irqCounts: readonly number[];
  #registers: PortRegisters;

  constructor(options: PhysicalFunctionOptions) {
    super(options);
    const { config } = this;
    const hierarchy = options.attachment === 'hierarchy';
    const { functionNumber = 0, functions = 1 } = options;
    const interruptPin = options.interruptPin ?? (hierarchy ? 0 : 1 + functionNumber);
    this.memory = new FunctionMemory(this, options.domain);
    this.sriovListener = undefined;
    this.keeper = undefined;
    this.#registers = unconnected;
    this.#window = new RegisterWindow(unconnected, partialAccess(options.trace, 0));
    declareType0(config, {
      vendorId: 0x8086,
      deviceId: 0x10c9,
      revision: 1,
      classCode: 0x020000,
      subsystemVendorId: 0x8086,
      subsystemId: 0xa03c,
      cacheLineSize: 0x10,
      multiFunction: functions > 1 && (hierarchy || options.pin !== undefined),
      interruptPin,
    });
    this.addBar(registerBar, this.#window);
    const { flash = new Uint8Array(0), romBytes = 0 } = options;
    const { read } = romWindow(flash);
    const flashWindow: BarWindow = { read, write: (...written) => this.#registers.writeFlash?.(...written) };
    if (!hierarchy) {
      const sizeBytes = Math.max(flash.length, SMALLEST_FLASH_BYTES);
      this.addBar({ index: 1, kind: 'memory32', sizeBytes }, flashWindow);
      this.addBar(ioBar, new IoWindow(this.#window, flashWindow));
    }
    if (romBytes > 0) this.addRom(romBytes, romWindow(flash));
    const list = new CapabilityList(config);
    this.powerManagement = new PowerManagement(list, 0x40, {
      capabilities: 0xc823,
      controlStatus: 0x2000,
      data: 0x1a,
    });
    const msi = options.msi === false ? undefined : new MsiCapability(list, 0x50);
    const msix =
      options.msix === false
        ? undefined
        : new MsixCapability(list, 0x70, {
            vectors: PF_VECTORS,
            bar: msixBar.index,
            tableOffset: 0,
            pendingOffset: PENDING_OFFSET,
          });
    const table = msix === undefined ? undefined : new MsixTable(msix, this.memory, 0, PENDING_OFFSET);
    if (table !== undefined) this.addBar(msixBar, table);
    this.pciExpress = new PciExpress(list, 0xa0, {
      type: PortType.endpoint,
      deviceCapabilities: 0x10008cc2,
      deviceControl: 0x2810,
      deviceStatus: 0x0010,
      linkCapabilities: 0x02036c41,
      linkStatus: 0x1041,
      deviceCapabilities2: 0x1f,
      deviceControl2Writable: 0x1f,
    });
    addAer(list, 0x100);
    addSerialNumber(list, 0x140, options.mac);
    addAri(list, 0x150, functionNumber + 1 < functions ? functionNumber + 1 : 0);
    this.sriov = new SriovCapability(list, 0x160, {
      totalVfs: 8,
      vfDeviceId: 0x10ca,
      vfStride: 2,
      firstVfOffset: 0x180,
      firstVfOffsetAri: 0x080,
      supportedPageSizes: 0x553,
      bars: vfBars,
      functionNumber,
    });
    const { pin } = options;
    if (pin !== undefined) this.interrupts = new PinInterrupts({ config, sender: this.memory, pin, msi, msix, table });
    else if (hierarchy) this.interrupts = new MessageInterrupts(this.memory, msi, msix, table);
    else this.interrupts = new SignalInterrupts(config, options.domain, msi, msix);
    this.#irqCounts = [interruptPin === 0 ? 0 : 1, msi === undefined ? 0 : 1, msix?.vectors ?? 0, 0, 0];
  }

  /** Puts the port's registers, or what stands before them, behind BAR0. The port was made with this function's memory and interrupts. */
  connect(registers: PortRegisters): void {
    this.#registers = registers;
    this.#window.registers = registers;
  }

  /** The device port of a `function` attachment; plugs the function into its domain, which is its alone. */
  makePort(): PciDevicePort {
    if (this.bus === undefined) this.memory.domain.root.add(this, 0);
    return new PciDevicePort(this, this.memory.domain, this.#irqCounts);
  }

  protected override configChanged(changes: number): void {
    if ((changes & (Change.msi | Change.msix)) !== 0 && (this.interrupts.msixEnabled || this.interrupts.msiEnabled)) {
      this.#registers.messagesEnabled?.(0);
    }
    if ((changes & Change.sriov) !== 0) {
      this.sriov.written();
      this.#announceSriov();
    }
    if ((changes & (Change.sriov | Change.sriovBars)) !== 0) this.bus?.routingChanged();
    if ((changes & Change.power) !== 0) this.#registers.powerChanged?.(this.powerState);
  }

  protected override masteringChanged(): void {
    this.sriovListener?.onMasteringChanged?.();
    if (this.dmaEnabled) this.#registers.dmaEnabled?.(0);
  }

  #announceSriov(): void {
    const { numVfs, enabled, memoryEnabled } = this.sriov;
    this.sriovListener?.onSriovChanged(numVfs, enabled, memoryEnabled);
  }

  /** VFs vanish first: they live in the port that is then reset. */
  protected override deviceReset(kind: ResetKind): void {
    this.sriov.reset();
    this.#announceSriov();
    this.#registers.powerChanged?.(this.powerState);
    if (this.keeper?.keepsPort(kind) === true) return;
    this.#registers.reset(kind);
  }
}
