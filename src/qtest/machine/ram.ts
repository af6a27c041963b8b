/** Main memory: below a hole for devices and, where there is more, from 4 GiB on. Pieces exist once they are touched. */
import { preferLargePages } from '../../linux/index.ts';
import { arena } from '../../packet/index.ts';
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
  /** The piece that the last look-up found. */
  #last: MemoryPiece | undefined;

  /** `lowLimit`: the address where the hole begins, once memory reaches there. */
  constructor(sizeBytes: number, lowLimit: number) {
    const low = Math.min(sizeBytes, lowLimit);
    this.sizeBytes = sizeBytes;
    this.#last = undefined;
    this.#low = { base: 0, length: low, pieces: [] };
    this.#high = { base: HIGH_BASE, length: sizeBytes - low, pieces: [] };
  }

  forReading(address: number, length: number): MemoryPiece | undefined {
    const last = this.#last;
    if (last !== undefined && address >= last.base && length > 0 && address + length <= last.base + last.length)
      return last;
    const region = address < HIGH_BASE ? this.#low : this.#high;
    const offset = address - region.base;
    if (!(offset >= 0) || !(length > 0) || !(offset + length <= region.length)) return undefined;
    const index = Math.floor(offset / PIECE_BYTES);
    if (offset + length > (index + 1) * PIECE_BYTES) return undefined;
    return (this.#last = region.pieces[index] ?? makePiece(region, index));
  }

  forWriting(address: number, length: number): MemoryPiece | undefined {
    return this.forReading(address, length);
  }

  /** Zeroes everything, as after power-up. */
  clear(): void {
    for (const { pieces } of [this.#low, this.#high]) for (const piece of pieces) piece?.bytes.fill(0);
  }
}

/** A whole piece has a place in the arena where one is left. The kernel gives zeroed pages when they are touched. */
function makePiece(region: Region, index: number): MemoryPiece {
  const start = index * PIECE_BYTES;
  const length = Math.min(PIECE_BYTES, region.length - start);
  const size = Math.ceil(length / 4) * 4;
  const window = arena.windows.take(size);
  const piece = { base: region.base + start, length, window: window | 0, ...viewsOf(window, size, length) };
  preferLargePages(piece.bytes);
  region.pieces[index] = piece;
  return piece;
}

function viewsOf(window: number, size: number, length: number): Pick<MemoryPiece, 'bytes' | 'dwords'> {
  if (window !== -1) {
    const { bytes, dwords } = arena.viewOf(window, size);
    return { bytes: bytes.subarray(0, length), dwords };
  }
  const buffer = new ArrayBuffer(size);
  return { bytes: new Uint8Array(buffer, 0, length), dwords: new Uint32Array(buffer) };
}
