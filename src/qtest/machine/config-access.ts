/** Configuration space from outside: by ports 0xcf8 and 0xcfc, and by memory. */
import { ALL_ONES, alignedSize, type BarWindow, type PciDomain, type PciFunction } from '../../pci/index.ts';
import type { PortRange } from './port-space.ts';

const ENABLE = 0x8000_0000;

/**
 * The function at a bus number. VFs may lie on bus numbers after that of their PF's bus (First VF Offset, PCI Express 9.3.3.9);
 * on the root bus those are numbers that no bridge has.
 */
export function functionAt(domain: PciDomain, bus: number, deviceFunction: number): PciFunction | undefined {
  return domain.functionAt(bus, deviceFunction) ?? domain.root.at((bus << 8) | deviceFunction);
}

/** The address register, four bytes at 0xcf8. Only whole dwords are stored; narrow reads give its lowest bytes, as in QEMU. */
export class ConfigAddressPort implements PortRange {
  readonly base = 0xcf8;
  readonly lengthBytes = 4;
  value: number;

  constructor() {
    this.value = 0;
  }

  read(_offset: number, size: number): number {
    return (this.value & ALL_ONES[size]!) >>> 0;
  }

  write(offset: number, size: number, value: number): void {
    if (offset === 0 && size === 4) this.value = value >>> 0;
  }
}

/** The data register, four bytes at 0xcfc. */
export class ConfigDataPort implements PortRange {
  readonly base = 0xcfc;
  readonly lengthBytes = 4;
  readonly #domain: PciDomain;
  readonly #address: ConfigAddressPort;

  constructor(domain: PciDomain, address: ConfigAddressPort) {
    this.#domain = domain;
    this.#address = address;
  }

  #function(): PciFunction | undefined {
    const { value } = this.#address;
    if ((value & ENABLE) === 0) return undefined;
    return functionAt(this.#domain, (value >>> 16) & 0xff, (value >>> 8) & 0xff);
  }

  /** The low bits of the address register count, as they do in QEMU, which libqos relies on. */
  #offset(port: number): number {
    return (this.#address.value & 0xff) | port;
  }

  read(offset: number, size: number): number {
    const fn = this.#function();
    if (fn === undefined) return ALL_ONES[size]!;
    const at = this.#offset(offset);
    if (at % size === 0) return fn.configRead(at, size);
    return configReadUnaligned(fn, at, size);
  }

  write(offset: number, size: number, value: number): void {
    const fn = this.#function();
    if (fn === undefined) return;
    const at = this.#offset(offset);
    for (let done = 0; done < size;) {
      const part = alignedSize((at + done) & 3, size - done);
      if (at + done >= 0x100) return;
      fn.configWrite(at + done, part, value >>> (8 * done));
      done += part;
    }
  }
}

function configReadUnaligned(fn: PciFunction, at: number, size: number): number {
  let value = 0;
  for (let byte = 0; byte < size; byte += 1) {
    value += (at + byte < 0x100 ? fn.configRead(at + byte, 1) : 0xff) * 0x100 ** byte;
  }
  return value;
}

/** Configuration space by memory: a megabyte for each bus, from the address that q35's MMCONFIG register says. */
export class MemoryConfigWindow implements BarWindow {
  readonly #domain: PciDomain;

  constructor(domain: PciDomain) {
    this.#domain = domain;
  }

  read(offset: number, size: number): number {
    const fn = functionAt(this.#domain, offset >>> 20, (offset >>> 12) & 0xff);
    return fn === undefined ? ALL_ONES[size]! : fn.configRead(offset & 0xfff, size);
  }

  write(offset: number, size: number, value: number): void {
    functionAt(this.#domain, offset >>> 20, (offset >>> 12) & 0xff)?.configWrite(offset & 0xfff, size, value);
  }
}
