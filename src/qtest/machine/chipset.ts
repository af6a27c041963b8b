/** Host bridge and ISA bridge of the two PC chipsets, as far as a test sees them: identity, routing, configuration by memory. */
import { Change, declareType0, type FunctionOptions, PciFunction, type ResetKind } from '../../pci/index.ts';
import type { ChipsetWindow } from './address-space.ts';
import type { BarWindow } from '../../pci/index.ts';
import type { PirqRouting } from './interrupt-lines.ts';

const MIB = 2 ** 20;
const SUBSYSTEM = { subsystemVendorId: 0x1af4, subsystemId: 0x1100 } as const;
const MULTI_FUNCTION = 0x80;
/** PIRQ route registers: bit 7 set routes nowhere, bits 3:0 are the interrupt. */
const ROUTE_OFF = 0x80;

/** A bridge with registers that route PIRQ lines to the interrupts below 16. */
class IsaBridge extends PciFunction {
  readonly #routes: readonly number[];
  readonly #changed: () => void;

  constructor(
    options: FunctionOptions,
    deviceId: number,
    revision: number,
    routes: readonly number[],
    changed: () => void,
  ) {
    super(options);
    declareType0(this.config, { vendorId: 0x8086, deviceId, revision, classCode: 0x060100, ...SUBSYSTEM });
    this.config.setDefault(0x0e, 1, MULTI_FUNCTION);
    for (const at of routes) {
      this.config.declare({ at, size: 1, value: ROUTE_OFF, writable: 0x8f, announces: Change.deviceSpecific });
    }
    this.#routes = routes;
    this.#changed = changed;
  }

  /** Interrupt that a line is routed to, -1 where to none. */
  routeOf(line: number): number {
    const route = this.config.read(this.#routes[line]!, 1);
    return (route & ROUTE_OFF) === 0 ? route & 0xf : -1;
  }

  protected override configChanged(): void {
    this.#changed();
  }

  protected override deviceReset(_kind: ResetKind): void {
    this.#changed();
  }
}

/** What a machine's chipset brings. */
export interface Chipset {
  /** Functions of the root bus by device << 3 | function. */
  readonly functions: readonly (readonly [number, PciFunction])[];
  readonly windows: readonly ChipsetWindow[];
  readonly routing: PirqRouting;
  /** Where main memory stops for the hole below 4 GiB. */
  lowMemoryLimit(ramBytes: number): number;
  /** Ports of ACPI hot-plug for the root bus; undefined where its slots cannot be hot-plugged. */
  readonly hotPlugBase: number | undefined;
  /** Slots that devices without an address do not get: the VGA that QEMU puts there unless told not to. */
  readonly vgaSlot: number;
  /** PCI Express: root ports can be added, and extended configuration space is reached. */
  readonly express: boolean;
}

/** Intel's 440FX with PIIX3: plain PCI. */
export function makeI440fx(options: FunctionOptions, routesChanged: () => void): Chipset {
  const host = new PciFunction(options);
  declareType0(host.config, { vendorId: 0x8086, deviceId: 0x1237, revision: 2, classCode: 0x060000, ...SUBSYSTEM });
  const isa = new IsaBridge(options, 0x7000, 0, [0x60, 0x61, 0x62, 0x63], routesChanged);
  return {
    functions: [
      [0, host],
      [1 << 3, isa],
    ],
    windows: [],
    routing: {
      lineOf: (slot) => (slot + 3) & 3,
      inputsOf: (line) => [isa.routeOf(line)].filter((input) => input >= 0),
    },
    lowMemoryLimit: (ramBytes) => (ramBytes >= 0xe000_0000 ? 0xc000_0000 : 0xe000_0000),
    hotPlugBase: 0xae00,
    vgaSlot: 2,
    express: false,
  };
}

/** MMCONFIG: bit 0 enables, bits 2:1 choose 256, 128 or 64 MiB. */
const PCIEXBAR = 0x60;
const WINDOW_MIB = [256, 128, 64, 0] as const;

class Q35HostBridge extends PciFunction implements ChipsetWindow {
  readonly window: BarWindow;
  base: number;
  lengthBytes: number;

  constructor(options: FunctionOptions, window: BarWindow) {
    super(options);
    declareType0(this.config, { vendorId: 0x8086, deviceId: 0x29c0, revision: 0, classCode: 0x060000, ...SUBSYSTEM });
    this.config.declare(
      { at: PCIEXBAR, size: 4, value: 0xb000_0000, writable: 0xfc00_0007, announces: Change.deviceSpecific },
      { at: PCIEXBAR + 4, size: 4, writable: 0xf, announces: Change.deviceSpecific },
    );
    this.window = window;
    this.base = -1;
    this.lengthBytes = 0;
  }

  protected override configChanged(): void {
    const low = this.config.read(PCIEXBAR, 4);
    const length = WINDOW_MIB[(low >>> 1) & 3]! * MIB;
    const base = this.config.read(PCIEXBAR + 4, 4) * 2 ** 32 + ((low & 0xfc00_0000) >>> 0);
    this.lengthBytes = length;
    this.base = (low & 1) === 0 || length === 0 ? -1 : base - (base % length);
  }

  protected override deviceReset(_kind: ResetKind): void {
    this.configChanged();
  }
}

/** Intel's Q35 with ICH9: PCI Express. `memoryConfig` is configuration space by memory. */
export function makeQ35(options: FunctionOptions, routesChanged: () => void, memoryConfig: BarWindow): Chipset {
  const host = new Q35HostBridge(options, memoryConfig);
  const isa = new IsaBridge(options, 0x2918, 2, [0x60, 0x61, 0x62, 0x63, 0x68, 0x69, 0x6a, 0x6b], routesChanged);
  return {
    functions: [
      [0, host],
      [0x1f << 3, isa],
    ],
    windows: [host],
    routing: {
      lineOf: (slot) => 4 + (slot & 3),
      inputsOf: (line) => [16 + line, isa.routeOf(line)].filter((input) => input >= 0),
    },
    lowMemoryLimit: (ramBytes) => (ramBytes >= 0xb000_0000 ? 0x8000_0000 : 0xb000_0000),
    hotPlugBase: undefined,
    vgaSlot: 1,
    express: true,
  };
}
