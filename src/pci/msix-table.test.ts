import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { CapabilityList } from './capability-list.ts';
import { MsixCapability } from './capabilities/msix.ts';
import { ConfigSpace } from './config-space.ts';
import { declareType0 } from './header.ts';
import { MsixTable } from './msix-table.ts';

const ENABLED = 0x8000;
const FUNCTION_MASK = 0x4000;

class Rig {
  readonly config = new ConfigSpace();
  readonly sent: string[] = [];
  readonly table: MsixTable;

  constructor() {
    declareType0(this.config, { vendorId: 1, deviceId: 1, revision: 0, classCode: 0 });
    const list = new CapabilityList(this.config);
    const options = { vectors: 10, bar: 3, tableOffset: 0, pendingOffset: 0x2000 };
    const capability = new MsixCapability(list, 0x70, options);
    const sendMessage = (address: number, data: number): void => {
      this.sent.push(`${address.toString(16)}=${data.toString(16)}`);
    };
    this.table = new MsixTable(capability, { sendMessage }, 0, 0x2000);
  }

  /** Message Control. */
  control(value: number): void {
    this.config.write(0x72, 2, value);
    this.table.controlChanged();
  }

  entry(vector: number, address: number, data: number, mask: number): void {
    this.table.write(vector * 16, 4, address);
    this.table.write(vector * 16 + 4, 4, 0);
    this.table.write(vector * 16 + 8, 4, data);
    this.table.write(vector * 16 + 12, 4, mask);
  }
}

test('after reset every vector is masked and nothing is pending (7.7.2.9)', () => {
  const { table } = new Rig();
  for (let vector = 0; vector < 10; vector += 1) assert.equal(table.read(vector * 16 + 12, 4), 1);
  assert.equal(table.read(0x2000, 4), 0);
  assert.equal(table.read(10 * 16 + 12, 4), 0, 'no eleventh vector');
});

test('a message carries the entry’s address and data', () => {
  const { table, sent, entry, control } = bound(new Rig());
  control(ENABLED);
  entry(3, 0xfee0_100c, 0x4023, 0);
  table.write(3 * 16 + 4, 4, 0x1);
  table.send(3);
  assert.deepEqual(sent, ['1fee0100c=4023']);
  table.send(10);
  table.send(-1);
  assert.equal(sent.length, 1, 'a vector that does not exist is ignored');
});

test('a masked vector is pending, shows in the PBA and leaves once at unmask', () => {
  const { table, sent, entry, control } = bound(new Rig());
  control(ENABLED);
  entry(9, 0xfee0_0000, 0x29, 1);
  table.send(9);
  table.send(9);
  assert.equal(table.read(0x2000, 4), 1 << 9);
  assert.equal(table.read(0x2001, 1), 2);
  table.write(0x2000, 4, 0);
  assert.equal(table.read(0x2000, 4), 1 << 9, 'the PBA is read-only');
  table.write(9 * 16 + 12, 1, 0);
  assert.deepEqual(sent, ['fee00000=29']);
  assert.equal(table.read(0x2000, 4), 0);
});

test('the function mask holds all vectors back; so does an MSI-X that is off, but forgets', () => {
  const { table, sent, entry, control } = bound(new Rig());
  entry(0, 0xfee0_0000, 0x20, 0);
  entry(1, 0xfee0_0000, 0x21, 0);
  table.send(0);
  control(ENABLED | FUNCTION_MASK);
  assert.equal(table.read(0x2000, 4), 0);
  table.send(1);
  table.send(0);
  table.clearPending(0);
  assert.deepEqual(sent, []);
  control(ENABLED);
  assert.deepEqual(sent, ['fee00000=21']);
});

test('the table takes byte and word writes; reserved bits stay zero', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 39 }),
      fc.constantFrom(1, 2, 4),
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 0xffffffff }),
      (dword, size, lane, value) => {
        const { table } = new Rig();
        const offset = dword * 4 + (lane & -size & 3);
        const before = table.read(dword * 4, 4);
        table.write(offset, size, value);
        const shift = (offset & 3) * 8;
        const lanes = ((size === 4 ? 0xffffffff : 2 ** (8 * size) - 1) << shift) >>> 0;
        const implemented = [0xfffffffc, 0xffffffff, 0xffffffff, 1][dword % 4]!;
        const expected = ((before & ~lanes) | ((value << shift) & lanes)) & implemented;
        assert.equal(table.read(dword * 4, 4), expected >>> 0);
        assert.equal(table.read(offset, size), ((expected & lanes) >>> shift) >>> 0);
      },
    ),
  );
});

/** Its methods, free to be taken apart. */
function bound(rig: Rig): Pick<Rig, 'table' | 'sent' | 'entry' | 'control'> {
  return { table: rig.table, sent: rig.sent, entry: rig.entry.bind(rig), control: rig.control.bind(rig) };
}
