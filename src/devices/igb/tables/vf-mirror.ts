/** The registers of each VF as the PF sees them, 100 hex apart. Interrupt registers are views of the PF's own. */
import type { FieldSpec, RegisterSpec } from '../../../registers/index.ts';

const vectorBits = { VECTORS: { bits: [2, 0], doc: 'A bit a vector of the VF.' } } as const satisfies Readonly<
  Record<string, FieldSpec>
>;

/** A counter of one VF: wraps, and no read clears it (igbvf takes differences). */
const counter = (at: number, doc: string) =>
  ({ at, count: 8, stride: 0x100, access: 'ro', evidence: 'igbvf', doc }) as const;

export const vfMirror = {
  PVTCTRL: {
    at: 0x10000,
    count: 8,
    stride: 0x100,
    access: 'rw',
    onWrite: 'pvtctrl',
    evidence: 'qemu',
    doc: 'Control register of a VF.',
    fields: { RST: { bits: 26, access: 'wo', doc: 'Reset the VF; clears itself.' } },
  },
  PVTSTATUS: {
    at: 0x10008,
    count: 8,
    stride: 0x100,
    access: 'ro',
    onRead: 'pvtstatus',
    evidence: 'dpdk',
    doc: 'Status register of a VF; reads as STATUS.',
  },
  PVFGPRC: counter(0x10010, 'Good packets received by a VF.'),
  PVFGPTC: counter(0x10014, 'Good packets sent by a VF.'),
  PVFGORC: counter(0x10018, 'Octets of PVFGPRC, FCS included.'),
  PVTEICS: {
    at: 0x10020,
    count: 8,
    stride: 0x100,
    access: 'wo',
    onRead: 'pvteics',
    onWrite: 'pvteics',
    evidence: 'qemu',
    doc: 'EICS of a VF.',
    fields: vectorBits,
  },
  PVTEIMS: {
    at: 0x10024,
    count: 8,
    stride: 0x100,
    access: 'w1s',
    writable: 7,
    onRead: 'pvteims',
    onWrite: 'pvteims',
    evidence: 'qemu',
    doc: 'EIMS of a VF.',
    fields: vectorBits,
  },
  PVTEIMC: {
    at: 0x10028,
    count: 8,
    stride: 0x100,
    access: 'wo',
    onRead: 'pvteimc',
    onWrite: 'pvteimc',
    evidence: 'qemu',
    doc: 'EIMC of a VF.',
    fields: vectorBits,
  },
  PVTEIAC: {
    at: 0x1002c,
    count: 8,
    stride: 0x100,
    access: 'rw',
    writable: 7,
    onRead: 'pvteiac',
    onWrite: 'pvteiac',
    evidence: 'qemu',
    doc: 'EIAC of a VF.',
    fields: vectorBits,
  },
  PVTEIAM: {
    at: 0x10030,
    count: 8,
    stride: 0x100,
    access: 'rw',
    writable: 7,
    onRead: 'pvteiam',
    onWrite: 'pvteiam',
    evidence: 'qemu',
    doc: 'EIAM of a VF.',
    fields: vectorBits,
  },
  PVFGOTC: counter(0x10034, 'Octets of PVFGPTC, FCS included.'),
  PVFMPRC: {
    ...counter(0x1003c, 'Multicast packets received by a VF. DPDK reads it at the second address.'),
    aliases: [{ at: 0x10038, count: 8 }],
  },
  PVFGPRLBC: counter(0x10040, 'Good packets that a VF received from another pool.'),
  PVFGPTLBC: counter(0x10044, 'Good packets that a VF sent to another pool.'),
  PVFGORLBC: counter(0x10048, 'Octets of PVFGPRLBC.'),
  PVFGOTLBC: counter(0x10050, 'Octets of PVFGPTLBC.'),
  PVTEICR: {
    at: 0x10080,
    count: 8,
    stride: 0x100,
    access: 'w1c',
    writable: 7,
    onRead: 'pvteicr',
    onWrite: 'pvteicr',
    evidence: 'qemu',
    doc: 'EICR of a VF; a read clears.',
    fields: vectorBits,
  },
} as const satisfies Readonly<Record<string, RegisterSpec>>;
