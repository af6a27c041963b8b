/** Tells the guest which descriptors are done (§3.4). */
import type { GuestMemory } from '../../../ports/index.ts';
import { command, kindOf, kinds, STATUS_DD } from './descriptor.ts';
import type { DescriptorFetch } from './fetch.ts';
import type { TransmitRing } from './ring.ts';

/**
 * Moves the head over the fetched descriptors and writes back those with RS: DD into dword 3, or the head as it is then.
 * True where one had RS. Thresholds are not waited for: every driver accepts an early write-back.
 */
export function writeBack(ring: TransmitRing, fetch: DescriptorFetch, memory: GuestMemory): boolean {
  const { words, count } = fetch;
  let reported = false;
  for (let n = 0; n < count; n += 1) {
    const word2 = words[n * 4 + 2]!;
    const done = ring.head;
    ring.head = done + 1 === ring.size ? 0 : done + 1;
    if ((word2 & command.RS) === 0) continue;
    reported = true;
    if (ring.headAddress >= 0) memory.write32(ring.headAddress, ring.head);
    else memory.write32(ring.addressOf(done) + 12, statusWord(word2, words[n * 4 + 3]!));
  }
  return reported;
}

/** A legacy descriptor keeps its checksum start and tag beside the status; of an advanced one only the status remains. */
function statusWord(word2: number, word3: number): number {
  return kindOf(word2) === kinds.legacy ? ((word3 & ~0xf) | STATUS_DD) >>> 0 : STATUS_DD;
}
