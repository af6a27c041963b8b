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

  /** Reads 1, 2 or 4 bytes; all ones where nobody answers, 0 where the port is no multiple of the size, as in QEMU. */
  read(port: number, size: number): number {
    if (port % size !== 0) return 0;
    const range = this.#rangeAt(port);
    if (range !== undefined) return range.read(port - range.base, size);
    const io = this.#barAt(port);
    return io === undefined ? ALL_ONES[size]! : io.fn.barRead(io.bar, port - io.base, size);
  }

  write(port: number, size: number, value: number): void {
    if (port % size !== 0) return;
    const range = this.#rangeAt(port);
    if (range !== undefined) {
      range.write(port - range.base, size, value);
      return;
    }
    const io = this.#barAt(port);
    io?.fn.barWrite(io.bar, port - io.base, size, value);
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
