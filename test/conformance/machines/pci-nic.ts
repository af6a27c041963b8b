/** A conformance machine over a platform: finds the NIC behind its root port and does what firmware and a PCI core do. */
import {
  AddressSupply,
  type DriverMemory,
  enableVirtualFunctions,
  Msix,
  openBridge,
  PciDevice,
  type RegisterBus,
  placeBars,
  read,
  update,
  write,
} from '../../../src/driver/index.ts';
import { pf } from '../../../src/devices/igb/tables/index.ts';
import type { CardKind, ConformanceMachine, DriverName, FarEnd, NicFunction } from '../machine.ts';
import { restartNegotiation } from '../phy.ts';
import type { Platform } from './platform.ts';

const VFS = 8;
const VF_BYTES = 0x4000;
const VF_BAR = 0x184;
const VF_MSIX_BAR = 0x190;
const SRIOV_CONTROL = 0x168;
const FIRST_VF_OFFSET = 0x174;
const VF_STRIDE = 0x176;
const ARI_CAPABLE = 0x10;
const DEVICE_CONTROL = 0xa8;
const DEVICE_CONTROL_2 = 0x28;
const ARI_FORWARDING = 0x20;
const FUNCTION_RESET = 0x8000;
const MSI = 0x50;
const MEMORY_AND_MASTER = 6;
const SLOTS_PER_FUNCTION = 16;
const PF_VECTORS = 10;
const VF_VECTORS = 3;
const NEGOTIATION_NS = 700e6;

class PciNicFunction extends PciDevice implements NicFunction {
  readonly #platform: Platform;
  readonly #firstSlot: number;
  readonly #vectors: number;
  readonly #barAddress: (bar: number) => number;

  constructor(platform: Platform, routingId: number, index: number, barAddress?: (bar: number) => number) {
    super(platform.config, routingId);
    this.#platform = platform;
    this.#firstSlot = index * SLOTS_PER_FUNCTION;
    this.#vectors = index === 0 ? PF_VECTORS : VF_VECTORS;
    this.#barAddress = barAddress ?? ((bar) => this.barAddress(bar));
  }

  read32(offset: number): number {
    return this.#platform.registers.read32(this.#barAddress(0) + offset);
  }

  write32(offset: number, value: number): void {
    this.#platform.registers.write32(this.#barAddress(0) + offset, value);
  }

  bar(index: number): RegisterBus {
    const address = this.#barAddress(index);
    const { registers } = this.#platform;
    return {
      read32: (offset) => registers.read32(address + offset),
      write32: (offset, value) => registers.write32(address + offset, value),
    };
  }

  enableMsix(): void {
    const msix = this.#msix();
    for (let vector = 0; vector < this.#vectors; vector += 1) {
      const slot = this.#firstSlot + vector;
      msix.setMessage(vector, this.#platform.messageAddress(slot), slot + 1);
    }
    msix.setEnabled(true);
  }

  maskVector(vector: number, masked: boolean): void {
    this.#msix().setMasked(vector, masked);
  }

  isPending(vector: number): boolean {
    return this.#msix().isPending(vector);
  }

  takeVectors(): number[] {
    return this.#platform.takeMessages(this.#firstSlot, this.#vectors);
  }

  #msix(): Msix {
    return new Msix(this, this.#platform.registers, this.#barAddress);
  }
}

/** The PF's own, with the addresses of its BARs kept: reading them again costs two accesses each time. */
function placed(platform: Platform, device: PciDevice): NicFunction {
  const bars = [0, 1, 2, 3].map((bar) => device.barAddress(bar));
  return new PciNicFunction(platform, device.routingId, 0, (bar) => bars[bar]!);
}

/** Function-level reset, with the BARs where they were. */
function resetFunction(device: PciDevice, bars: readonly number[]): void {
  device.configWrite(DEVICE_CONTROL, 2, device.configRead(DEVICE_CONTROL, 2) | FUNCTION_RESET);
  bars.forEach((value, bar) => device.configWrite(0x10 + 4 * bar, 4, value));
}

export class PciNic implements ConformanceMachine {
  readonly driver: DriverName;
  readonly described: string;
  readonly card: CardKind;
  readonly pf: NicFunction;
  readonly second: NicFunction | undefined;
  readonly memory: DriverMemory;
  readonly wire: FarEnd;
  readonly realTime: boolean;
  readonly #platform: Platform;
  readonly #device: PciDevice;
  readonly #other: PciDevice | undefined;
  readonly #bars: readonly number[];
  readonly #otherBars: readonly number[];
  readonly #vfBars: readonly [number, number];
  /** Something was sent to the NIC since the last reset. */
  #used: boolean;

  constructor(platform: Platform) {
    const supply = new AddressSupply(platform.barBase);
    const bridge = new PciDevice(platform.config, platform.rootPort);
    const device = new PciDevice(platform.config, 1 << 8);
    const other = platform.card === 'two ports' ? new PciDevice(platform.config, (1 << 8) | 1) : undefined;
    let vfBars: [number, number] = [0, 0];
    openBridge(bridge, 1, supply, () => {
      placeBars(device, supply);
      if (other !== undefined) placeBars(other, supply);
      vfBars = [supply.take(VFS * VF_BYTES), supply.take(VFS * VF_BYTES)];
    });
    const express = bridge.findCapability(0x10);
    bridge.configWrite(express + DEVICE_CONTROL_2, 2, ARI_FORWARDING);
    this.#platform = platform;
    this.#device = device;
    this.#other = other;
    const barsOf = (of: PciDevice): number[] => Array.from({ length: 6 }, (_, bar) => of.configRead(0x10 + 4 * bar, 4));
    this.#bars = barsOf(device);
    this.#otherBars = other === undefined ? [] : barsOf(other);
    this.#vfBars = vfBars;
    this.#used = false;
    this.driver = platform.driver;
    this.card = platform.card;
    this.described = platform.described;
    this.realTime = platform.realTime;
    this.pf = placed(platform, device);
    this.second = other && placed(platform, other);
    this.memory = platform.memory;
    this.wire = {
      send: (frame) => {
        this.#used = true;
        platform.wire.send(frame);
      },
      take: () => platform.wire.take(),
    };
  }

  wait(durationNs: number): void {
    this.#platform.wait(durationNs);
  }

  reset(): void {
    this.#restart();
    if (this.#used) this.#drain();
    this.#platform.takeMessages(0, SLOTS_PER_FUNCTION * (1 + VFS));
    this.#platform.wire.take();
    this.#platform.memory.freeAll();
  }

  enableVfs(count: number): void {
    enableVirtualFunctions(this.#device, count);
    for (let index = 0; index < count; index += 1) this.vf(index).configWrite(4, 2, MEMORY_AND_MASTER);
  }

  vf(index: number): NicFunction {
    const first = this.#device.configRead(FIRST_VF_OFFSET, 2) + index * this.#device.configRead(VF_STRIDE, 2);
    const [registers, msix] = this.#vfBars;
    return new PciNicFunction(this.#platform, this.#device.routingId + first, 1 + index, (bar) => {
      return (bar === 0 ? registers : msix) + index * VF_BYTES;
    });
  }

  enableMsi(): void {
    this.#device.configWrite(MSI + 4, 4, this.#platform.messageAddress(0));
    this.#device.configWrite(MSI + 8, 4, 0);
    this.#device.configWrite(MSI + 12, 2, 1);
    this.#device.configWrite(MSI + 2, 2, this.#device.configRead(MSI + 2, 2) | 1);
  }

  drivePin(pin: number, level: boolean | undefined): void {
    this.#platform.drivePin?.(pin, level);
  }

  async close(): Promise<void> {
    await this.#platform.close();
  }

  /** Function-level reset, and what is lost by it given again. */
  #restart(): void {
    const device = this.#device;
    resetFunction(device, this.#bars);
    if (this.#other !== undefined) {
      resetFunction(this.#other, this.#otherBars);
      this.#other.enable();
    }
    for (const [at, address] of [
      [VF_BAR, this.#vfBars[0]],
      [VF_MSIX_BAR, this.#vfBars[1]],
    ] as const) {
      device.configWrite(at, 4, address);
      device.configWrite(at + 4, 4, 0);
    }
    device.configWrite(SRIOV_CONTROL, 2, ARI_CAPABLE);
    device.enable();
    // QEMU's igb keeps them, and one case would throttle the next.
    for (let vector = 0; vector < pf.EITR.count; vector += 1) write(this.pf, pf.EITR, 0, vector);
    this.#negotiate();
  }

  /** A link, where a reset or a case has taken it, and no cause left of it. */
  #negotiate(): void {
    const { CTRL, STATUS, ICR } = pf;
    update(this.pf, CTRL, 0, CTRL.SLU.mask);
    if ((read(this.pf, STATUS) & STATUS.LU.mask) === 0) {
      restartNegotiation(this.pf);
      this.wait(NEGOTIATION_NS);
    }
    update(this.pf, CTRL, CTRL.SLU.mask | CTRL.RFCE.mask | CTRL.TFCE.mask, 0);
    read(this.pf, ICR);
  }

  /** Lets in and drops what a wire may still hold because the case before left no room for it. */
  #drain(): void {
    this.#used = false;
    const ring = this.memory.allocate(4096);
    const { RDBAL, RDLEN, RDT, RXDCTL, RCTL, CTRL } = pf;
    update(this.pf, CTRL, 0, CTRL.SLU.mask);
    for (const [register, value] of [
      [RDBAL, ring],
      [RDLEN, 4096],
      [RXDCTL, RXDCTL.ENABLE.mask],
      [RCTL, RCTL.EN.mask],
      [RDT, 255],
    ] as const) {
      this.pf.write32(register.at, value);
    }
    this.wait(1000);
    this.#restart();
  }
}
