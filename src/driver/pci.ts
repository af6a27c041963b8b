/** PCI as firmware and a driver see it: who is there, where the BARs go, capabilities, MSI-X. Over any way to config space. */
import type { ConfigBus } from './bus.ts';

/** Config space of a whole machine. `routingId` is bus << 8 | device << 3 | function. */
export interface PciConfig {
  configRead(routingId: number, offset: number, size: 1 | 2 | 4): number;
  configWrite(routingId: number, offset: number, size: 1 | 2 | 4, value: number): void;
}

/** Memory of the machine as the processor reaches it: registers behind BARs too. */
export interface MachineMemory {
  read32(address: number): number;
  write32(address: number, value: number): void;
}

const COMMAND = 0x04;
const HEADER_TYPE = 0x0e;
const BAR = 0x10;
const SECONDARY_BUS = 0x18;
const MEMORY_WINDOW = 0x20;
const CAPABILITIES = 0x34;
const MULTI_FUNCTION = 0x80;
const BRIDGE = 1;
/** I/O, memory, bus master. */
const ENABLE = 0x7;
const MSIX_ID = 0x11;
const MSIX_ENABLE = 0x8000;
const MASKED = 1;
const PAGE = 4096;

export class PciDevice implements ConfigBus {
  readonly routingId: number;
  readonly #config: PciConfig;

  constructor(config: PciConfig, routingId: number) {
    this.routingId = routingId;
    this.#config = config;
  }

  configRead(offset: number, size: 1 | 2 | 4): number {
    return this.#config.configRead(this.routingId, offset, size);
  }

  configWrite(offset: number, size: 1 | 2 | 4, value: number): void {
    this.#config.configWrite(this.routingId, offset, size, value);
  }

  get vendorId(): number {
    return this.configRead(0, 2);
  }

  get deviceId(): number {
    return this.configRead(2, 2);
  }

  get isBridge(): boolean {
    return (this.configRead(HEADER_TYPE, 1) & 0x7f) === BRIDGE;
  }

  /** Lets the device decode and do DMA. */
  enable(): void {
    this.configWrite(COMMAND, 2, this.configRead(COMMAND, 2) | ENABLE);
  }

  /** Offset of a capability, 0 where the device has none of that id. */
  findCapability(id: number): number {
    let at = this.configRead(CAPABILITIES, 1) & 0xfc;
    for (let left = 48; at !== 0 && left > 0; left -= 1) {
      if (this.configRead(at, 1) === id) return at;
      at = this.configRead(at + 1, 1) & 0xfc;
    }
    return 0;
  }

  /** Bytes of a memory BAR, 0 for one that is absent or of I/O ports; leaves the BAR as it was. */
  barSize(index: number): number {
    const at = BAR + 4 * index;
    const before = this.configRead(at, 4);
    if ((before & 1) !== 0) return 0;
    this.configWrite(at, 4, 0xffff_ffff);
    const mask = this.configRead(at, 4) & ~0xf;
    this.configWrite(at, 4, before);
    return mask === 0 ? 0 : (~mask + 1) >>> 0;
  }

  /** Address of a memory BAR. */
  barAddress(index: number): number {
    const low = this.configRead(BAR + 4 * index, 4);
    const high = (low & 6) === 4 ? this.configRead(BAR + 4 * index + 4, 4) : 0;
    return high * 2 ** 32 + ((low & ~0xf) >>> 0);
  }
}

/** Looks for devices on a bus, functions after function 0 only where it says that there are some. */
export function findDevices(config: PciConfig, bus = 0): PciDevice[] {
  const found: PciDevice[] = [];
  for (let slot = 0; slot < 32; slot += 1) {
    for (let fn = 0; fn < 8; fn += 1) {
      const device = new PciDevice(config, (bus << 8) | (slot << 3) | fn);
      const present = device.vendorId !== 0xffff;
      if (present) found.push(device);
      if (fn === 0 && (!present || (device.configRead(HEADER_TYPE, 1) & MULTI_FUNCTION) === 0)) break;
    }
  }
  return found;
}

/** Gives out addresses for BARs, each a multiple of its size. */
export class AddressSupply {
  #next: number;

  constructor(base: number) {
    this.#next = base;
  }

  take(sizeBytes: number): number {
    const address = Math.ceil(this.#next / sizeBytes) * sizeBytes;
    this.#next = address + sizeBytes;
    return address;
  }

  /** Goes on at a multiple of a megabyte, as bridges' windows want it; the address there. */
  alignToWindow(): number {
    this.#next = Math.ceil(this.#next / 2 ** 20) * 2 ** 20;
    return this.#next;
  }
}

/** Places all memory BARs of a device and lets it work. */
export function placeBars(device: PciDevice, supply: AddressSupply): void {
  for (let index = 0; index < 6; index += 1) {
    const size = device.barSize(index);
    const wide = (device.configRead(BAR + 4 * index, 4) & 6) === 4;
    if (size > 0) {
      device.configWrite(BAR + 4 * index, 4, supply.take(Math.max(size, PAGE)));
      if (wide) device.configWrite(BAR + 4 * index + 4, 4, 0);
    }
    if (size > 0 && wide) index += 1;
  }
  device.enable();
}

/** Opens a bridge's bus: gives it a number and a memory window around what `place` puts behind it. */
export function openBridge(bridge: PciDevice, bus: number, supply: AddressSupply, place: () => void): void {
  bridge.configWrite(SECONDARY_BUS, 4, (bus << 16) | (bus << 8) | (bridge.routingId >> 8));
  const start = supply.alignToWindow();
  place();
  const end = supply.alignToWindow();
  bridge.configWrite(MEMORY_WINDOW, 4, ((((end - 1) >>> 16) & 0xfff0) << 16) | ((start >>> 16) & 0xfff0));
  bridge.enable();
}

/** MSI-X of a device whose BARs are placed. */
export class Msix {
  readonly vectors: number;
  readonly #device: PciDevice;
  readonly #memory: MachineMemory;
  readonly #at: number;
  readonly #table: number;
  readonly #pending: number;

  /** `barAddress` finds the BARs; a VF's are not in its own header. Throws where the device has no MSI-X. */
  constructor(device: PciDevice, memory: MachineMemory, barAddress = (bar: number): number => device.barAddress(bar)) {
    const at = device.findCapability(MSIX_ID);
    if (at === 0) throw new Error('the device has no MSI-X');
    const table = device.configRead(at + 4, 4);
    const pending = device.configRead(at + 8, 4);
    this.vectors = (device.configRead(at + 2, 2) & 0x7ff) + 1;
    this.#device = device;
    this.#memory = memory;
    this.#at = at;
    this.#table = barAddress(table & 7) + (table & ~7);
    this.#pending = barAddress(pending & 7) + (pending & ~7);
  }

  setEnabled(enabled: boolean): void {
    const control = this.#device.configRead(this.#at + 2, 2) & ~MSIX_ENABLE;
    this.#device.configWrite(this.#at + 2, 2, enabled ? control | MSIX_ENABLE : control);
  }

  /** Sets where a vector's message goes, and unmasks it. */
  setMessage(vector: number, address: number, data: number): void {
    const entry = this.#table + 16 * vector;
    this.#memory.write32(entry, address >>> 0);
    this.#memory.write32(entry + 4, Math.floor(address / 2 ** 32));
    this.#memory.write32(entry + 8, data);
    this.#memory.write32(entry + 12, 0);
  }

  setMasked(vector: number, masked: boolean): void {
    this.#memory.write32(this.#table + 16 * vector + 12, masked ? MASKED : 0);
  }

  /** The vector was raised while it was masked. */
  isPending(vector: number): boolean {
    return ((this.#memory.read32(this.#pending + 4 * (vector >> 5)) >>> (vector & 31)) & 1) === 1;
  }
}
