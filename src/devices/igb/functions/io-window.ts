/** BAR2: registers and flash through I/O ports, IOADDR at 0 and IODATA at 4 (reference §1.2). */
import { type BarWindow, type RegisterWindow } from '../../../pci/index.ts';

/** Registers end here; between them and the flash nothing answers. */
const REGISTER_BYTES = 0x20000;
const FLASH_AT = 0x80000;
const FLASH_END = 0x100000;

export class IoWindow implements BarWindow {
  readonly #registers: RegisterWindow;
  readonly #flash: BarWindow;
  #address: number;

  constructor(registers: RegisterWindow, flash: BarWindow) {
    this.#registers = registers;
    this.#flash = flash;
    this.#address = 0;
  }

  read(offset: number, size: number): number {
    if (offset < 4) return part(this.#address, offset, size);
    const at = (this.#address & ~3) | (offset & 3);
    if (offset >= 8) return 0;
    if (at >= FLASH_AT && at < FLASH_END) return this.#flash.read(at - FLASH_AT, size);
    return at >= 0 && at < REGISTER_BYTES ? this.#registers.read(at, size) : 0;
  }

  write(offset: number, size: number, value: number): void {
    if (offset < 4) {
      const shift = (offset & 3) << 3;
      const lanes = (size === 4 ? 0xffffffff : size === 2 ? 0xffff : 0xff) << shift;
      this.#address = ((this.#address & ~lanes) | ((value << shift) & lanes)) >>> 0;
    } else if (offset < 8) {
      const at = (this.#address & ~3) | (offset & 3);
      if (this.#address < REGISTER_BYTES) this.#registers.write(at, size, value);
      else if (at >= FLASH_AT && at < FLASH_END) this.#flash.write(at - FLASH_AT, size, value);
    }
  }
}

function part(value: number, offset: number, size: number): number {
  return ((value >>> ((offset & 3) << 3)) & (size === 4 ? 0xffffffff : size === 2 ? 0xffff : 0xff)) >>> 0;
}
