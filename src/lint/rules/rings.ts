/** Rings and queues. */
import { mayMaster } from '../../devices/igb/master-disable.ts';
import { pf } from '../../devices/igb/tables/index.ts';
import { enables, indexIn, receiveRing } from '../ring-view.ts';
import { onEvent, onRingWrite, onWrite, type Check, type RuleTable } from '../rule.ts';
import type { Sight } from '../sight.ts';

const { RCTL, SRRCTL } = pf;
/** Rings begin and end at multiples of 128 bytes. */
const ALIGNMENT = 127;
const descriptorTypeOf = (srrctl: number): number => (srrctl & SRRCTL.DESCTYPE.mask) >>> SRRCTL.DESCTYPE.shift;

/** Descriptors by which a write moves a tail, where the ring runs and the tail is one of it; else 0. */
function tailStep({ ring, value }: Sight): number {
  const tail = indexIn(value);
  const { size } = ring;
  if (!ring.running || tail >= size || ring.tail >= size || ring.head >= size) return 0;
  return (tail - ring.tail + size) % size;
}

/** DMA of a queue failed, and no fault on demand made it. */
const failedByItself: Check = (sight) => !sight.history.dmaFaulted(sight.ownerOf(sight.a));

/** Descriptors that software may still give to the device: a full ring has one free. */
function roomIn({ ring }: Sight): number {
  return (ring.head - ring.tail - 1 + ring.size) % ring.size;
}

export const ringRules = {
  'queue-without-length': {
    wrong: 'switches a queue on whose ring has no length',
    advice: 'Write RDLEN or TDLEN before ENABLE.',
    section: '5.1',
    looks: [onRingWrite(['control'], ({ ring, value }) => enables(value) && ring.lengthBytes === 0)],
  },
  'queue-without-base': {
    wrong: 'switches a queue on whose ring is at address 0',
    advice: 'Write the base registers before ENABLE.',
    section: '5.1',
    looks: [onRingWrite(['control'], ({ ring, value }) => enables(value) && ring.lengthBytes !== 0 && ring.base === 0)],
  },
  'ring-length-unaligned': {
    wrong: 'gives a ring a length that is no multiple of 128 bytes',
    advice: 'Rings have a multiple of eight descriptors.',
    section: '2.8',
    looks: [onRingWrite(['length'], ({ value }) => (value & ALIGNMENT) !== 0)],
  },
  'ring-base-unaligned': {
    wrong: 'puts a ring at an address that is no multiple of 128 bytes',
    advice: 'The low bits are not stored: the device works elsewhere.',
    section: '2.8',
    looks: [onRingWrite(['low'], ({ value }) => (value & ALIGNMENT) !== 0)],
  },
  'ring-moved-while-on': {
    wrong: 'writes base, length or head of a queue that runs',
    advice: 'Clear ENABLE first.',
    section: '2.9',
    looks: [
      onRingWrite(['low', 'high', 'length'], ({ ring }) => ring.running),
      // DPDK writes the 0 that is there already.
      onRingWrite(['head'], ({ ring, value }) => ring.running && indexIn(value) !== ring.head),
    ],
  },
  'srrctl-while-on': {
    wrong: 'changes buffers or descriptor type of a queue that runs',
    advice: 'Write SRRCTL while RXDCTL.ENABLE is clear; only DROP_EN may change later.',
    section: '2.8',
    looks: [
      onWrite([SRRCTL], (sight) => {
        sight.ring.registers = receiveRing;
        sight.ring.queue = sight.element;
        return sight.ring.running && ((sight.value ^ sight.now(SRRCTL)) & ~SRRCTL.DROP_EN.mask) !== 0;
      }),
    ],
  },
  'head-beyond-ring': {
    wrong: 'switches a queue on whose head lies beyond its ring',
    advice: 'Write 0 to RDH or TDH while the queue is off.',
    section: '3.8',
    looks: [onRingWrite(['control'], ({ ring, value }) => enables(value) && ring.size > 0 && ring.head >= ring.size)],
  },
  'tail-beyond-ring': {
    wrong: 'moves a tail beyond its ring',
    advice: 'A tail is the index of a descriptor, below the length of the ring; the ring counts as empty.',
    section: '3.10',
    looks: [onRingWrite(['tail'], ({ ring, value }) => ring.size > 0 && indexIn(value) >= ring.size)],
  },
  'tail-over-own': {
    wrong: 'moves a tail over descriptors that the device has not given back',
    advice: 'Give away no more than there are free, and keep one between tail and head.',
    section: '3.8',
    looks: [onRingWrite(['tail'], (sight) => tailStep(sight) > 0 && tailStep(sight) > roomIn(sight))],
  },
  'tail-while-off': {
    wrong: 'moves a tail of a queue that is off',
    advice: 'Set ENABLE first and give descriptors away then.',
    section: '5.1',
    looks: [onRingWrite(['tail'], ({ ring, value }) => !ring.enabled && ring.size > 0 && indexIn(value) !== ring.head)],
  },
  'bus-master-off': {
    wrong: 'gives descriptors to a function that is not bus master',
    advice: "Set Bus Master Enable in the function's command register.",
    section: '5.1',
    looks: [
      onRingWrite(
        ['tail'],
        (sight) => tailStep(sight) > 0 && !sight.context.memory[sight.ownerOf(sight.ring.queue)]!.usable,
      ),
    ],
  },
  'master-disabled': {
    wrong: 'gives descriptors away while CTRL.GIO_MASTER_DISABLE is set',
    advice: 'A reset clears the bit; nothing moves before.',
    section: '1.5',
    looks: [onRingWrite(['tail'], (sight) => tailStep(sight) > 0 && !mayMaster(sight.context, sight.ring.queue))],
  },
  'ring-not-in-memory': {
    wrong: 'has a ring outside memory',
    advice: 'The base must be the bus address of memory that the device may reach.',
    section: '5.1',
    looks: [onEvent('igb_guest_error_dma', failedByItself), onEvent('igb_rx_drop_ring', failedByItself)],
  },
  'transmit-buffer-not-in-memory': {
    wrong: 'sends from a buffer outside memory',
    advice: 'Map the buffer for the device and use the bus address.',
    section: '3.10',
    looks: [onEvent('igb_tx_drop_dma', failedByItself)],
  },
  'receive-buffer-not-in-memory': {
    wrong: 'gives the device a receive buffer outside memory',
    advice: 'Map the buffer for the device and use the bus address.',
    section: '3.6',
    looks: [onEvent('igb_rx_drop_dma', failedByItself)],
  },
  'header-buffer-empty': {
    wrong: 'asks for header splitting or replication with header buffers of size 0',
    advice: 'Set SRRCTL.BSIZEHEADER, in units of 64 bytes.',
    section: '3.7',
    looks: [
      onWrite([SRRCTL], ({ value }) => {
        const type = descriptorTypeOf(value);
        return type >= 2 && type <= 5 && (value & SRRCTL.BSIZEHEADER.mask) === 0;
      }),
    ],
  },
  'receive-descriptor-type': {
    wrong: 'asks for a receive descriptor type that does not exist',
    advice: 'SRRCTL.DESCTYPE is 0 to 5.',
    section: '3.7',
    looks: [onWrite([SRRCTL], ({ value }) => descriptorTypeOf(value) > 5)],
  },
  'receive-buffer-reserved': {
    wrong: 'switches a receive queue on with a buffer size that does not exist',
    advice: 'Set SRRCTL.BSIZEPACKET, or RCTL.BSIZE other than 0 beside RCTL.BSEX.',
    section: '2.5',
    looks: [
      onWrite(
        [pf.RXDCTL],
        (sight) =>
          enables(sight.value) &&
          (sight.now(SRRCTL) & SRRCTL.BSIZEPACKET.mask) === 0 &&
          sight.has(RCTL, RCTL.BSEX) &&
          !sight.has(RCTL, RCTL.BSIZE),
      ),
    ],
  },
} as const satisfies RuleTable;
