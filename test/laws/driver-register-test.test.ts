/** The register test of Linux' `ethtool -t`, offline, for the 82576 (09 §9.5), over the plain register file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pfPlan } from '../../src/devices/igb/tables/index.ts';
import { hex, RegisterFile } from '../../src/registers/index.ts';

interface Row {
  readonly name: string;
  readonly at: number;
  readonly count?: number;
  readonly stride?: number;
  readonly mask: number;
  readonly write: number;
}

const all = 0xffffffff;
const patterns = [0x5a5a5a5a, 0xa5a5a5a5, 0x00000000, 0xffffffff];

/** The first four queues under their old addresses, the others under the new ones. */
const bothBanks = (name: string, old: number, at: number, mask: number, write: number): Row[] => [
  { name: `${name}(0)`, at: old, count: 4, stride: 0x100, mask, write },
  { name: `${name}(4)`, at, count: 12, stride: 0x40, mask, write },
];

const patternRows: readonly Row[] = [
  { name: 'FCAL', at: 0x0028, mask: all, write: all },
  { name: 'FCAH', at: 0x002c, mask: 0xffff, write: all },
  { name: 'FCT', at: 0x0030, mask: 0xffff, write: all },
  { name: 'VET', at: 0x0038, mask: all, write: all },
  ...bothBanks('RDBAL', 0x2800, 0xc100, 0xffffff80, all),
  ...bothBanks('RDBAH', 0x2804, 0xc104, all, all),
  ...bothBanks('RDLEN', 0x2808, 0xc108, 0x000ffff0, 0x000fffff),
  ...bothBanks('RDT', 0x2818, 0xc118, 0xffff, 0xffff),
  { name: 'FCRTH', at: 0x2168, mask: 0xfff0, write: 0xfff0 },
  { name: 'FCTTV', at: 0x0170, mask: 0xffff, write: 0xffff },
  { name: 'TIPG', at: 0x0410, mask: 0x3fffffff, write: 0x3fffffff },
  ...bothBanks('TDBAL', 0x3800, 0xe100, 0xffffff80, all),
  ...bothBanks('TDBAH', 0x3804, 0xe104, all, all),
  ...bothBanks('TDLEN', 0x3808, 0xe108, 0x000ffff0, 0x000fffff),
  { name: 'RAL 0', at: 0x5400, count: 16, stride: 8, mask: all, write: all },
  { name: 'RAH 0', at: 0x5404, count: 16, stride: 8, mask: 0x83ffffff, write: all },
  { name: 'RAL 16', at: 0x54e0, count: 8, stride: 8, mask: all, write: all },
  { name: 'RAH 16', at: 0x54e4, count: 8, stride: 8, mask: 0x83ffffff, write: all },
  { name: 'MTA', at: 0x5200, count: 128, stride: 4, mask: all, write: all },
];

function bus() {
  const file = new RegisterFile(pfPlan);
  return {
    read: (offset: number) => file.read(file.indexOf(offset)),
    write: (offset: number, value: number) => void file.write(file.indexOf(offset), value),
  };
}

for (const { name, at, count = 1, stride = 4, mask, write } of patternRows) {
  test(`pattern test of ${name}`, () => {
    const registers = bus();
    for (let n = 0; n < count; n += 1) {
      for (const pattern of patterns) {
        const offset = at + n * stride;
        registers.write(offset, (pattern & write) >>> 0);
        const got = registers.read(offset) & mask;
        assert.equal(got >>> 0, (pattern & write & mask) >>> 0, `${hex(pattern)} at ${hex(offset)}`);
      }
    }
  });
}

test('set-and-check test of RCTL and TCTL', () => {
  const registers = bus();
  for (const [offset, mask, write] of [
    [0x0100, all, 0],
    [0x0100, 0x04cfb0fe, 0x003ffffb],
    [0x0100, 0x04cfb0fe, all],
    [0x0400, all, 0],
  ] as const) {
    registers.write(offset, (write & mask) >>> 0);
    assert.equal((registers.read(offset) & mask) >>> 0, (write & mask) >>> 0, `${hex(write)} at ${hex(offset)}`);
  }
});

test('a write to STATUS changes nothing that the driver compares', () => {
  const registers = bus();
  const before = registers.read(0x0008);
  registers.write(0x0008, 0x7ffff3ff);
  assert.equal((registers.read(0x0008) ^ before) & 0x7ffff3ff, 0);
});
