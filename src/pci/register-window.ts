/** A BAR full of 32-bit registers. */
import type { BarWindow } from './bar.ts';

/** Registers by byte offset, each a dword; `peek` is a read without side effects. */
export interface DwordRegisters {
  read(offset: number): number;
  write(offset: number, value: number): void;
  peek(offset: number): number;
}

/**
 * Gives registers a BAR. A read of less than a dword takes its bytes out of a whole read, side effects included. A write of
 * less than a dword is merged with what the register shows (by `peek`, so that nothing is cleared by reading) and written
 * whole; ones in the other bytes of a write-one-to-clear register are therefore written back, as by software that does it itself.
 * No driver of the 82576 makes such writes.
 */
export class RegisterWindow implements BarWindow {
  registers: DwordRegisters;
  readonly #partial: (offset: number, size: number, write: boolean) => void;

  /** `partial` is told of accesses of less than a dword. */
  constructor(registers: DwordRegisters, partial: (offset: number, size: number, write: boolean) => void = ignore) {
    this.registers = registers;
    this.#partial = partial;
  }

  read(offset: number, size: number): number {
    if (size === 4) return this.registers.read(offset) >>> 0;
    this.#partial(offset, size, false);
    const value = this.registers.read(offset & ~3) >>> ((offset & 3) << 3);
    return size === 2 ? value & 0xffff : value & 0xff;
  }

  write(offset: number, size: number, value: number): void {
    if (size === 4) {
      this.registers.write(offset, value >>> 0);
      return;
    }
    this.#partial(offset, size, true);
    const at = offset & ~3;
    const shift = (offset & 3) << 3;
    const lanes = (size === 2 ? 0xffff : 0xff) << shift;
    const merged = (this.registers.peek(at) & ~lanes) | ((value << shift) & lanes);
    this.registers.write(at, merged >>> 0);
  }
}

const ignore = (): void => undefined;

/** Memory that is read only: a ROM or a flash; erased behind its contents. */
export function romWindow(contents: Uint8Array): BarWindow {
  return {
    read: (offset, size) => {
      let value = 0;
      for (let lane = 0; lane < size; lane += 1) value |= (contents[offset + lane] ?? ERASED) << (8 * lane);
      return value >>> 0;
    },
    write: () => undefined,
  };
}

const ERASED = 0xff;
