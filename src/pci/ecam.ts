/** Enhanced configuration access (PCI Express 7.2.2): a megabyte of window for each bus, 4096 bytes for each function. */
import type { BarWindow } from './bar.ts';
import { ALL_ONES } from './config-space.ts';
import type { PciDomain } from './domain.ts';

export class Ecam implements BarWindow {
  readonly #domain: PciDomain;

  constructor(domain: PciDomain) {
    this.#domain = domain;
  }

  /** An absent function reads as all ones, which is how a guest finds out. */
  read(offset: number, size: number): number {
    const fn = this.#domain.functionAt(offset >>> 20, (offset >>> 12) & 0xff);
    return fn === undefined ? ALL_ONES[size]! : fn.configRead(offset & 0xfff, size);
  }

  write(offset: number, size: number, value: number): void {
    this.#domain.functionAt(offset >>> 20, (offset >>> 12) & 0xff)?.configWrite(offset & 0xfff, size, value);
  }
}
