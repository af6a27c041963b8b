/**
 * Tells the guest which descriptors are done (§3.4): each with RS at once where TXDCTL.WTHRESH is 0; otherwise every
 * descriptor, RS or not, as soon as WTHRESH of them are done. Those held back before that wait for the end of the
 * interrupt's interval (`flush`).
 */
import type { GuestMemory } from '../../../ports/index.ts';
import { command, kindOf, kinds, STATUS_DD } from './descriptor.ts';
import type { DescriptorFetch } from './fetch.ts';
import type { TransmitRing } from './ring.ts';

/** Moves the head over the fetched descriptors; true where something was written back. */
export function writeBack(ring: TransmitRing, fetch: DescriptorFetch, memory: GuestMemory): boolean {
  const { words, count } = fetch;
  const { threshold } = ring;
  let reported = false;
  for (let n = 0; n < count; n += 1) {
    const word2 = words[n * 4 + 2]!;
    const done = ring.head;
    ring.head = done + 1 === ring.size ? 0 : done + 1;
    const reports = (word2 & command.RS) !== 0;
    if (threshold === 0 && !reports && !ring.headOnInterval) continue;
    ring.hold(done, statusWord(word2, words[n * 4 + 3]!));
    if (threshold === 0 ? reports : ring.held >= threshold) {
      flush(ring, memory);
      reported = true;
    }
  }
  return reported;
}

/** Writes back what is held: DD into dword 3 of each descriptor, or the head as it is now instead of all of them. */
export function flush(ring: TransmitRing, memory: GuestMemory): void {
  if (ring.headAddress >= 0) memory.write32(ring.headAddress, ring.head);
  else
    for (let n = 0; n < ring.held; n += 1) memory.write32(ring.addressOf(ring.heldSlots[n]!) + 12, ring.heldWords[n]!);
  ring.held = 0;
}

/** A legacy descriptor keeps its checksum start and tag beside the status; of an advanced one only the status remains. */
function statusWord(word2: number, word3: number): number {
  return kindOf(word2) === kinds.legacy ? ((word3 & ~0xf) | STATUS_DD) >>> 0 : STATUS_DD;
}
