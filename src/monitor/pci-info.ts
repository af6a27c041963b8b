/** PCI functions in QEMU's schema (PciDeviceInfo) and in the words of its `info pci`. */
import type { PciFunctionStatus } from '../nic/commands/pci.ts';

export interface PciDeviceInfo {
  readonly bus: number;
  readonly slot: number;
  readonly function: number;
  readonly class_info: { readonly desc: string; readonly class: number };
  readonly id: {
    readonly device: number;
    readonly vendor: number;
    readonly subsystem: number;
    readonly 'subsystem-vendor': number;
  };
  readonly irq: number;
  readonly irq_pin: number;
  readonly qdev_id: string;
  readonly pci_bridge?: {
    readonly bus: { readonly number: number; readonly secondary: number; readonly subordinate: number };
    readonly devices: readonly PciDeviceInfo[];
  };
  readonly regions: readonly {
    readonly bar: number;
    readonly type: 'memory' | 'io';
    readonly address: number;
    readonly size: number;
    readonly prefetch?: boolean;
    readonly mem_type_64?: boolean;
  }[];
}

const classes: Readonly<Record<number, string>> = { 0x0200: 'Ethernet controller', 0x0604: 'PCI bridge' };

export function pciDevice({ id, bus, deviceFunction, header, bars, below }: PciFunctionStatus): PciDeviceInfo {
  const word = (dword: number, shift: number, mask: number): number => (header[dword]! >>> shift) & mask;
  const classCode = word(2, 16, 0xffff);
  return {
    bus,
    slot: deviceFunction >>> 3,
    function: deviceFunction & 7,
    class_info: { desc: classes[classCode] ?? `Class ${classCode.toString(16).padStart(4, '0')}`, class: classCode },
    id: {
      device: word(0, 16, 0xffff),
      vendor: word(0, 0, 0xffff),
      // A bridge keeps them in a capability.
      subsystem: below === undefined ? word(11, 16, 0xffff) : 0,
      'subsystem-vendor': below === undefined ? word(11, 0, 0xffff) : 0,
    },
    irq: word(15, 0, 0xff),
    irq_pin: word(15, 8, 0xff),
    qdev_id: id,
    ...(below === undefined
      ? {}
      : {
          pci_bridge: {
            bus: { number: word(6, 0, 0xff), secondary: word(6, 8, 0xff), subordinate: word(6, 16, 0xff) },
            devices: below.map(pciDevice),
          },
        }),
    regions: bars.map(({ bar, io, wide, prefetch, sizeBytes, address }) => ({
      bar,
      type: io ? 'io' : 'memory',
      address,
      size: sizeBytes,
      ...(io ? {} : { prefetch, mem_type_64: wide }),
    })),
  };
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

function region({ bar, type, address, size, mem_type_64: wide, prefetch }: PciDeviceInfo['regions'][number]): string {
  const kind =
    type === 'io' ? 'I/O' : `${wide === true ? 64 : 32} bit${prefetch === true ? ' prefetchable' : ''} memory`;
  if (address < 0) return `      BAR${bar}: ${kind} of ${size} bytes, not decoded.`;
  const digits = type === 'io' ? 4 : wide === true ? 16 : 8;
  return `      BAR${bar}: ${kind} at 0x${hex(address, digits)} [0x${hex(address + size - 1, digits)}].`;
}

/** Lines as QEMU's `info pci` has them. */
export function describeFunction(device: PciDeviceInfo): string[] {
  const { bus, slot, id, irq, irq_pin: pin, class_info: info, pci_bridge: bridge } = device;
  return [
    `  Bus ${String(bus).padStart(2)}, device ${String(slot).padStart(3)}, function ${device.function}:`,
    `    ${info.desc}: PCI device ${hex(id.vendor, 4)}:${hex(id.device, 4)}`,
    ...(id.subsystem === 0 ? [] : [`      PCI subsystem ${hex(id['subsystem-vendor'], 4)}:${hex(id.subsystem, 4)}`]),
    ...(pin === 0 ? [] : [`      IRQ ${irq}, pin ${String.fromCharCode(64 + pin)}`]),
    ...(bridge === undefined
      ? []
      : [
          `      BUS ${bridge.bus.number}.`,
          `      secondary bus ${bridge.bus.secondary}.`,
          `      subordinate bus ${bridge.bus.subordinate}.`,
        ]),
    ...device.regions.map(region),
    `      id "${device.qdev_id}"`,
    ...(bridge?.devices.flatMap(describeFunction) ?? []),
  ];
}
