/** Main memory: below a hole for devices and, where there is more, from 4 GiB on. Pieces exist once they are touched. */
import type { MemoryPiece } from '../../ports/index.ts';
import type { HostMemory } from '../../pci/index.ts';

const PIECE_BYTES = 2 ** 28;
const GIB = 2 ** 30;
/** Where memory that the hole displaces goes on. */
export const HIGH_BASE = 4 * GIB;

interface Region {
  readonly base: number;
  readonly length: number;
  readonly pieces: (MemoryPiece | undefined)[];
}

export class Ram implements HostMemory {
  readonly sizeBytes: number;
  readonly #low: Region;
  readonly #high: Region;

  /** `lowLimit`: the address where the hole begins, once memory reaches there. */
  constructor(sizeBytes: number, lowLimit: number) {
    const low = Math.min(sizeBytes, lowLimit);
    this.sizeBytes = sizeBytes;
    this.#low = { base: 0, length: low, pieces: [] };
    this.#high = { base: HIGH_BASE, length: sizeBytes - low, pieces: [] };
  }

  forReading(address: number, length: number): MemoryPiece | undefined {
    const region = address < HIGH_BASE ? this.#low : this.#high;
    const offset = address - region.base;
    if (!(offset >= 0) || !(length > 0) || !(offset + length <= region.length)) return undefined;
    const index = Math.floor(offset / PIECE_BYTES);
    if (offset + length > (index + 1) * PIECE_BYTES) return undefined;
    return region.pieces[index] ?? makePiece(region, index);
  }

  forWriting(address: number, length: number): MemoryPiece | undefined {
    return this.forReading(address, length);
  }

  /** Zeroes everything, as after power-up. */
  clear(): void {
    for (const { pieces } of [this.#low, this.#high]) for (const piece of pieces) piece?.bytes.fill(0);
  }
}

function makePiece(region: Region, index: number): MemoryPiece {
  const start = index * PIECE_BYTES;
  const length = Math.min(PIECE_BYTES, region.length - start);
  // The kernel gives zeroed pages when they are touched, so a large piece costs nothing by itself.
  const buffer = new ArrayBuffer(Math.ceil(length / 4) * 4);
  const piece = {
    base: region.base + start,
    length,
    bytes: new Uint8Array(buffer, 0, length),
    dwords: new Uint32Array(buffer),
  };
  region.pieces[index] = piece;
  return piece;
}
