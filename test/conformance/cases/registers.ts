/** Reset values, writable bits, addresses, kinds of access. Offsets and values are spelled out: the device's own tables are not used. */
import assert from 'node:assert/strict';
import { conformance, type CaseOptions } from '../suite.ts';

const ALL = 0xffff_ffff;
const PATTERNS = [0x5a5a_5a5a, 0xa5a5_a5a5, 0, ALL];
const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
const inQemu = (row: string | undefined): Pick<CaseOptions, 'expect'> =>
  row === undefined ? {} : { expect: { qemu: row } };

interface Reset {
  readonly name: string;
  readonly at: number;
  readonly value: number;
  /** Bits that count, all where not given. */
  readonly bits?: number;
  readonly qemu?: string;
  /** Where the value comes from, beside the register map. */
  readonly by?: string;
}

const resets: readonly Reset[] = [
  { name: 'CTRL', at: 0x0000, value: 0x0010_0209 },
  { name: 'STATUS: port 0, DMA allowed, no VFs', at: 0x0008, value: 0x0008_0000, bits: 0x000f_c01c },
  { name: 'CTRL_EXT: copper', at: 0x0018, value: 0 },
  { name: 'FCAL', at: 0x0028, value: 0 },
  { name: 'FCAH', at: 0x002c, value: 0 },
  { name: 'FCT', at: 0x0030, value: 0 },
  { name: 'VET: 8100 twice', at: 0x0038, value: 0x8100_8100 },
  { name: 'RCTL: off', at: 0x0100, value: 0 },
  { name: 'TCTL', at: 0x0400, value: 0xa404_00f8 },
  { name: 'TCTL_EXT: 40 and 42 slots', at: 0x0404, value: 0x0001_0840 },
  { name: 'TIPG: 8, 4, 6', at: 0x0410, value: 0x0060_1008 },
  { name: 'LEDCTL', at: 0x0e00, value: 0x0706_8302 },
  { name: 'EEMNGCTL: both ports configured', at: 0x1010, value: 0x000c_0000, bits: 0x000c_0000, qemu: 'q-cfg-done' },
  { name: 'EECD: NVM present', at: 0x0010, value: 0x100, bits: 0x100 },
  { name: 'EECD: automatic load done', at: 0x0010, value: 0x200, bits: 0x200, qemu: 'q-auto-rd', by: 'linux polls' },
  { name: 'EECD: 1024 words', at: 0x0010, value: 4 << 11, bits: 0x7800, qemu: 'q-nvm-size', by: '11.1 no. 18' },
  { name: 'GCR: capability version 2', at: 0x5b00, value: 0x0685_0200 },
  { name: 'RXPBS: 64 KB', at: 0x2404, value: 0x40 },
  { name: 'TXPBS: 40 KB', at: 0x3404, value: 0x28 },
  { name: 'QDE', at: 0x2408, value: 0 },
  { name: 'RXCSUM: IPOFL, TUOFL', at: 0x5000, value: 0x300 },
  { name: 'RLPML: 9728', at: 0x5004, value: 0x2600 },
  { name: 'RFCTL', at: 0x5008, value: 0 },
  { name: 'MRQC', at: 0x5818, value: 0 },
  { name: 'VT_CTL', at: 0x581c, value: 0 },
  { name: 'RPLOLR: STRCRC', at: 0x5af0, value: 0x8000_0000 },
  { name: 'DTXCTL', at: 0x3590, value: 0x44 },
  { name: 'DTXSWC: no switch', at: 0x3500, value: 0 },
  { name: 'MBVFIMR: all', at: 0x0c84, value: 0xff },
  { name: 'VFRE: all', at: 0x0c8c, value: 0xff },
  { name: 'VFTE: all', at: 0x0c90, value: 0xff },
  { name: 'MBVFICR', at: 0x0c80, value: 0 },
  { name: 'VFLRE', at: 0x0c88, value: 0 },
  { name: 'TIMINCA: clock stands', at: 0xb608, value: 0 },
  { name: 'TSYNCTXCTL', at: 0xb614, value: 0 },
  { name: 'TSYNCRXCTL', at: 0xb620, value: 0 },
  { name: 'GPIE', at: 0x1514, value: 0 },
  { name: 'EIMS', at: 0x1524, value: 0 },
  { name: 'EIAC', at: 0x152c, value: 0 },
  { name: 'EIAM', at: 0x1530, value: 0 },
  { name: 'IMS', at: 0x00d0, value: 0 },
  { name: 'IAM', at: 0x00e0, value: 0 },
  { name: 'WUC', at: 0x5800, value: 0 },
  { name: 'MANC: no manageability', at: 0x5820, value: 0 },
  { name: 'FWSM: no firmware', at: 0x5b54, value: 0 },
  { name: 'SW_FW_SYNC', at: 0x5b5c, value: 0 },
  { name: 'RAL 0: from the NVM', at: 0x5400, value: 0x1200_5452 },
  { name: 'RAH 0: from the NVM, AV', at: 0x5404, value: 0x8000_5634 },
  { name: 'RAH 1: no address', at: 0x540c, value: 0 },
  { name: 'RXDCTL 0: enabled', at: 0xc028, value: 1 << 25, bits: 1 << 25 },
  { name: 'RXDCTL 1: disabled', at: 0xc068, value: 0, bits: 1 << 25 },
  { name: 'TXDCTL 0: enabled', at: 0xe028, value: 1 << 25, bits: 1 << 25 },
  { name: 'TXDCTL 1: disabled', at: 0xe068, value: 0, bits: 1 << 25 },
];

for (const { name, at, value, bits = ALL, qemu, by } of resets) {
  conformance(`${name} after a reset`, { area: 'reset values', evidence: by ?? '02', ...inQemu(qemu) }, ({ pf }) => {
    assert.equal(hex(pf.read32(at) & bits), hex(value));
  });
}
for (const pool of [0, 3, 7]) {
  conformance(`VMOLR ${pool}: STRCRC and 9728`, { area: 'reset values', evidence: '02' }, ({ pf }) => {
    assert.equal(hex(pf.read32(0x5ad0 + 4 * pool)), '80002600');
  });
  conformance(`V2PMAILBOX ${pool}: in reset`, { area: 'reset values', evidence: '07 §7.3, igbvf' }, ({ pf }) => {
    assert.equal(hex(pf.read32(0xc40 + 4 * pool) & 0xff), '00000040');
  });
}

interface Stored {
  readonly name: string;
  readonly at: number;
  /** Bits that store what is written. The others must not. */
  readonly bits: number;
  /** Bits that may do either: the sources disagree. */
  readonly either?: number;
  readonly qemu?: string;
}

/** Four of queues 4 and above, which have one address only; those below are in the table of addresses. */
const queues = (name: string, at: number, bits: number, either = 0): Stored[] =>
  [4, 15].map((queue) => ({ name: `${name} ${queue}`, at: at + 0x40 * queue, bits, either }));
const array = (
  name: string,
  at: number,
  elements: readonly number[],
  bits: number,
  stride = 4,
  qemu?: string,
): Stored[] =>
  elements.map((element) => ({
    name: `${name} ${element}`,
    at: at + stride * element,
    bits,
    ...(qemu === undefined ? {} : { qemu }),
  }));

const stored: readonly Stored[] = [
  { name: 'FCAL', at: 0x0028, bits: ALL },
  { name: 'FCAH', at: 0x002c, bits: 0xffff },
  { name: 'FCT', at: 0x0030, bits: 0xffff },
  { name: 'VET', at: 0x0038, bits: ALL },
  { name: 'FCTTV', at: 0x0170, bits: 0xffff },
  { name: 'TIPG', at: 0x0410, bits: 0x3fff_ffff, either: 0xc000_0000 },
  { name: 'LEDCTL', at: 0x0e00, bits: ALL },
  { name: 'FCRTL', at: 0x2160, bits: 0x8000_fff0, either: 8 },
  { name: 'FCRTH', at: 0x2168, bits: 0xfff0, either: 8 },
  { name: 'FCRTV', at: 0x2460, bits: 0xffff },
  { name: 'QDE', at: 0x2408, bits: 0xffff, either: 0xffff_0000 },
  { name: 'RLPML', at: 0x5004, bits: 0x3fff, either: ALL - 0x3fff },
  { name: 'DTXSWC', at: 0x3500, bits: 0x80ff_ffff, either: 0x7f00_0000 },
  { name: 'VFRE', at: 0x0c8c, bits: 0xff, either: 0xffff_ff00 },
  { name: 'VFTE', at: 0x0c90, bits: 0xff, either: 0xffff_ff00 },
  { name: 'MBVFIMR', at: 0x0c84, bits: 0xff, either: 0xffff_ff00 },
  { name: 'IAM', at: 0x00e0, bits: 0x77d4_fbfd, either: ALL - 0x77d4_fbfd },
  { name: 'TIMINCA', at: 0xb608, bits: ALL },
  { name: 'TSYNCRXCFG', at: 0x5f50, bits: 0xffff, either: 0xffff_0000 },
  { name: 'IVAR_MISC', at: 0x1740, bits: 0x9f9f, either: ALL - 0x9f9f },
  { name: 'RPLOLR', at: 0x5af0, bits: 0xc000_0000, either: 0x3fff_ffff },
  ...array('IVAR', 0x1700, [0, 7], 0x9f9f_9f9f).map((row) => ({ ...row, either: 0x6060_6060 })),
  ...array('EITR', 0x1680, [0, 24], 0x7ffc).map((row) => ({ ...row, either: ALL - 0x7ffc })),
  ...array('RAL', 0x5400, [1, 15], ALL, 8),
  ...array('RAH', 0x5404, [1, 15], 0x83ff_ffff, 8).map((row) => ({ ...row, either: 0x7c00_0000 })),
  ...array('RAL of the second group', 0x54e0, [0, 7], ALL, 8),
  ...array('RAH of the second group', 0x54e4, [0, 7], 0x83ff_ffff, 8).map((row) => ({ ...row, either: 0x7c00_0000 })),
  ...array('MTA', 0x5200, [0, 127], ALL),
  ...array('VFTA', 0x5600, [0, 127], ALL),
  ...array('UTA', 0xa000, [0, 127], ALL, 4, 'q-registers-absent'),
  ...array('RETA', 0x5c00, [0, 31], ALL),
  ...array('RSSRK', 0x5c80, [0, 9], ALL),
  ...array('ETQF', 0x5cb0, [0, 7], 0xe407_ffff).map((row) => ({ ...row, either: ALL - 0xe407_ffff })),
  ...array('VLVF', 0x5d00, [0, 31], 0x801f_ffff).map((row) => ({ ...row, either: ALL - 0x801f_ffff })),
  ...array('VMVIR', 0x3700, [0, 7], 0xc000_ffff).map((row) => ({ ...row, either: ALL - 0xc000_ffff })),
  ...array('VMOLR', 0x5ad0, [0, 7], 0xdf03_3fff).map((row) => ({ ...row, either: ALL - 0xdf03_3fff })),
  ...array('FTQF', 0x59e0, [0, 7], ALL, 4, 'q-registers-absent'),
  ...array('SAQF', 0x5980, [0, 7], ALL, 4, 'q-registers-absent'),
  ...array('DAQF', 0x59a0, [0, 7], ALL, 4, 'q-registers-absent'),
  ...array('SPQF', 0x59c0, [0, 7], 0xffff, 4, 'q-registers-absent').map((row) => ({ ...row, either: 0xffff_0000 })),
  ...array('IMIR', 0x5a80, [0, 7], 0xe003_ffff, 4, 'q-registers-absent').map((row) => ({
    ...row,
    either: 0x1ffc_0000,
  })),
  ...array('IMIREXT', 0x5aa0, [0, 7], 0x000f_ffff, 4, 'q-registers-absent').map((row) => ({
    ...row,
    either: 0xfff0_0000,
  })),
  ...array('PSRTYPE', 0x5480, [0, 7], 0x1fff, 4, 'q-registers-absent').map((row) => ({ ...row, either: 0xffff_e000 })),
  ...array('VMRCTL', 0x5d80, [0, 3], 0x70f, 4, 'q-registers-absent').map((row) => ({ ...row, either: ALL - 0x70f })),
  ...array('VMRVLAN', 0x5d90, [0, 3], ALL, 4, 'q-registers-absent'),
  ...array('VMRVM', 0x5da0, [0, 3], 0xff, 4, 'q-registers-absent').map((row) => ({ ...row, either: 0xffff_ff00 })),
  ...array('VMBMEM', 0x0800, [0, 127], ALL),
  ...queues('RDBAL', 0xc000, 0xffff_ff80, 0x60),
  ...queues('RDBAH', 0xc004, ALL),
  ...queues('RDLEN', 0xc008, 0x000f_fff0),
  ...queues('RDT', 0xc018, 0xffff),
  ...queues('TDBAL', 0xe000, 0xffff_ff80, 0x60),
  ...queues('TDBAH', 0xe004, ALL),
  ...queues('TDLEN', 0xe008, 0x000f_fff0),
  ...queues('TDWBAH', 0xe03c, ALL),
  { name: 'SYNQF', at: 0x55fc, bits: 0xf, either: 0xffff_fff0, qemu: 'q-registers-absent' },
  { name: 'IMIRVP', at: 0x5ac0, bits: 0xf, either: 0xffff_fff0, qemu: 'q-registers-absent' },
  { name: 'IOVCTL', at: 0x5bbc, bits: 1, either: 0xffff_fffe, qemu: 'q-registers-absent' },
  { name: 'SCCRL', at: 0x5db0, bits: 0x0003_ff1f, either: ALL - 0x3_ff1f, qemu: 'q-registers-absent' },
  { name: 'RTTDQSEL', at: 0x3604, bits: 0xf, either: 0xffff_fff0, qemu: 'q-registers-absent' },
];

for (const { name, at, bits, either = 0, qemu } of stored) {
  conformance(
    `${name} stores its bits`,
    { area: 'writable bits', evidence: '02, linux ethtool -t', ...inQemu(qemu) },
    ({ pf }) => {
      for (const pattern of PATTERNS) {
        pf.write32(at, pattern);
        assert.equal(hex(pf.read32(at) & ~either), hex(pattern & bits & ~either), `${hex(pattern)} at ${hex(at)}`);
      }
    },
  );
}

/** Two addresses of one register: name, address, the other, a value that it stores. */
const aliases: readonly (readonly [string, number, number, number, string?])[] = [
  ['CTRL_DUP', 0x0000, 0x0004, 0x0010_0249, 'q-ctrl-dup'],
  ['RA 1 low', 0x5408, 0x0048, 0x1234_5678],
  ['RA 15 high', 0x547c, 0x00bc, 0x8000_9abc],
  ['FCRTL', 0x2160, 0x0168, 0x8000_1230],
  ['MTA 0', 0x5200, 0x0200, 0x1357_9bdf, 'q-mta-alias'],
  ['MTA 127', 0x53fc, 0x03fc, 0x1357_9bdf, 'q-mta-alias'],
  ['VFTA 0', 0x5600, 0x0600, 0x0246_8ace],
  ['VFTA 127', 0x57fc, 0x07fc, 0x0246_8ace],
  ['IAM at 1510', 0x00e0, 0x1510, 0x10, 'q-new-addresses'],
  ...[0, 3].flatMap((queue): [string, number, number, number][] => [
    [`RDBAL ${queue}`, 0xc000 + 0x40 * queue, 0x2800 + 0x100 * queue, 0x1234_5680],
    [`RDLEN ${queue}`, 0xc008 + 0x40 * queue, 0x2808 + 0x100 * queue, 0x1000],
    [`SRRCTL ${queue}`, 0xc00c + 0x40 * queue, 0x280c + 0x100 * queue, 0x0200_0002],
    [`RDT ${queue}`, 0xc018 + 0x40 * queue, 0x2818 + 0x100 * queue, 0],
    [`RXDCTL ${queue}`, 0xc028 + 0x40 * queue, 0x2828 + 0x100 * queue, 0x0001_0808],
    [`TDBAL ${queue}`, 0xe000 + 0x40 * queue, 0x3800 + 0x100 * queue, 0x1234_5680],
    [`TDLEN ${queue}`, 0xe008 + 0x40 * queue, 0x3808 + 0x100 * queue, 0x1000],
    [`TXDCTL ${queue}`, 0xe028 + 0x40 * queue, 0x3828 + 0x100 * queue, 0x0001_0108],
    [`TDWBAL ${queue}`, 0xe038 + 0x40 * queue, 0x3838 + 0x100 * queue, 0x1234_5678],
  ]),
  ['TXCTL 0', 0xe014, 0x3814, 0x220],
  ['TXCTL 3', 0xe0d4, 0x3b14, 0x220, 'q-txctl3'],
];

for (const [name, at, other, value, qemu] of aliases) {
  conformance(
    `${name} is reached at ${other.toString(16)} as well`,
    { area: 'addresses', evidence: '02 §2.2', ...inQemu(qemu) },
    ({ pf }) => {
      pf.write32(other, value);
      assert.equal(hex(pf.read32(at)), hex(value), 'written at the second address');
      pf.write32(at, 0);
      pf.write32(at, value);
      assert.equal(hex(pf.read32(other)), hex(value), 'read at the second address');
    },
  );
}

conformance(
  'an address where nothing is reads 0 and stores nothing',
  { area: 'addresses', evidence: '02' },
  ({ pf }) => {
    for (const at of [0x0f00, 0x6000, 0x7ffc, 0xd000, 0x1_8000]) {
      pf.write32(at, ALL);
      assert.equal(pf.read32(at), 0, at.toString(16));
    }
  },
);

conformance('RDBAL of one queue is not that of another', { area: 'addresses', evidence: '02' }, ({ pf }) => {
  for (let queue = 0; queue < 16; queue += 1) pf.write32(0xc000 + 0x40 * queue, 0x1_0000 * (queue + 1));
  for (let queue = 0; queue < 16; queue += 1) assert.equal(pf.read32(0xc000 + 0x40 * queue), 0x1_0000 * (queue + 1));
});

/** Registers that software cannot write. */
const readOnly: readonly (readonly [string, number, number?])[] = [
  ['STATUS', 0x0008, 0x7fff_f3ff],
  ['FWSM', 0x5b54],
  ['TXSTMPL', 0xb618],
  ['TXSTMPH', 0xb61c],
  ['RXSTMPL', 0xb624],
  ['RXSTMPH', 0xb628],
  ['WUPL', 0x5900],
  ['UFUSE', 0x5b78],
  ['DCA_ID', 0x5b70],
  ['GPRC', 0x4074],
  ['GPTC', 0x4080],
];

for (const [name, at, bits = ALL] of readOnly) {
  const expect = inQemu(name === 'FWSM' ? 'q-fwsm' : /STMP/.test(name) ? 'q-stamps-written' : undefined);
  conformance(`${name} ignores writes`, { area: 'access', evidence: '02', ...expect }, ({ pf }) => {
    const before = pf.read32(at) & bits;
    pf.write32(at, ~before);
    assert.equal(hex(pf.read32(at) & bits), hex(before));
  });
}

conformance(
  'RCTL and TCTL keep what Linux’ self-test writes',
  { area: 'access', evidence: 'linux ethtool -t' },
  ({ pf }) => {
    for (const [at, bits, value] of [
      [0x0100, ALL, 0],
      [0x0100, 0x04cf_b0fe, 0x003f_fffb],
      [0x0100, 0x04cf_b0fe, ALL],
      [0x0400, ALL, 0],
    ] as const) {
      pf.write32(at, value & bits);
      assert.equal(hex(pf.read32(at) & bits), hex(value & bits), at.toString(16));
    }
  },
);

for (const [name, at, bit, qemu] of [
  ['CTRL_EXT.ASDCHK', 0x0018, 12],
  ['CTRL_EXT.EE_RST', 0x0018, 13],
  ['TXDCTL.SWFLSH', 0xe168, 26, 'q-swflsh'],
  ['RXDCTL.SWFLSH', 0xc168, 26, 'q-swflsh'],
] as const) {
  conformance(`${name} never reads as set`, { area: 'access', evidence: '02', ...inQemu(qemu) }, ({ pf }) => {
    pf.write32(at, 1 << bit);
    assert.equal(pf.read32(at) & (1 << bit), 0);
  });
}

conformance(
  'STATUS.GIO_MASTER_ENABLE answers CTRL.GIO_MASTER_DISABLE',
  { area: 'access', evidence: '01 §1.5, linux' },
  ({ pf }) => {
    pf.write32(0, pf.read32(0) | 4);
    assert.equal(pf.read32(8) & (1 << 19), 0);
    pf.write32(0, pf.read32(0) & ~4);
    assert.notEqual(pf.read32(8) & (1 << 19), 0);
  },
);

conformance('STATUS.PHYRA is cleared by writing 0 to it', { area: 'access', evidence: '02 §2.3.2' }, ({ pf }) => {
  pf.write32(0, pf.read32(0) | 0x8000_0000);
  pf.write32(0, pf.read32(0) & 0x7fff_ffff);
  assert.notEqual(pf.read32(8) & (1 << 10), 0);
  pf.write32(8, 0);
  assert.equal(pf.read32(8) & (1 << 10), 0);
});
