/**
 * Takes the next unit of work off a ring: a context descriptor, or all descriptors of a packet once its last one is there.
 * They are copied first and only the copy is used, since the guest can change its memory at any time.
 */
import type { GuestMemory, MemoryPiece } from '../../../ports/index.ts';
import { carriesData, command, DESCRIPTOR_BYTES, kindOf, kinds } from './descriptor.ts';
import type { TransmitRing } from './ring.ts';

/** Descriptors of a packet; drivers use a few dozen. What is longer is thrown away up to its EOP. */
export const MOST_DESCRIPTORS = 512;

export const fetched = {
  /** The descriptors of a whole packet. */
  packet: 0,
  /** One context descriptor. */
  context: 1,
  /** One or more descriptors that only want to be consumed. */
  discard: 2,
  /** The same, and they begin a packet that is too long. */
  endless: 3,
  /** The packet's end is not posted yet. */
  partial: 4,
  /** The ring is not in memory. */
  unreadable: 5,
} as const;

export class DescriptorFetch {
  /** Dwords of `count` descriptors, from the ring's head on. */
  readonly words: Int32Array;
  count: number;
  /** Bytes of frame in all data descriptors. */
  bytes: number;
  readonly #scratch: Uint8Array;
  readonly #scratchWords: Uint32Array;

  constructor() {
    this.words = new Int32Array(MOST_DESCRIPTORS * 4);
    this.count = 0;
    this.bytes = 0;
    const buffer = new ArrayBuffer(DESCRIPTOR_BYTES);
    this.#scratch = new Uint8Array(buffer);
    this.#scratchWords = new Uint32Array(buffer);
  }

  /** Fetches from `ring.head`, which is not the tail; `piece` holds the whole ring where one does. Returns one of `fetched`. */
  next(ring: TransmitRing, memory: GuestMemory, piece: MemoryPiece | undefined): number {
    this.count = 0;
    this.bytes = 0;
    let index = ring.head;
    while (index !== ring.tail) {
      if (!this.#copy(ring, index, memory, piece)) return fetched.unreadable;
      const word2 = this.words[this.count * 4 + 2]!;
      const data = carriesData(word2);
      const first = this.count === 0;
      this.count += 1;
      if (data) this.bytes += word2 & command.LENGTH;
      const end = data && (word2 & command.EOP) !== 0;
      if (ring.discarding) {
        if (end) ring.discarding = false;
        return fetched.discard;
      }
      if (end) return fetched.packet;
      if (first && !data) return kindOf(word2) === kinds.context ? fetched.context : fetched.discard;
      if (this.count === MOST_DESCRIPTORS) {
        ring.discarding = true;
        return fetched.endless;
      }
      index += 1;
      if (index === ring.size) index = 0;
    }
    return fetched.partial;
  }

  #copy(ring: TransmitRing, index: number, memory: GuestMemory, piece: MemoryPiece | undefined): boolean {
    const { words } = this;
    const to = this.count * 4;
    if (piece !== undefined) {
      const { dwords } = piece;
      const at = (ring.addressOf(index) - piece.base) >>> 2;
      words[to] = dwords[at]!;
      words[to + 1] = dwords[at + 1]!;
      words[to + 2] = dwords[at + 2]!;
      words[to + 3] = dwords[at + 3]!;
      return true;
    }
    if (!memory.read(ring.addressOf(index), this.#scratch, 0, DESCRIPTOR_BYTES)) return false;
    for (let n = 0; n < 4; n += 1) words[to + n] = this.#scratchWords[n]!;
    return true;
  }
}
