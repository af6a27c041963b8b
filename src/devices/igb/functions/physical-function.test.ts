import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PciDomain, type PciDevicePort, type ResetKind } from '../../../pci/index.ts';
import { PiecedMemory, RecordingHost, RecordingTrace } from '../../../pci/testing.ts';
import { IgbPhysicalFunction, type PhysicalFunctionOptions, type PortRegisters } from './physical-function.ts';

const mac = Uint8Array.of(0x00, 0x1b, 0x21, 0x12, 0x17, 0x4c);

class Registers implements PortRegisters {
  readonly values = new Uint32Array(32768);
  readonly resets: ResetKind[] = [];
  onWrite: ((offset: number, value: number) => void) | undefined;

  read(offset: number): number {
    return this.values[offset >> 2]!;
  }

  peek(offset: number): number {
    return this.values[offset >> 2]!;
  }

  write(offset: number, value: number): void {
    this.values[offset >> 2] = value;
    this.onWrite?.(offset, value);
  }

  reset(kind: ResetKind): void {
    this.resets.push(kind);
    this.values.fill(0);
  }
}

interface Rig {
  readonly pf: IgbPhysicalFunction;
  readonly registers: Registers;
  readonly trace: RecordingTrace;
  readonly domain: PciDomain;
  readonly host: RecordingHost;
}

function setUp(options: Partial<PhysicalFunctionOptions> = {}): Rig {
  const trace = new RecordingTrace();
  const domain = new PciDomain(trace);
  const host = new RecordingHost(new PiecedMemory(0x1_0000, 0x10_0000));
  domain.host = host;
  const pf = new IgbPhysicalFunction({ trace, domain, attachment: 'function', mac, ...options });
  if (options.attachment === 'hierarchy') domain.root.add(pf, 0);
  else pf.makePort();
  const registers = new Registers();
  pf.connect(registers);
  return { pf, registers, trace, domain, host };
}

function bytes(pf: IgbPhysicalFunction, at: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => pf.configRead(at + index, 1));
}

/** Capabilities in list order as [offset, id]. */
function standardList(pf: IgbPhysicalFunction): number[][] {
  const found: number[][] = [];
  for (let at = pf.configRead(0x34, 1); at !== 0; at = pf.configRead(at + 1, 1)) found.push([at, pf.configRead(at, 1)]);
  return found;
}

function extendedList(pf: IgbPhysicalFunction): number[][] {
  const found: number[][] = [];
  for (let at = 0x100; at !== 0; at = pf.configRead(at, 4) >>> 20) found.push([at, pf.configRead(at, 4) & 0xfffff]);
  return found;
}

test('identity and capability lists are those of a real card (reference §1.1, §1.3)', () => {
  const { pf } = setUp();
  assert.equal(pf.configRead(0x00, 4), 0x10c9_8086);
  assert.equal(pf.configRead(0x08, 4), 0x0200_0001);
  assert.equal(pf.configRead(0x2c, 4), 0xa03c_8086);
  assert.equal(pf.configRead(0x06, 2), 0x0010);
  assert.equal(pf.configRead(0x3d, 1), 1);
  assert.deepEqual(standardList(pf), [
    [0x40, 0x01],
    [0x50, 0x05],
    [0x70, 0x11],
    [0xa0, 0x10],
  ]);
  assert.deepEqual(extendedList(pf), [
    [0x100, 0x1_0001],
    [0x140, 0x1_0003],
    [0x150, 0x1_000e],
    [0x160, 0x1_0010],
  ]);
});

test('the bytes of the capabilities (reference §1.3)', () => {
  const { pf } = setUp();
  assert.deepEqual(bytes(pf, 0x40, 8), [0x01, 0x50, 0x23, 0xc8, 0x00, 0x20, 0x00, 0x1a]);
  assert.equal(pf.configRead(0x52, 2), 0x0180);
  assert.deepEqual([pf.configRead(0x72, 2), pf.configRead(0x74, 4), pf.configRead(0x78, 4)], [9, 3, 0x2003]);
  assert.equal(pf.configRead(0xa2, 2), 0x0002);
  assert.equal(pf.configRead(0xa4, 4), 0x1000_8cc2);
  assert.equal(pf.configRead(0xac, 4), 0x0203_6c41);
  assert.equal(pf.configRead(0xc4, 4), 0x1f);
  assert.deepEqual([pf.configRead(0x10c, 4), pf.configRead(0x114, 4)], [0x0006_2011, 0x2000]);
  assert.deepEqual(bytes(pf, 0x144, 8), [0x4c, 0x17, 0x12, 0xff, 0xff, 0x21, 0x1b, 0x00]);
  assert.equal(pf.configRead(0x154, 2), 0, 'the last function');
  assert.deepEqual(
    [0x16c, 0x16e, 0x170, 0x174, 0x176, 0x17a].map((at) => pf.configRead(at, 2)),
    [8, 8, 0, 0x180, 2, 0x10ca],
  );
  assert.deepEqual([pf.configRead(0x17c, 4), pf.configRead(0x180, 4)], [0x553, 1]);
  assert.deepEqual([pf.configRead(0x184, 4), pf.configRead(0x190, 4)], [4, 4]);
});

test('MSI and MSI-X can be hidden', () => {
  const ids = (options: Partial<PhysicalFunctionOptions>): number[] =>
    standardList(setUp(options).pf).map(([, id]) => id!);
  assert.deepEqual(ids({ msix: false }), [0x01, 0x05, 0x10]);
  assert.deepEqual(ids({ msi: false }), [0x01, 0x11, 0x10]);
  assert.deepEqual(ids({ msix: false, msi: false }), [0x01, 0x10]);
  assert.deepEqual(setUp({ msix: false, msi: false }).pf.makePort().irqCounts, [1, 0, 0, 0, 0]);
  assert.equal(setUp({ msix: false }).pf.makePort().regionSizes[3], 0);
});

test('by itself it has flash, I/O and an interrupt pin; behind a VMD none of them', () => {
  const alone = setUp().pf.makePort();
  assert.deepEqual(alone.regionSizes, [0x2_0000, 0x2_0000, 32, 0x4000, 0, 0, 0, 4096, 0]);
  assert.deepEqual(alone.irqCounts, [1, 1, 10, 0, 0]);
  const { pf } = setUp({ attachment: 'hierarchy' });
  assert.deepEqual(
    [0x10, 0x14, 0x18, 0x1c].map((at) => {
      pf.configWrite(at, 4, 0xffff_ffff);
      return pf.configRead(at, 4);
    }),
    [0xfffe_0000, 0, 0, 0xffff_c000],
  );
  assert.equal(pf.configRead(0x3d, 1), 0);
});

function read(port: PciDevicePort, region: number, offset: number, size: number): number {
  const buffer = new Uint8Array(4);
  port.regionRead(region, offset, buffer, 0, size);
  return new DataView(buffer.buffer).getUint32(0, true);
}

function write(port: PciDevicePort, region: number, offset: number, size: number, value: number): void {
  const buffer = new Uint8Array(4);
  new DataView(buffer.buffer).setUint32(0, value, true);
  port.regionWrite(region, offset, buffer, 0, size);
}

test('regions: registers, an erased flash, and the registers again through I/O ports', () => {
  const { pf, registers } = setUp();
  const port = pf.makePort();
  write(port, 0, 0x5400, 4, 0x1122_3344);
  assert.equal(registers.values[0x5400 >> 2], 0x1122_3344);
  assert.equal(read(port, 0, 0x5402, 1), 0x22);
  assert.equal(read(port, 1, 0x1_fffc, 4), 0xffff_ffff);
  write(port, 2, 0, 4, 0x5400);
  assert.equal(read(port, 2, 0, 4), 0x5400);
  assert.equal(read(port, 2, 4, 4), 0x1122_3344);
  write(port, 2, 4, 4, 0x99);
  assert.equal(registers.values[0x5400 >> 2], 0x99);
  write(port, 2, 0, 4, 0x8_0000);
  write(port, 2, 4, 4, 1);
  assert.equal(read(port, 2, 4, 4), 0xffffffff, 'erased flash');
  assert.equal(read(port, 2, 8, 4), 0);
  assert.equal(read(port, 4, 0, 4), 0xffff_ffff, 'no such region');
});

test('a client that decodes by itself still tells bus master, addresses and MSI-X enable through config', () => {
  const { pf, registers, host, domain } = setUp();
  const port = pf.makePort();
  registers.values[2] = 5;
  assert.equal(read(port, 0, 8, 4), 5, 'whatever the command register says');
  assert.equal(pf.memory.write32(0x10_0000, 1), false);
  write(port, 7, 0x10, 4, 0xfeb0_0000);
  write(port, 7, 0x04, 2, 0x6);
  assert.equal(pf.memory.write32(0x10_0000, 1), true);
  assert.equal(domain.map.claims(0xfeb1_ffff), true);
  assert.equal(pf.interrupts.msixEnabled, false);
  write(port, 7, 0x72, 2, 0xc000);
  write(port, 7, 0x72, 2, 0x8000);
  pf.interrupts.sendMsix(9);
  assert.deepEqual(host.signals, ['2.9']);
});

test('DMA that a guest aims at the NIC’s own tail register does not enter it again', () => {
  const { pf, registers } = setUp();
  const port = pf.makePort();
  write(port, 7, 0x10, 4, 0xfeb0_0000);
  write(port, 7, 0x04, 2, 0x6);
  let writes = 0;
  registers.onWrite = () => {
    writes += 1;
    pf.memory.write32(0xfeb0_3818, 1);
  };
  write(port, 0, 0x3818, 4, 1);
  assert.equal(writes, 1);
  assert.equal(pf.guard.refused, 1);
});

test('FLR resets registers and config space, and its bit reads zero', () => {
  const { pf, registers, host } = setUp();
  const port = pf.makePort();
  write(port, 7, 0x10, 4, 0xfeb0_0000);
  write(port, 7, 0x04, 2, 0x6);
  write(port, 7, 0x72, 2, 0x8000);
  write(port, 7, 0xa8, 2, 0xa810);
  assert.deepEqual(registers.resets, ['flr']);
  assert.equal(read(port, 7, 0xa8, 2), 0x2810);
  assert.equal(read(port, 7, 0x10, 4), 0);
  assert.equal(read(port, 7, 0x04, 2), 0);
  pf.interrupts.sendMsix(0);
  assert.deepEqual(host.signals, []);
  assert.equal(pf.memory.write32(0x10_0000, 1), false);
});

test('D3hot silences the function; the way back to D0 resets it (No_Soft_Reset is clear)', () => {
  const { pf, registers, domain } = setUp();
  pf.configWrite(0x10, 4, 0xfeb0_0000);
  pf.configWrite(0x04, 2, 0x6);
  pf.configWrite(0x44, 2, 0x0103);
  assert.equal(pf.memory.write32(0x10_0000, 1), false);
  assert.equal(domain.map.claims(0xfeb0_0000), false);
  assert.deepEqual(registers.resets, []);
  pf.configWrite(0x44, 2, 0x0001);
  assert.equal(pf.configRead(0x44, 2) & 3, 3, 'D1 is not supported: ignored');
  pf.configWrite(0x44, 2, 0x0100);
  assert.deepEqual(registers.resets, ['d3hot']);
  assert.equal(pf.configRead(0x44, 2), 0x2100, 'PME_En is sticky');
  assert.equal(pf.configRead(0x04, 2), 0);
});

test('SR-IOV: the listener hears what was asked, and a reset takes it back', () => {
  const { pf } = setUp();
  const heard: unknown[] = [];
  pf.sriovListener = { onSriovChanged: (...change) => heard.push(change) };
  pf.configWrite(0x168, 2, 0x10);
  pf.configWrite(0x170, 2, 7);
  pf.configWrite(0x168, 2, 0x19);
  pf.configWrite(0xa8, 2, 0x8000);
  assert.deepEqual(heard, [
    [0, false, false],
    [7, false, false],
    [7, true, true],
    [0, false, false],
  ]);
  assert.equal(pf.configRead(0x170, 2), 0);
});

test('a client that leaves takes its machine with it', () => {
  const { pf, registers, domain, host } = setUp();
  const port = pf.makePort();
  port.detached();
  assert.equal(domain.host, undefined);
  assert.deepEqual(registers.resets, ['fundamental']);
  pf.interrupts.setIntx(true);
  assert.deepEqual(host.signals, []);
  port.attached(host);
  port.irqsChanged(0);
  assert.deepEqual(host.signals, ['0.0'], 'the level that still stands is told to the next one');
});

test('behind a VMD, MSI is a message, pending while masked', () => {
  const { pf, host } = setUp({ attachment: 'hierarchy' });
  pf.configWrite(0x04, 2, 0x6);
  pf.configWrite(0x54, 4, 0xfee0_1000);
  pf.configWrite(0x5c, 2, 0x4021);
  pf.configWrite(0x60, 4, 1);
  pf.configWrite(0x52, 2, 1);
  assert.equal(pf.interrupts.msiEnabled, true);
  pf.interrupts.sendMsi();
  assert.equal(pf.configRead(0x64, 4), 1);
  assert.deepEqual(host.messages, []);
  pf.configWrite(0x60, 4, 0);
  assert.deepEqual(host.messages, ['fee01000=4021']);
  pf.interrupts.sendMsi();
  assert.equal(host.messages.length, 2);
});
