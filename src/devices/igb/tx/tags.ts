/** Tags that the port puts into packets (§5.3): whose wish counts, and where they go. */
import { arena } from '../../../packet/index.ts';
import { POOLS } from '../context.ts';
import { TAG_BYTES } from '../rx/vlan.ts';
import { pf } from '../tables/index.ts';

const { CTRL_EXT, MRQC, VET, VMVIR } = pf;
const { dwords } = arena;

const ADDRESS_BYTES = 12;
/** Addresses, an outer tag, and a type behind it. */
const TAGGED_BYTES = ADDRESS_BYTES + TAG_BYTES + 2;

/** What `tagRule` says besides the tag that every packet gets: each gets what it asks for; none gets any. */
export const AS_ASKED = -1;
export const NEVER = -2;

/** Which tags the packets of a queue get: the pool's own rule goes before the descriptor's wish. */
export function tagRule(values: Uint32Array, queue: number): number {
  if ((values[MRQC.index]! & 1) === 0) return AS_ASKED;
  const rule = values[VMVIR.index + (queue % POOLS) * VMVIR.step]!;
  if ((rule & VMVIR.ALWAYS.mask) !== 0) return rule & 0xffff;
  return (rule & VMVIR.NEVER.mask) === 0 ? AS_ASKED : NEVER;
}

/** Whether packets may come with two tags, of which the port inserts the inner one. */
export function usesExtendedTags(values: Uint32Array): boolean {
  return (values[CTRL_EXT.index]! & CTRL_EXT.EXT_VLAN.mask) !== 0;
}

/**
 * Puts a tag into the frame at `frame` in the arena, a multiple of 4, by moving what is in front of it to the front; the frame begins
 * at the offset returned.
 */
export function insertTag(values: Uint32Array, frame: number, length: number, tag: number): number {
  const types = values[VET.index]!;
  const first = frame >>> 2;
  // With extended VLAN software puts the outer tag into the data, and the inserted one goes behind it.
  const outer = usesExtendedTags(values) && length >= TAGGED_BYTES && typeOf(dwords[first + 3]!) === types >>> 16;
  const moved = outer ? 4 : 3;
  for (let n = 0; n < moved; n += 1) dwords[first - 1 + n] = dwords[first + n]!;
  dwords[first - 1 + moved] = swap(types & 0xffff) | (swap(tag) << 16);
  return frame - TAG_BYTES;
}

/** The EtherType in the dword behind the addresses. */
function typeOf(dword: number): number {
  return swap(dword & 0xffff);
}

function swap(word: number): number {
  return ((word & 0xff) << 8) | (word >>> 8);
}
