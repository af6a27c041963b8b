/** Vectors. */
import { PF_VECTORS, POOLS, QUEUES, VF_VECTORS } from '../../devices/igb/sizes.ts';
import { pf, vf } from '../../devices/igb/tables/index.ts';
import { firstVector } from '../../devices/igb/interrupts/vf-interrupts.ts';
import { onEvent, onWrite, type RuleTable } from '../rule.ts';
import type { Sight } from '../sight.ts';

const { EIMS, GPIE, IVAR, IVAR_MISC } = pf;
const VALID = 0x80;
/** Of a queue's receive and transmit side. */
const BOTH_VALID = 0x8080;
const VF_VECTOR_BITS = (1 << VF_VECTORS) - 1;
const VECTOR = 0x1f;
/** Bytes of an IVAR register: receive and transmit of queue n, then of queue n + 8. */
const queueOfByte = (element: number, byte: number): number => element + (byte >= 2 ? 8 : 0);

/** Whether some valid byte names a vector of which `wrong` is true. */
function someVector(value: number, bytes: number, wrong: (vector: number, byte: number) => boolean): boolean {
  for (let byte = 0; byte < bytes; byte += 1) {
    const entry = value >>> (8 * byte);
    if ((entry & VALID) !== 0 && wrong(entry & VECTOR, byte)) return true;
  }
  return false;
}

const isTheirs = (sight: Sight, byte: number): boolean => sight.ownerOf(queueOfByte(sight.element, byte)) !== 0;

/** Vectors of a function among the port's, as bits; of the PF those that no VF has. */
function vectorsOf(sight: Sight, fn: number): number {
  if (fn !== 0) return VF_VECTOR_BITS << firstVector(fn - 1);
  let bits = (1 << PF_VECTORS) - 1;
  for (let vf = 0; vf < POOLS; vf += 1) if (sight.ownerOf(vf) !== 0) bits &= ~vectorsOf(sight, 1 + vf);
  return bits;
}

/** No queue of a function has a vector, and at most one is unmasked: that of events beside the queues. */
function polls(sight: Sight, fn: number): boolean {
  for (let queue = 0; queue < QUEUES; queue += 1) {
    const entries = sight.now(IVAR, queue & 7) >>> (queue < 8 ? 0 : 16);
    if (sight.ownerOf(queue) === fn && (entries & BOTH_VALID) !== 0) return false;
  }
  const unmasked = sight.values[EIMS.index]! & vectorsOf(sight, fn);
  return (unmasked & (unmasked - 1)) === 0;
}

/** Write-backs of a queue have no vector, and no driver is half way through giving it one. */
const hasNoVector = (sight: Sight): boolean => sight.has(GPIE, GPIE.MULTIPLE_MSIX) && sight.history.settled;

export const interruptRules = {
  'vector-missing': {
    wrong: 'runs a queue in MSI-X mode whose IVAR entry is not valid',
    advice: 'Write the IVAR entry of the queue: nobody hears of its write-backs.',
    section: '6.4',
    looks: [onEvent('igb_irq_no_queue_vector', (sight) => hasNoVector(sight) && !polls(sight, sight.ownerOf(sight.a)))],
  },
  'vectors-unused': {
    wrong: 'runs its queues in MSI-X mode without a vector for any',
    advice: 'Write IVAR and unmask the vectors, unless the driver polls all of its queues.',
    section: '6.4',
    looks: [onEvent('igb_irq_no_queue_vector', (sight) => hasNoVector(sight) && polls(sight, sight.ownerOf(sight.a)))],
  },
  'vector-beyond-table': {
    wrong: 'names a vector that its MSI-X table does not have',
    advice: 'The PF has vectors 0 to 9, a VF 0 to 2.',
    section: '6.4',
    looks: [
      onWrite(
        [IVAR],
        (sight) =>
          sight.has(GPIE, GPIE.MULTIPLE_MSIX) &&
          someVector(sight.value, 4, (vector, byte) => vector >= PF_VECTORS && !isTheirs(sight, byte)),
      ),
      onWrite(
        [IVAR_MISC],
        (sight) => sight.has(GPIE, GPIE.MULTIPLE_MSIX) && someVector(sight.value, 2, (vector) => vector >= PF_VECTORS),
      ),
      onEvent(
        'igb_vf_reg_write',
        ({ b, c }) => b === vf.VTIVAR0.at && someVector(c, 4, (vector) => vector >= VF_VECTORS),
      ),
      onEvent(
        'igb_vf_reg_write',
        ({ b, c }) => b === vf.VTIVAR_MISC.at && someVector(c, 1, (vector) => vector >= VF_VECTORS),
      ),
    ],
  },
  'vectors-without-mode': {
    wrong: 'spreads causes over MSI-X vectors while GPIE.MULTIPLE_MSIX is clear',
    advice: 'Set GPIE.MULTIPLE_MSIX before IVAR, or everything comes by vector 0.',
    section: '6.6',
    looks: [
      onWrite(
        [IVAR, IVAR_MISC],
        (sight) =>
          !sight.has(GPIE, GPIE.MULTIPLE_MSIX) &&
          sight.context.interruptPorts[0]!.msixEnabled &&
          someVector(sight.value, 4, (vector) => vector > 0),
      ),
    ],
  },
} as const satisfies RuleTable;
