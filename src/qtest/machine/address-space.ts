/** Who answers at a memory address: main memory first, then what the chipset maps, then the PCI devices. */
import { alignedSize, type AddressMap, loadLittleEndian, storeLittleEndian, type BarWindow } from '../../pci/index.ts';
import type { Ram } from './ram.ts';

/** A window of the chipset: configuration space by memory, say. */
export interface ChipsetWindow {
  /** Where it begins now, -1 while it is shut. */
  readonly base: number;
  readonly lengthBytes: number;
  readonly window: BarWindow;
}

/** What a read gives where nobody answers, as QEMU has it. */
const NOBODY = 0;

export class AddressSpace {
  readonly #ram: Ram;
  readonly #map: AddressMap;
  readonly #chipset: readonly ChipsetWindow[];

  constructor(ram: Ram, map: AddressMap, chipset: readonly ChipsetWindow[]) {
    this.#ram = ram;
    this.#map = map;
    this.#chipset = chipset;
  }

  /** [address, address + length) lies in main memory altogether. */
  isMemory(address: number, length: number): boolean {
    const last = address + length - 1;
    const low = this.#ram.forReading(address, 1);
    return low !== undefined && this.#ram.forReading(last, 1) !== undefined && last - address < this.#ram.sizeBytes;
  }

  read(address: number, bytes: Uint8Array, length: number): void {
    for (let done = 0; done < length;) {
      const at = address + done;
      const piece = this.#ram.forReading(at, 1);
      if (piece === undefined) {
        const size = alignedSize(at % 4, length - done);
        storeLittleEndian(bytes, done, size, this.readDevice(at, size));
        done += size;
        continue;
      }
      const start = at - piece.base;
      const count = Math.min(length - done, piece.length - start);
      if (count <= 16) for (let n = 0; n < count; n += 1) bytes[done + n] = piece.bytes[start + n]!;
      else bytes.set(piece.bytes.subarray(start, start + count), done);
      done += count;
    }
  }

  write(address: number, bytes: Uint8Array, length: number): void {
    for (let done = 0; done < length;) {
      const at = address + done;
      const piece = this.#ram.forWriting(at, 1);
      if (piece === undefined) {
        const size = alignedSize(at % 4, length - done);
        this.writeDevice(at, size, loadLittleEndian(bytes, done, size));
        done += size;
        continue;
      }
      const start = at - piece.base;
      const count = Math.min(length - done, piece.length - start);
      if (count <= 16) for (let n = 0; n < count; n += 1) piece.bytes[start + n] = bytes[done + n]!;
      else piece.bytes.set(bytes.subarray(done, done + count), start);
      done += count;
    }
  }

  fill(address: number, length: number, value: number): void {
    for (let done = 0; done < length;) {
      const at = address + done;
      const piece = this.#ram.forWriting(at, 1);
      if (piece === undefined) {
        const size = alignedSize(at % 4, length - done);
        this.writeDevice(at, size, (Math.imul(value & 0xff, 0x0101_0101) >>> (32 - 8 * size)) >>> 0);
        done += size;
        continue;
      }
      const start = at - piece.base;
      const count = Math.min(length - done, piece.length - start);
      piece.bytes.fill(value, start, start + count);
      done += count;
    }
  }

  /** Reads 1, 2 or 4 aligned bytes outside main memory. */
  readDevice(address: number, size: number): number {
    const own = this.#windowAt(address);
    if (own !== undefined) return own.window.read(address - own.base, size);
    return this.#map.claims(address) ? this.#map.read(address, size) : NOBODY;
  }

  writeDevice(address: number, size: number, value: number): void {
    const own = this.#windowAt(address);
    if (own !== undefined) own.window.write(address - own.base, size, value);
    else this.#map.write(address, size, value);
  }

  #windowAt(address: number): ChipsetWindow | undefined {
    for (const own of this.#chipset) {
      if (own.base >= 0 && address >= own.base && address < own.base + own.lengthBytes) return own;
    }
    return undefined;
  }
}
