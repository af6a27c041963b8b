/** What a VF sees in its own 16 KB, and which register of the PF stands behind each. Everything else reads 0. */
import { defineRegisters, type RegisterSpec } from '../../../registers/index.ts';
import { general } from './general.ts';
import { receive } from './receive.ts';
import { rxQueues } from './rx-queues.ts';
import { txQueues } from './tx-queues.ts';
import { vfMirror } from './vf-mirror.ts';
import { virtualization } from './virtualization.ts';

/** Bytes of a VF's BAR0. */
export const vfWindowBytes = 0x4000;

type Placement = 'at' | 'count' | 'stride' | 'aliases' | 'resetAt' | 'onRead' | 'onWrite';
type View<S> = { readonly [K in Exclude<keyof S, Placement>]: S[K] } & {
  readonly at: number;
  readonly count: number;
  readonly stride: number;
};

/** The declaration of a PF register, at another address. */
function view<const S extends RegisterSpec>(at: number, spec: S, count = 1, stride = 4): View<S> {
  const { aliases: _aliases, resetAt: _resetAt, onRead: _onRead, onWrite: _onWrite, ...rest } = spec;
  return { ...rest, at, count, stride } as View<S>;
}

/** Both queues of a VF, 100 hex apart. */
const queues = <const S extends RegisterSpec>(at: number, spec: S) => view(at, spec, 2, 0x100);

export const vfSpecs = {
  VTCTRL: { ...view(0x0000, vfMirror.PVTCTRL), aliases: [{ at: 0x0004 }] },
  STATUS: view(0x0008, general.STATUS),
  VMBMEM: view(0x0800, virtualization.VMBMEM, 16),
  V2PMAILBOX: view(0x0c40, virtualization.V2PMAILBOX),
  PBACL: {
    at: 0x0f04,
    access: 'w1c',
    writable: 7,
    evidence: 'qemu',
    doc: 'A one makes that MSI-X vector of the VF forget that it is pending.',
  },
  PSRTYPE: view(0x0f0c, receive.PSRTYPE),
  VFGPRC: view(0x0f10, vfMirror.PVFGPRC),
  VFGPTC: view(0x0f14, vfMirror.PVFGPTC),
  VFGORC: view(0x0f18, vfMirror.PVFGORC),
  VFGOTC: view(0x0f34, vfMirror.PVFGOTC),
  VFMPRC: view(0x0f3c, vfMirror.PVFMPRC),
  VFGPRLBC: view(0x0f40, vfMirror.PVFGPRLBC),
  VFGPTLBC: view(0x0f44, vfMirror.PVFGPTLBC),
  VFGORLBC: view(0x0f48, vfMirror.PVFGORLBC),
  VFGOTLBC: view(0x0f50, vfMirror.PVFGOTLBC),
  FRTIMER: view(0x1048, general.FRTIMER),
  VTEICS: view(0x1520, vfMirror.PVTEICS),
  VTEIMS: view(0x1524, vfMirror.PVTEIMS),
  VTEIMC: view(0x1528, vfMirror.PVTEIMC),
  VTEIAC: view(0x152c, vfMirror.PVTEIAC),
  VTEIAM: view(0x1530, vfMirror.PVTEIAM),
  VTEICR: view(0x1580, vfMirror.PVTEICR),
  VTEITR: {
    at: 0x1680,
    count: 3,
    access: 'rw',
    writable: 0x1ffffc,
    evidence: 'igbvf',
    doc: 'Throttle of a vector of the VF.',
  },
  VTIVAR0: {
    at: 0x1700,
    access: 'rw',
    evidence: 'igbvf',
    doc: 'Vectors of the two queues of the VF.',
    fields: {
      RX0_VECTOR: { bits: [1, 0], doc: 'Vector of RX queue 0.' },
      RX0_VALID: { bits: 7, doc: 'RX queue 0 has a vector.' },
      TX0_VECTOR: { bits: [9, 8], doc: 'Vector of TX queue 0.' },
      TX0_VALID: { bits: 15, doc: 'TX queue 0 has a vector.' },
      RX1_VECTOR: { bits: [17, 16], doc: 'Vector of RX queue 1.' },
      RX1_VALID: { bits: 23, doc: 'RX queue 1 has a vector.' },
      TX1_VECTOR: { bits: [25, 24], doc: 'Vector of TX queue 1.' },
      TX1_VALID: { bits: 31, doc: 'TX queue 1 has a vector.' },
    },
  },
  VTIVAR_MISC: {
    at: 0x1740,
    access: 'rw',
    evidence: 'igbvf',
    doc: 'Vector of the mailbox.',
    fields: {
      MAILBOX_VECTOR: { bits: [1, 0], doc: 'Vector.' },
      MAILBOX_VALID: { bits: 7, doc: 'The mailbox has a vector.' },
    },
  },
  PBRWAC: { at: 0x24e8, access: 'rw', evidence: 'qemu', doc: 'Wraps of the receive packet buffer.' },
  RDBAL: queues(0x2800, rxQueues.RDBAL),
  RDBAH: queues(0x2804, rxQueues.RDBAH),
  RDLEN: queues(0x2808, rxQueues.RDLEN),
  SRRCTL: queues(0x280c, rxQueues.SRRCTL),
  RDH: queues(0x2810, rxQueues.RDH),
  RXCTL: queues(0x2814, rxQueues.RXCTL),
  RDT: queues(0x2818, rxQueues.RDT),
  RXDCTL: queues(0x2828, rxQueues.RXDCTL),
  RQDPC: queues(0x2830, rxQueues.RQDPC),
  PBTWAC: { at: 0x34e8, access: 'rw', evidence: 'qemu', doc: 'Wraps of the transmit packet buffer.' },
  TDBAL: queues(0x3800, txQueues.TDBAL),
  TDBAH: queues(0x3804, txQueues.TDBAH),
  TDLEN: queues(0x3808, txQueues.TDLEN),
  TDH: queues(0x3810, txQueues.TDH),
  TXCTL: queues(0x3814, txQueues.TXCTL),
  TDT: queues(0x3818, txQueues.TDT),
  TXDCTL: queues(0x3828, txQueues.TXDCTL),
  TDWBAL: queues(0x3838, txQueues.TDWBAL),
  TDWBAH: queues(0x383c, txQueues.TDWBAH),
} as const satisfies Readonly<Record<string, RegisterSpec>>;

export const vf = defineRegisters(vfSpecs);

/** Where element e of a VF register lies in the PF's window: `pf + v * perVf + e * perElement`, for VF v. */
export interface VfMapping {
  readonly pf: number;
  readonly perVf: number;
  readonly perElement: number;
}

const same = (pf: number, perVf = 0, perElement = 4): VfMapping => ({ pf, perVf, perElement });
const mirrored = (spec: RegisterSpec): VfMapping => same(spec.at, 0x100);
/** Queue v and queue v + 8. */
const queued = (spec: RegisterSpec): VfMapping => same(spec.at, 0x40, 0x200);

/** PF registers behind those of a VF; one that is missing here (VTIVAR0, VTIVAR_MISC, PBACL) is private to the VF. */
export const vfMap: Readonly<Partial<Record<keyof typeof vfSpecs, VfMapping>>> = {
  VTCTRL: mirrored(vfMirror.PVTCTRL),
  STATUS: same(general.STATUS.at),
  VMBMEM: same(virtualization.VMBMEM.at, 0x40),
  V2PMAILBOX: same(virtualization.V2PMAILBOX.at, 4),
  PSRTYPE: same(receive.PSRTYPE.at, 4),
  VFGPRC: mirrored(vfMirror.PVFGPRC),
  VFGPTC: mirrored(vfMirror.PVFGPTC),
  VFGORC: mirrored(vfMirror.PVFGORC),
  VFGOTC: mirrored(vfMirror.PVFGOTC),
  VFMPRC: mirrored(vfMirror.PVFMPRC),
  VFGPRLBC: mirrored(vfMirror.PVFGPRLBC),
  VFGPTLBC: mirrored(vfMirror.PVFGPTLBC),
  VFGORLBC: mirrored(vfMirror.PVFGORLBC),
  VFGOTLBC: mirrored(vfMirror.PVFGOTLBC),
  FRTIMER: same(general.FRTIMER.at),
  VTEICS: mirrored(vfMirror.PVTEICS),
  VTEIMS: mirrored(vfMirror.PVTEIMS),
  VTEIMC: mirrored(vfMirror.PVTEIMC),
  VTEIAC: mirrored(vfMirror.PVTEIAC),
  VTEIAM: mirrored(vfMirror.PVTEIAM),
  VTEICR: mirrored(vfMirror.PVTEICR),
  // Vector k of VF v is EICR bit 22 - 3 v + k.
  VTEITR: same(0x16d8, -12),
  PBRWAC: same(0x24e8),
  PBTWAC: same(0x34e8),
  RDBAL: queued(rxQueues.RDBAL),
  RDBAH: queued(rxQueues.RDBAH),
  RDLEN: queued(rxQueues.RDLEN),
  SRRCTL: queued(rxQueues.SRRCTL),
  RDH: queued(rxQueues.RDH),
  RXCTL: queued(rxQueues.RXCTL),
  RDT: queued(rxQueues.RDT),
  RXDCTL: queued(rxQueues.RXDCTL),
  RQDPC: queued(rxQueues.RQDPC),
  TDBAL: queued(txQueues.TDBAL),
  TDBAH: queued(txQueues.TDBAH),
  TDLEN: queued(txQueues.TDLEN),
  TDH: queued(txQueues.TDH),
  TXCTL: queued(txQueues.TXCTL),
  TDT: queued(txQueues.TDT),
  TXDCTL: queued(txQueues.TXDCTL),
  TDWBAL: queued(txQueues.TDWBAL),
  TDWBAH: queued(txQueues.TDWBAH),
};
