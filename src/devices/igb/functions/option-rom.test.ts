import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PciDomain } from '../../../pci/index.ts';
import { RecordingHost, RecordingTrace } from '../../../pci/testing.ts';
import { VmdHierarchy } from '../../vmd/index.ts';
import { flashBytes } from '../nvm/flash-memory.ts';
import { IgbPhysicalFunction } from './physical-function.ts';
import { Region } from './testing-sriov.ts';
import { TEST_MAC } from '../testing-port.ts';

const rom = Uint8Array.from({ length: 3000 }, (_, at) => (at < 2 ? [0x55, 0xaa][at]! : at & 0xff));
const word = (at: number): number => new DataView(rom.buffer).getUint32(at, true);

/** What the function is told of its flash. */
const flashWith = (contents: Uint8Array) => ({ flash: flashBytes(contents), romBytes: contents.length });

function makeFunction(contents: Uint8Array | undefined) {
  const trace = new RecordingTrace();
  const domain = new PciDomain(trace);
  const flashOptions = contents === undefined ? {} : flashWith(contents);
  const pf = new IgbPhysicalFunction({ trace, domain, attachment: 'function', mac: TEST_MAC, ...flashOptions });
  const device = pf.makePort();
  device.attached(new RecordingHost());
  return {
    device,
    config: new Region(device, 7),
    region: new Region(device, 6),
    flash: new Region(device, 1),
    io: new Region(device, 2),
  };
}

test('without a ROM there is no ROM address register, and the flash is erased', () => {
  const { device, config, flash } = makeFunction(undefined);
  config.write(0x30, 0xffffffff);
  assert.equal(config.read(0x30), 0);
  assert.equal(device.regionSizes[6], 0);
  assert.equal(flash.read(0), 0xffffffff);
});

test('a ROM is sized, and read by its region, the flash BAR and the I/O window', () => {
  const { device, config, region, flash, io } = makeFunction(rom);
  config.write(0x30, 0xfffff800);
  assert.equal(config.read(0x30), 0xfffff000, '4 KiB');
  assert.equal(device.regionSizes[6], 4096);
  assert.equal(region.read(0), word(0));
  assert.equal(region.read(2998, 2), 0xb7b6);
  assert.equal(region.read(3000), 0xffffffff, 'erased behind it');
  assert.equal(flash.read(0x100), word(0x100));
  io.write(0, 0x80100);
  assert.equal(io.read(4), word(0x100));
  region.write(0, 0);
  flash.write(0, 0);
  io.write(4, 0);
  assert.equal(region.read(0), word(0), 'without a port nobody writes it');
});

test('a ROM larger than 128 KiB makes the flash BAR larger', () => {
  const { device } = makeFunction(new Uint8Array(300_000));
  assert.deepEqual([device.regionSizes[1], device.regionSizes[6]], [0x8_0000, 0x8_0000]);
});

test('behind a VMD it answers at its address while it is enabled', () => {
  const trace = new RecordingTrace();
  const hierarchy = new VmdHierarchy(trace);
  const { domain } = hierarchy;
  const pf = new IgbPhysicalFunction({ trace, domain, attachment: 'hierarchy', mac: TEST_MAC, ...flashWith(rom) });
  hierarchy.slot.add(pf, 0);
  hierarchy.rootPort.configWrite(0x20, 4, 0xfa10_fa00);
  hierarchy.rootPort.configWrite(0x04, 2, 2);
  pf.configWrite(0x04, 2, 2);
  pf.configWrite(0x30, 4, 0xfa00_0000);
  assert.equal(domain.map.claims(0xfa00_0004), false);
  pf.configWrite(0x30, 4, 0xfa00_0001);
  assert.equal(domain.map.read(0xfa00_0004, 4), word(4));
});
