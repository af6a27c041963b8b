/** The few items of QEMU's firmware configuration device that a test asks for: signature, memory size, processors. */
import type { PortRange } from './port-space.ts';

const SIGNATURE = 0x00;
const ID = 0x01;
const RAM_SIZE = 0x03;
const CPU_COUNT = 0x05;
const MAX_CPUS = 0x0f;
const FILE_DIRECTORY = 0x19;

function littleEndian(value: number, bytes: number): Uint8Array {
  const data = new Uint8Array(bytes);
  for (let n = 0; n < bytes; n += 1) data[n] = Math.floor(value / 0x100 ** n) % 0x100;
  return data;
}

/** Selector at port 0x510, 16 bits; data, byte by byte, at 0x511. Items have no end: zeros follow. */
export class FirmwareConfig implements PortRange {
  readonly base = 0x510;
  readonly lengthBytes = 2;
  readonly #items: ReadonlyMap<number, Uint8Array>;
  #selected: Uint8Array | undefined;
  #at: number;

  constructor(ramBytes: number) {
    this.#items = new Map([
      [SIGNATURE, new TextEncoder().encode('QEMU')],
      // The traditional interface, without DMA.
      [ID, littleEndian(1, 4)],
      [RAM_SIZE, littleEndian(ramBytes, 8)],
      [CPU_COUNT, littleEndian(1, 2)],
      [MAX_CPUS, littleEndian(1, 2)],
      // No files.
      [FILE_DIRECTORY, new Uint8Array(4)],
    ]);
    this.#selected = this.#items.get(SIGNATURE);
    this.#at = 0;
  }

  read(offset: number, size: number): number {
    if (offset !== 1 || size !== 1) return 0;
    const value = this.#selected?.[this.#at] ?? 0;
    this.#at += 1;
    return value;
  }

  write(offset: number, size: number, value: number): void {
    if (offset !== 0 || size !== 2) return;
    this.#selected = this.#items.get(value);
    this.#at = 0;
  }
}
