/** Brings the bytes of a packet from the guest's buffers together in the packet arena, once. */
import { arena, copyToArena, SEGMENTER_BYTES } from '../../../packet/index.ts';
import type { GuestMemory } from '../../../ports/index.ts';
import { carriesData, command } from './descriptor.ts';
import type { DescriptorFetch } from './fetch.ts';

const TWO_32 = 2 ** 32;

/** Bytes of a frame that is segmented, all headers included. */
export const MOST_GATHERED = 0x4_0000;
/** Room in front for a tag, and behind for padding. */
const MARGIN = 64;

/**
 * Offset of the first byte of a gathered frame. All ports of a thread share the place: a frame has left it before the next
 * one is gathered.
 */
export const GATHERED_AT = arena.reserve(MARGIN + MOST_GATHERED + MARGIN) + MARGIN;
/** Where segments of gathered frames are built. */
export const SEGMENTS_AT = arena.reserve(SEGMENTER_BYTES);

/**
 * Gathers what all fetched data descriptors hold, or of it the bytes from `from` up to `to`; returns the number of bytes up to
 * there, or -1 where a buffer is not readable.
 */
export function gatherFrame(fetch: DescriptorFetch, memory: GuestMemory, from = 0, to = MOST_GATHERED): number {
  const { words, count } = fetch;
  let length = 0;
  for (let at = 0; at < count * 4 && length < to; at += 4) {
    const word2 = words[at + 2]!;
    const size = word2 & command.LENGTH;
    if (size === 0 || !carriesData(word2)) continue;
    const end = length + size < to ? length + size : to;
    const start = length < from ? from : length;
    if (start < end) {
      const address = (words[at + 1]! >>> 0) * TWO_32 + (words[at]! >>> 0) + (start - length);
      if (!copyIn(memory, address, GATHERED_AT + start, end - start)) return -1;
    }
    length = end;
  }
  return length;
}

function copyIn(memory: GuestMemory, address: number, to: number, length: number): boolean {
  const piece = memory.forReading(address, length);
  if (piece === undefined) return memory.read(address, arena.bytes, to, length);
  copyToArena(to, piece, address - piece.base, length);
  return true;
}
