/**
 * The bytes of a packet where they lie in the guest, for segmentation: each is read once, summed while it is copied into its
 * segment, or by whoever takes the packet in pieces. Only where all buffers have a place in the arena's memory; the guest may change them at any time.
 */
import { arena, type PayloadSource } from '../../../packet/index.ts';
import type { FramePieces, GuestMemory } from '../../../ports/index.ts';
import { carriesData, command } from './descriptor.ts';
import { type DescriptorFetch, MOST_DESCRIPTORS } from './fetch.ts';

const TWO_32 = 2 ** 32;
const { simd } = arena;

export class GuestPayload implements PayloadSource {
  /** Bytes that the frame has in front of the first buffer: a tag that was inserted. */
  inserted: number;
  /** Of each buffer, its place, and where it ends in the packet. */
  readonly #places: Int32Array;
  readonly #ends: Int32Array;
  #buffers: number;
  readonly #pieces: FramePieces;
  /** The buffer that was read last; positions mostly ascend. */
  #at: number;

  constructor() {
    this.inserted = 0;
    this.#places = new Int32Array(MOST_DESCRIPTORS);
    this.#ends = new Int32Array(MOST_DESCRIPTORS);
    this.#buffers = 0;
    this.#pieces = {
      places: new Int32Array(1 + MOST_DESCRIPTORS),
      lengths: new Int32Array(1 + MOST_DESCRIPTORS),
      count: 0,
    };
    this.#at = 0;
  }

  /** Takes over the buffers of a packet; false where one has no place, or is not readable. */
  begin(fetch: DescriptorFetch, memory: GuestMemory): boolean {
    const { words, count } = fetch;
    if (simd === undefined) return false;
    let buffers = 0;
    let end = 0;
    for (let at = 0; at < count * 4; at += 4) {
      const word2 = words[at + 2]!;
      const size = word2 & command.LENGTH;
      if (size === 0 || !carriesData(word2)) continue;
      const address = (words[at + 1]! >>> 0) * TWO_32 + (words[at]! >>> 0);
      const piece = memory.forReading(address, size);
      if (piece === undefined || piece.window === -1) return false;
      end += size;
      this.#places[buffers] = piece.window + (address - piece.base);
      this.#ends[buffers] = end;
      buffers += 1;
    }
    this.#buffers = buffers;
    this.#at = 0;
    this.inserted = 0;
    return buffers > 0;
  }

  /** The packet in pieces, the first of which are its `length` bytes of headers at `headers` in the arena. Holds until the next call. */
  behind(headers: number, length: number): FramePieces {
    const pieces = this.#pieces;
    pieces.places[0] = headers;
    pieces.lengths[0] = length;
    pieces.count = 1;
    const from = length - this.inserted;
    let start = 0;
    for (let n = 0; n < this.#buffers; n += 1) {
      const end = this.#ends[n]!;
      const skipped = start < from ? from - start : 0;
      if (start + skipped < end) {
        pieces.places[pieces.count] = this.#places[n]! + skipped;
        pieces.lengths[pieces.count] = end - start - skipped;
        pieces.count += 1;
      }
      start = end;
    }
    return pieces;
  }

  copyAndSum(to: number, position: number, length: number): number {
    const from = position - this.inserted;
    let at = this.#at;
    while (at > 0 && this.#ends[at - 1]! > from) at -= 1;
    let sum = 0;
    for (let done = 0; done < length;) {
      const start = at === 0 ? 0 : this.#ends[at - 1]!;
      const offset = from + done - start;
      const available = this.#ends[at]! - start - offset;
      if (available <= 0) {
        at += 1;
        continue;
      }
      const count = available < length - done ? available : length - done;
      const part = simd!.copyAndSum(to + done, this.#places[at]! + offset, count);
      // Words are summed the wrong way round, which is right for a part that begins at an odd place.
      sum += (done & 1) === 0 ? ((part & 0xff) << 8) | (part >>> 8) : part;
      done += count;
    }
    this.#at = at;
    sum = (sum >>> 16) + (sum & 0xffff);
    return (sum >>> 16) + (sum & 0xffff);
  }
}
