import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PciDomain } from '../../../pci/index.ts';
import { RecordingHost, RecordingTrace } from '../../../pci/testing.ts';
import { IgbChip } from '../chip.ts';
import { ERASE_CHIP_NS, flashBytes } from './flash-memory.ts';
import { IgbPhysicalFunction } from '../functions/physical-function.ts';
import { IgbPort } from '../port.ts';
import { pf } from '../tables/index.ts';
import { makeTestContext } from '../testing.ts';
import { TEST_MAC } from '../testing-port.ts';
import { Region } from '../functions/testing-sriov.ts';

const { EECD, FLA } = pf;
const [DISABLED, ENABLED] = [0x10, 0x20];
const MEMORY_AND_IO = 3;

/** Two ports of a chip with one flash, the first as a function with BARs. */
function setUp() {
  const contents = { bytes: flashBytes(Uint8Array.of(0x55, 0xaa)) };
  const chip = new IgbChip(contents);
  const context = makeTestContext();
  const { clock, tasks, trace, wire, memory, interruptPorts } = context;
  const parts = { clock, tasks, trace, wire, memory, interruptPorts, mac: TEST_MAC, chip };
  const port = new IgbPort(parts);
  const other = new IgbPort({ ...parts, portNumber: 1 });
  const quiet = new RecordingTrace();
  const fn = new IgbPhysicalFunction({
    trace: quiet,
    domain: new PciDomain(quiet),
    attachment: 'function',
    mac: TEST_MAC,
    flash: contents.bytes,
    romBytes: 2,
  });
  fn.connect(port);
  const device = fn.makePort();
  device.attached(new RecordingHost());
  new Region(device, 7).write(4, MEMORY_AND_IO);
  const flash = new Region(device, 1);
  return { bytes: contents.bytes, clock, port, other, flash, io: new Region(device, 2), rom: new Region(device, 6) };
}

/** Bytes over FLA as a driver of such chips clocks them. */
function serial(port: IgbPort, sent: readonly number[], count: number): number[] {
  const { FL_CE, FL_REQ, FL_SCK, FL_SI, FL_SO } = FLA;
  const pins = (levels: number): void => port.write(FLA.at, FL_REQ.mask | levels);
  const byte = (value: number): number => {
    let answer = 0;
    for (let at = 7; at >= 0; at -= 1) {
      const data = ((value >> at) & 1) === 1 ? FL_SI.mask : 0;
      pins(data);
      pins(data | FL_SCK.mask);
      answer = (answer << 1) | ((port.read(FLA.at) & FL_SO.mask) === 0 ? 0 : 1);
      pins(data);
    }
    return answer;
  };
  pins(FL_CE.mask);
  pins(0);
  for (const value of sent) byte(value);
  const answer = Array.from({ length: count }, () => byte(0));
  pins(FL_CE.mask);
  return answer;
}

test('the pins of FLA lead to the part while the bus is ours; ports take turns', () => {
  const { port, other, bytes } = setUp();
  const granted = (one: IgbPort): boolean => (one.read(FLA.at) & FLA.FL_GNT.mask) !== 0;
  assert.deepEqual(serial(port, [0x03, 0, 0, 0], 3), [0x55, 0xaa, 0xff]);
  assert.ok(granted(port));
  assert.deepEqual(serial(other, [0x03, 0, 0, 0], 1), [0], 'not its turn');
  port.write(FLA.at, FLA.FL_CE.mask);
  assert.deepEqual([granted(port), granted(other)], [false, true]);
  serial(other, [0x06], 0);
  serial(other, [0x02, 0, 0, 4, 0x12], 0);
  assert.equal(bytes[4], 0x12);
  assert.notEqual(other.read(FLA.at) & FLA.FL_BUSY.mask, 0);
  other.reset('software');
  assert.equal(granted(other), false, 'a reset takes the bus');
});

test('a BAR writes while EECD.FWE is 2, and only clears bits; the ROM shows it', () => {
  const { port, bytes, flash, io, rom } = setUp();
  flash.write(0x100, 0);
  assert.equal(flash.read(0x100), 0xffffffff, 'disabled after a reset');
  port.write(EECD.at, ENABLED);
  flash.write(0x100, 0x12345678);
  flash.write(0x104, 0xab, 1);
  flash.write(0x100, 0xff0fffff);
  assert.equal(flash.read(0x100), 0x12045678);
  assert.equal(flash.read(0x104), 0xffffffab);
  io.write(0, 0x80108);
  io.write(4, 0xcafe0000);
  assert.equal(flash.read(0x108), 0xcafe0000);
  flash.write(0, 0xffffffff);
  flash.write(0x10, 0);
  assert.equal(rom.read(0x10), 0);
  port.write(EECD.at, DISABLED);
  flash.write(0x110, 0);
  assert.equal(bytes[0x110], 0xff);
});

test('FLA.FL_ER erases all of it while EECD.FWE is 0, and says so for a while', () => {
  const { port, clock, bytes, flash } = setUp();
  const busy = (): boolean => (port.read(FLA.at) & FLA.FL_BUSY.mask) !== 0;
  for (const mode of [DISABLED, ENABLED]) {
    port.write(EECD.at, mode);
    port.write(FLA.at, FLA.FL_ER.mask);
    assert.equal(bytes[0], 0x55, 'only in its mode');
  }
  port.write(EECD.at, 0);
  port.write(FLA.at, FLA.FL_ER.mask);
  assert.equal(bytes[0], 0xff);
  assert.ok(busy());
  assert.equal(port.read(FLA.at) & FLA.FL_ER.mask, 0);
  port.write(EECD.at, ENABLED);
  flash.write(0, 0);
  assert.equal(bytes[0], 0xff, 'lost meanwhile');
  clock.advance(ERASE_CHIP_NS);
  assert.ok(!busy());
  flash.write(0, 0);
  assert.equal(bytes[0], 0);
});
