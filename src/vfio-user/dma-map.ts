/** Guest memory by guest address: what a client has mapped, in pieces of at most 1 GiB that are used in place. */
import { type GuestMapping, mapGuestMemory } from '../linux/memory.ts';
import type { MemoryPiece } from '../ports/index.ts';
import type { DmaView } from './device.ts';
import { Refusal, errno } from './errors.ts';
import { MAX_DMA_MAPS, PAGE_BYTES } from './protocol.ts';

/** Bytes of a piece; only the last one of a map may be shorter. */
const PIECE_BYTES = 2 ** 30;
/** Guest memory that one client may have mapped at a time. */
const MAX_TOTAL_BYTES = 2 ** 42;

/** Stands for "no piece" in the caches: no address lies in it. */
const NOWHERE: MemoryPiece = { base: NaN, length: 0, bytes: new Uint8Array(0), dwords: new Uint32Array(0), window: -1 };

interface Range {
  readonly address: number;
  readonly length: number;
  readonly readable: boolean;
  readonly writable: boolean;
  /** Pieces in order of address; none where the map came without a file descriptor. */
  readonly pieces: readonly MemoryPiece[];
  readonly mappings: readonly GuestMapping[];
}

/** Makes a mapping of guest memory; `mapGuestMemory` outside tests. */
export type MapMemory = typeof mapGuestMemory;

export interface DmaRequest {
  readonly address: number;
  readonly length: number;
  readonly readable: boolean;
  readonly writable: boolean;
  /** Where in the file the range begins; ignored without a descriptor. */
  readonly fileOffset: number;
}

/**
 * The ranges of one client, sorted and without overlap. A range without a descriptor is known but unreachable: it takes
 * its place, and look-ups in it find nothing.
 */
export class DmaMap implements DmaView {
  #ranges: Range[];
  /** Where each range ends, for the search: it reads nothing else. */
  #ends: Float64Array;
  #totalBytes: number;
  /** The pieces that the last look-ups found. */
  #lastRead: MemoryPiece;
  #lastWritten: MemoryPiece;
  readonly #mapMemory: MapMemory;

  constructor(mapMemory: MapMemory = mapGuestMemory) {
    this.#ranges = [];
    this.#ends = new Float64Array(64);
    this.#totalBytes = 0;
    this.#lastRead = NOWHERE;
    this.#lastWritten = NOWHERE;
    this.#mapMemory = mapMemory;
  }

  get count(): number {
    return this.#ranges.length;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  forReading(address: number, length: number): MemoryPiece | undefined {
    const last = this.#lastRead;
    if (address >= last.base && address + length <= last.base + last.length) return last;
    const range = this.#find(address);
    if (range === undefined || !range.readable) return undefined;
    const piece = pieceOf(range, address, length);
    if (piece !== undefined) this.#lastRead = piece;
    return piece;
  }

  forWriting(address: number, length: number): MemoryPiece | undefined {
    const last = this.#lastWritten;
    if (address >= last.base && address + length <= last.base + last.length) return last;
    const range = this.#find(address);
    if (range === undefined || !range.writable) return undefined;
    const piece = pieceOf(range, address, length);
    if (piece !== undefined) this.#lastWritten = piece;
    return piece;
  }

  /**
   * Adds a range; `fd` is -1 where none came, and stays the caller's. Throws a Refusal, or the error of the mapping, and
   * has then changed nothing.
   */
  add(request: DmaRequest, fd: number): void {
    const { address, length, readable, writable, fileOffset } = request;
    checkRange(address, length);
    if (!readable && !writable) throw new Refusal(errno.EINVAL, 'a map that is neither readable nor writable');
    const index = this.#firstEndingAfter(address);
    const following = this.#ranges[index];
    if (following !== undefined && following.address < address + length) {
      throw new Refusal(errno.EEXIST, `${hex(address)}+${hex(length)} overlaps the map at ${hex(following.address)}`);
    }
    if (this.#ranges.length >= MAX_DMA_MAPS) throw new Refusal(errno.ENOSPC, `more than ${MAX_DMA_MAPS} maps`);
    if (this.#totalBytes + length > MAX_TOTAL_BYTES && fd >= 0) {
      throw new Refusal(errno.ENOMEM, `more than ${MAX_TOTAL_BYTES / 2 ** 40} TiB mapped`);
    }
    if (fd >= 0 && fileOffset % PAGE_BYTES !== 0) {
      throw new Refusal(errno.EINVAL, `file offset ${hex(fileOffset)} is no multiple of ${PAGE_BYTES}`);
    }
    const mappings = fd >= 0 ? this.#mapPieces(request, fd) : [];
    const pieces = mappings.map((mapping, i) => ({
      base: address + i * PIECE_BYTES,
      length: Math.min(PIECE_BYTES, length - i * PIECE_BYTES),
      bytes: mapping.bytes,
      dwords: mapping.dwords,
      window: mapping.window,
    }));
    this.#insert(index, { address, length, readable, writable, pieces, mappings });
    if (fd >= 0) this.#totalBytes += length;
  }

  /**
   * Removes every range that lies in [address, address + length); a length of Infinity reaches to the end. Refuses to cut
   * a range in two. Like the kernel's VFIO, an area in which nothing is mapped is no error: behind a virtual IOMMU QEMU
   * unmaps whole areas of which it has mapped some pages, or none. Returns the number of ranges removed.
   */
  remove(address: number, length: number): number {
    const end = address + length;
    const first = this.#firstEndingAfter(address);
    let after = first;
    for (; after < this.#ranges.length; after++) {
      const range = this.#ranges[after]!;
      if (range.address >= end) break;
      if (range.address < address || range.address + range.length > end) {
        throw new Refusal(
          errno.EINVAL,
          `${hex(address)}+${hex(length)} is a part of the map ${hex(range.address)}+${hex(range.length)}`,
        );
      }
    }
    this.#ends.copyWithin(first, after, this.#ranges.length);
    this.#drop(this.#ranges.splice(first, after - first));
    return after - first;
  }

  /** Removes everything; pieces still held by someone become inert. */
  clear(): void {
    this.#drop(this.#ranges.splice(0));
  }

  #insert(index: number, range: Range): void {
    const { length } = this.#ranges;
    if (length === this.#ends.length) {
      const longer = new Float64Array(length * 2);
      longer.set(this.#ends);
      this.#ends = longer;
    }
    this.#ends.copyWithin(index + 1, index, length);
    this.#ends[index] = range.address + range.length;
    this.#ranges.splice(index, 0, range);
  }

  #drop(ranges: readonly Range[]): void {
    this.#lastRead = NOWHERE;
    this.#lastWritten = NOWHERE;
    for (const { mappings, length } of ranges) {
      for (const mapping of mappings) mapping.unmap();
      if (mappings.length > 0) this.#totalBytes -= length;
    }
  }

  #mapPieces({ length, writable, fileOffset }: DmaRequest, fd: number): GuestMapping[] {
    const mappings: GuestMapping[] = [];
    try {
      for (let at = 0; at < length; at += PIECE_BYTES) {
        mappings.push(this.#mapMemory(fd, fileOffset + at, Math.min(PIECE_BYTES, length - at), writable));
      }
    } catch (error) {
      for (const mapping of mappings) mapping.unmap();
      throw error;
    }
    return mappings;
  }

  #find(address: number): Range | undefined {
    const range = this.#ranges[this.#firstEndingAfter(address)];
    return range !== undefined && range.address <= address ? range : undefined;
  }

  /** Index of the first range that has a byte at or after `address`. */
  #firstEndingAfter(address: number): number {
    const ends = this.#ends;
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ends[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function pieceOf(range: Range, address: number, length: number): MemoryPiece | undefined {
  const piece = range.pieces[Math.floor((address - range.address) / PIECE_BYTES)];
  return piece !== undefined && address + length <= piece.base + piece.length ? piece : undefined;
}

function checkRange(address: number, length: number): void {
  if (length === 0) throw new Refusal(errno.EINVAL, 'a map of no bytes');
  if (address % PAGE_BYTES !== 0 || length % PAGE_BYTES !== 0) {
    throw new Refusal(errno.EINVAL, `${hex(address)}+${hex(length)} is not in whole pages of ${PAGE_BYTES}`);
  }
  if (address + length > Number.MAX_SAFE_INTEGER) {
    throw new Refusal(errno.EINVAL, `${hex(address)}+${hex(length)} ends beyond 2^53`);
  }
}

export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
