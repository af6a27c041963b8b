/** I/O ports: those of the chipset, then the I/O BARs of the devices on the root bus. */
import { barAddress, type BarWindow, type Bus, Command, Header, type PciFunction } from '../../pci/index.ts';

export interface PortRange extends BarWindow {
  readonly base: number;
  readonly lengthBytes: number;
}

const ALL_ONES: readonly number[] = [0, 0xff, 0xffff, 0, 0xffff_ffff];

interface IoBar {
  readonly fn: PciFunction;
  readonly bar: number;
  readonly base: number;
  readonly end: number;
}

export class PortSpace {
  readonly #ranges: readonly PortRange[];
  readonly #root: Bus;
  #generation: number;
  #bars: IoBar[];

  constructor(root: Bus, ranges: readonly PortRange[]) {
    this.#ranges = ranges;
    this.#root = root;
    this.#generation = -1;
    this.#bars = [];
  }

  /** Reads 1, 2 or 4 bytes of any alignment; all ones where nobody answers. */
  read(port: number, size: number): number {
    const range = this.#rangeAt(port);
    if (range !== undefined) return range.read(port - range.base, size);
    const io = this.#barAt(port);
    if (io === undefined) return ALL_ONES[size]!;
    const offset = port - io.base;
    if (offset % size === 0) return io.fn.barRead(io.bar, offset, size);
    let value = 0;
    for (let byte = 0; byte < size; byte += 1) value += io.fn.barRead(io.bar, offset + byte, 1) * 0x100 ** byte;
    return value;
  }

  write(port: number, size: number, value: number): void {
    const range = this.#rangeAt(port);
    if (range !== undefined) {
      range.write(port - range.base, size, value);
      return;
    }
    const io = this.#barAt(port);
    if (io === undefined) return;
    const offset = port - io.base;
    if (offset % size === 0) io.fn.barWrite(io.bar, offset, size, value);
    else
      for (let byte = 0; byte < size; byte += 1)
        io.fn.barWrite(io.bar, offset + byte, 1, (value >>> (8 * byte)) & 0xff);
  }

  #rangeAt(port: number): PortRange | undefined {
    for (const range of this.#ranges) if (port >= range.base && port < range.base + range.lengthBytes) return range;
    return undefined;
  }

  #barAt(port: number): IoBar | undefined {
    if (this.#generation !== this.#root.routing.generation) this.#rebuild();
    for (const bar of this.#bars) if (port >= bar.base && port < bar.end) return bar;
    return undefined;
  }

  #rebuild(): void {
    this.#generation = this.#root.routing.generation;
    this.#bars = [];
    for (const fn of this.#root.functions) {
      if (fn.powerState !== 0 || (fn.config.read(Header.command, 2) & Command.io) === 0) continue;
      for (const spec of fn.bars) {
        if (spec?.kind !== 'io') continue;
        const base = barAddress(fn.config, spec, Header.bar + 4 * spec.index);
        if (base + spec.sizeBytes <= 0x1_0000)
          this.#bars.push({ fn, bar: spec.index, base, end: base + spec.sizeBytes });
      }
    }
  }
}
