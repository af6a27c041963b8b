/**
 * A NIC behind a VMD with its VFs, and a guest that reaches all of it as a CPU does: config space through the ECAM window,
 * registers through MEMBAR1. VFs may have machines of their own beside.
 */
import { type PciDevicePort, PciDomain } from '../../../pci/index.ts';
import { RecordingHost, RecordingTrace } from '../../../pci/testing.ts';
import { VmdHierarchy } from '../../vmd/index.ts';
import { IgbPhysicalFunction } from './physical-function.ts';
import { IgbPort } from '../port.ts';
import { FakeClock, FakeMemory, FakeTasks, RecordingWire } from '../testing.ts';
import { TEST_MAC } from '../testing-port.ts';
import { IgbVirtualFunctions } from './virtual-functions.ts';

export const MEMBAR1 = 0xfa00_0000;
export const PF_BAR0 = MEMBAR1 + 0;
export const PF_BAR3 = MEMBAR1 + 0x4_0000;
export const VF_BAR0 = MEMBAR1 + 0x8_0000;
export const VF_BAR3 = MEMBAR1 + 0xc_0000;
export const SRIOV = 0x160;
const VFE = 1;
const MSE = 8;
const ARI = 16;

/** A region of a device port, dwords or smaller. */
export class Region {
  readonly #port: PciDevicePort;
  readonly #region: number;
  readonly #base: number;

  constructor(port: PciDevicePort, region: number, base = 0) {
    this.#port = port;
    this.#region = region;
    this.#base = base;
  }

  read(offset: number, size = 4): number {
    const bytes = new Uint8Array(4);
    this.#port.regionRead(this.#region, this.#base + offset, bytes, 0, size);
    return new DataView(bytes.buffer).getUint32(0, true);
  }

  write(offset: number, value: number, size = 4): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value >>> 0, true);
    this.#port.regionWrite(this.#region, this.#base + offset, bytes, 0, size);
  }
}

/** A machine on a VF's own socket. */
export class VfMachine {
  readonly device: PciDevicePort;
  readonly memory: FakeMemory;
  readonly host: RecordingHost;
  readonly config: Region;
  readonly registers: Region;

  constructor(device: PciDevicePort) {
    this.device = device;
    this.memory = new FakeMemory();
    this.host = new RecordingHost(this.memory);
    this.config = new Region(device, 7);
    this.registers = new Region(device, 0);
  }

  /** Attaches, and enables memory, bus mastering and MSI-X. */
  attach(): void {
    this.device.attached(this.host);
    this.config.write(0x04, 6, 2);
    this.config.write(0x72, 0x8000, 2);
  }

  detach(): void {
    this.device.detached();
  }
}

export class SriovRig {
  readonly trace: RecordingTrace;
  readonly clock: FakeClock;
  readonly tasks: FakeTasks;
  readonly wire: RecordingWire;
  readonly hierarchy: VmdHierarchy | undefined;
  readonly pf: IgbPhysicalFunction;
  readonly vfs: IgbVirtualFunctions;
  readonly port: IgbPort;
  /** The machine of the PF. */
  readonly memory: FakeMemory;
  readonly host: RecordingHost;
  readonly registers: Region;

  /** Without a `guest` nobody has the PF: only VFs can be attached. */
  constructor({ guest = true, ari = true }: { guest?: boolean; ari?: boolean } = {}) {
    this.trace = new RecordingTrace();
    this.clock = new FakeClock();
    this.tasks = new FakeTasks();
    this.wire = new RecordingWire();
    const { trace, clock, tasks, wire } = this;
    this.hierarchy = guest ? new VmdHierarchy(trace) : undefined;
    const domain = this.hierarchy?.domain ?? new PciDomain(trace);
    this.pf = new IgbPhysicalFunction({ trace, domain, attachment: guest ? 'hierarchy' : 'function', mac: TEST_MAC });
    this.hierarchy?.slot.add(this.pf, 0);
    this.vfs = new IgbVirtualFunctions({ trace, pf: this.pf });
    const { memory, interruptPorts } = this.vfs;
    this.port = new IgbPort({ clock, tasks, trace, wire, memory, interruptPorts, mac: TEST_MAC, pme: this.pf });
    this.pf.connect(this.port);
    this.vfs.connect(this.port);
    clock.advance(1e9);
    this.memory = new FakeMemory(0x1_0000, 0x40_0000);
    this.host = new RecordingHost(this.memory);
    this.registers = new Region(this.hierarchy?.port ?? this.pf.makePort(), guest ? 2 : 0);
    if (guest) this.boot(ari);
  }

  /** What firmware, vmd and the PCI core do up to the PF's driver. */
  boot(ari: boolean): void {
    const { port } = this.hierarchy!;
    port.attached(this.host);
    const own = new Region(port, 7);
    for (const [at, value] of [
      [0x10, 0x8000_0000],
      [0x14, 0xf],
      [0x18, MEMBAR1],
      [0x20, 0x8200_0000],
      [0x24, 0xf],
      [0x04, 6],
    ] as const) {
      own.write(at, value);
    }
    this.setConfig(0, 0, 0x18, 0x00_03_01_00);
    this.setConfig(0, 0, 0x20, 0xfa10_fa00);
    if (ari) this.setConfig(0, 0, 0xb8, 0x20, 2);
    this.setConfig(0, 0, 0x04, 6, 2);
    this.setConfig(1, 0, 0x10, PF_BAR0);
    this.setConfig(1, 0, 0x1c, PF_BAR3);
    this.setConfig(1, 0, SRIOV + 0x24, VF_BAR0);
    this.setConfig(1, 0, SRIOV + 0x30, VF_BAR3);
    if (ari) this.setConfig(1, 0, SRIOV + 8, ARI, 2);
    this.setConfig(1, 0, 0x04, 6, 2);
    this.enableMsix(PF_BAR3, 10, 0x100);
    this.setConfig(1, 0, 0x72, 0x8000, 2);
  }

  config(bus: number, devfn: number, at: number, size = 4): number {
    return new Region(this.hierarchy!.port, 0).read((bus << 20) | (devfn << 12) | at, size);
  }

  setConfig(bus: number, devfn: number, at: number, value: number, size = 4): void {
    new Region(this.hierarchy!.port, 0).write((bus << 20) | (devfn << 12) | at, value, size);
  }

  /** Config space of a VF, where ARI puts it. */
  vfConfig(vf: number, at: number, size = 4): number {
    return this.config(1, 0x80 + 2 * vf, at, size);
  }

  setVfConfig(vf: number, at: number, value: number, size = 4): void {
    this.setConfig(1, 0x80 + 2 * vf, at, value, size);
  }

  /** Memory at an address of MEMBAR1. */
  at(address: number): Region {
    return new Region(this.hierarchy!.port, 2, address - MEMBAR1);
  }

  vfRegisters(vf: number): Region {
    return this.at(VF_BAR0 + 0x4000 * vf);
  }

  /** Writes a table: vector n sends the message `first + n`. */
  enableMsix(table: number, vectors: number, first: number): void {
    const region = this.at(table);
    for (let vector = 0; vector < vectors; vector += 1) {
      region.write(16 * vector, 0xfee0_0000);
      region.write(16 * vector + 8, first + vector);
      region.write(16 * vector + 12, 0);
    }
  }

  /** pci_enable_sriov and, with 0, pci_disable_sriov. */
  setNumVfs(count: number): void {
    const control = this.config(1, 0, SRIOV + 8, 2) & ARI;
    if (count > 0) {
      this.setConfig(1, 0, SRIOV + 0x10, count, 2);
      this.setConfig(1, 0, SRIOV + 8, control | VFE | MSE, 2);
    } else {
      this.setConfig(1, 0, SRIOV + 8, control, 2);
      this.setConfig(1, 0, SRIOV + 0x10, 0, 2);
    }
  }

  /** What igbvf's probe does in config space: bus master, MSI-X with messages 200 + 10 v + n (hexadecimal). */
  enableVf(vf: number): void {
    this.setVfConfig(vf, 0x04, 6, 2);
    this.enableMsix(VF_BAR3 + 0x4000 * vf, 3, 0x200 + 0x10 * vf);
    this.setVfConfig(vf, 0x72, 0x8000, 2);
  }

  /** Data of the messages sent since the last call, in hexadecimal. */
  messages(): string[] {
    const sent = this.host.messages.map((message) => message.split('=')[1]!);
    this.host.messages = [];
    return sent;
  }

  vfMachine(vf: number): VfMachine {
    return new VfMachine(this.vfs.makePort(vf));
  }
}
