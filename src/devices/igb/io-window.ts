/** BAR2: the registers through I/O ports, IOADDR at 0 and IODATA at 4. */
import { type BarWindow, type RegisterWindow } from '../../pci/index.ts';

/** Registers end here; flash, from 0x80000, and the rest do not answer. */
const REGISTER_BYTES = 0x20000;

export class IoWindow implements BarWindow {
  readonly #registers: RegisterWindow;
  #address: number;

  constructor(registers: RegisterWindow) {
    this.#registers = registers;
    this.#address = 0;
  }

  read(offset: number, size: number): number {
    if (offset < 4) return part(this.#address, offset, size);
    if (offset >= 8 || this.#address >= REGISTER_BYTES) return 0;
    return this.#registers.read((this.#address & ~3) | (offset & 3), size);
  }

  write(offset: number, size: number, value: number): void {
    if (offset < 4) {
      const shift = (offset & 3) << 3;
      const lanes = (size === 4 ? 0xffffffff : size === 2 ? 0xffff : 0xff) << shift;
      this.#address = ((this.#address & ~lanes) | ((value << shift) & lanes)) >>> 0;
    } else if (offset < 8 && this.#address < REGISTER_BYTES) {
      this.#registers.write((this.#address & ~3) | (offset & 3), size, value);
    }
  }
}

function part(value: number, offset: number, size: number): number {
  return ((value >>> ((offset & 3) << 3)) & (size === 4 ? 0xffffffff : size === 2 ? 0xffff : 0xff)) >>> 0;
}
