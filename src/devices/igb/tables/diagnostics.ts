/** Packet buffer pointers and counters. */
import type { RegisterSpec } from '../../../registers/index.ts';

/** A pointer into a packet buffer: 13 bits of storage. */
const pointer = (at: number, doc: string) =>
  ({ at, access: 'rw', writable: 0x1fff, inert: true, evidence: 'qemu', doc }) as const;

export const diagnostics = {
  RDFH: { ...pointer(0x02410, 'Receive FIFO head.'), aliases: [{ at: 0x08000 }] },
  RDFT: { ...pointer(0x02418, 'Receive FIFO tail.'), aliases: [{ at: 0x08008 }] },
  RDFHS: pointer(0x02420, 'Receive FIFO head, saved.'),
  RDFTS: pointer(0x02428, 'Receive FIFO tail, saved.'),
  RDFPC: pointer(0x02430, 'Packets in the receive FIFO.'),
  PBDIAG: { at: 0x02458, access: 'rw', inert: true, evidence: 'dpdk', doc: 'Packet buffer diagnostics (PBRTH).' },
  PBRWAC: {
    at: 0x024e8,
    access: 'rw',
    inert: true,
    evidence: 'qemu',
    doc: 'Wraps of the receive packet buffer; VFs read it too.',
  },
  PBSLAC: { at: 0x03100, access: 'rw', inert: true, evidence: 'dpdk', doc: 'Packet buffer slave access control.' },
  PBSLAD: {
    at: 0x03110,
    count: 4,
    access: 'rw',
    inert: true,
    evidence: 'dpdk',
    doc: 'Packet buffer slave access data.',
  },
  TDFH: { ...pointer(0x03410, 'Transmit FIFO head.'), aliases: [{ at: 0x08010 }] },
  TDFT: { ...pointer(0x03418, 'Transmit FIFO tail.'), aliases: [{ at: 0x08018 }] },
  TDFHS: pointer(0x03420, 'Transmit FIFO head, saved.'),
  TDFTS: pointer(0x03428, 'Transmit FIFO tail, saved.'),
  TDFPC: pointer(0x03430, 'Packets in the transmit FIFO.'),
  PBTWAC: {
    at: 0x034e8,
    access: 'rw',
    inert: true,
    evidence: 'qemu',
    doc: 'Wraps of the transmit packet buffer; VFs read it too.',
  },
} as const satisfies Readonly<Record<string, RegisterSpec>>;
