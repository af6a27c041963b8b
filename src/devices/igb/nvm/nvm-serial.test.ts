import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NonvolatileMemory } from '../../../ports/index.ts';
import { makeNvmImage, NVM_BYTES, nvmChecksumValid, nvmFromBytes } from './nvm-image.ts';
import type { IgbPort } from '../port.ts';
import { WRITE_CYCLE_NS } from './spi-eeprom.ts';
import { pf } from '../tables/index.ts';
import { eerdRead, makeTestPort, TEST_MAC, type TestPort } from '../testing-port.ts';

const { EECD, EEWR } = pf;
const [WRITE, READ, RDSR, WREN] = [0x02, 0x03, 0x05, 0x06];

/** EECD as Linux' igb and Intel's shared code drive it: read, change one bit, write. */
class SerialDriver {
  readonly port: IgbPort;

  constructor(port: IgbPort) {
    this.port = port;
  }

  acquire(): void {
    this.set(EECD.REQ.mask, true);
    assert.notEqual(this.port.read(EECD.at) & EECD.GNT.mask, 0, 'granted');
    this.set(EECD.SK.mask | EECD.CS.mask, false);
  }

  release(): void {
    this.set(EECD.CS.mask, true);
    this.set(EECD.REQ.mask, false);
  }

  standby(): void {
    this.set(EECD.CS.mask, true);
    this.set(EECD.CS.mask, false);
  }

  send(value: number, bits: number): void {
    for (let at = bits - 1; at >= 0; at -= 1) {
      this.set(EECD.DI.mask, ((value >>> at) & 1) === 1);
      this.clockPulse();
    }
    this.set(EECD.DI.mask, false);
  }

  receive(bits: number): number {
    let value = 0;
    for (let at = 0; at < bits; at += 1) {
      this.set(EECD.SK.mask, true);
      value = (value << 1) | ((this.port.read(EECD.at) & EECD.DO.mask) >>> EECD.DO.shift);
      this.set(EECD.SK.mask, false);
    }
    return value;
  }

  /** True while the part is in a write cycle. */
  busy(): boolean {
    this.send(RDSR, 8);
    const status = this.receive(8);
    this.standby();
    return (status & 1) !== 0;
  }

  readWord(word: number): number {
    this.send(READ, 8);
    this.send(word * 2, 16);
    const value = this.receive(16);
    this.standby();
    return swap(value);
  }

  /** All words of one page. */
  writeWords(word: number, values: readonly number[]): void {
    this.send(WREN, 8);
    this.standby();
    this.send(WRITE, 8);
    this.send(word * 2, 16);
    for (const value of values) this.send(swap(value), 16);
    this.standby();
  }

  private clockPulse(): void {
    this.set(EECD.SK.mask, true);
    this.set(EECD.SK.mask, false);
  }

  private set(mask: number, on: boolean): void {
    const eecd = this.port.read(EECD.at);
    this.port.write(EECD.at, on ? eecd | mask : eecd & ~mask);
  }
}

const swap = (word: number): number => ((word & 0xff) << 8) | (word >>> 8);

class Kept implements NonvolatileMemory {
  bytes: Uint8Array | undefined;
  stores: number;

  constructor(bytes?: Uint8Array) {
    this.bytes = bytes;
    this.stores = 0;
  }

  load(): Uint8Array | undefined {
    return this.bytes;
  }

  store(bytes: Uint8Array): void {
    this.bytes = Uint8Array.from(bytes);
    this.stores += 1;
  }
}

function setUp(options: Parameters<typeof makeTestPort>[0] = {}): TestPort & { driver: SerialDriver } {
  const made = makeTestPort(options);
  return { ...made, driver: new SerialDriver(made.port) };
}

test('words written over EECD (igb_write_nvm_spi) read back over EECD and by EERD', () => {
  const { port, context, driver } = setUp();
  driver.acquire();
  driver.writeWords(0x100, [0x1234, 0xabcd]);
  assert.equal(driver.busy(), true);
  context.clock.advance(WRITE_CYCLE_NS);
  assert.equal(driver.busy(), false);
  assert.deepEqual([driver.readWord(0x100), driver.readWord(0x101), driver.readWord(0x102)], [0x1234, 0xabcd, 0xffff]);
  driver.release();
  assert.deepEqual([eerdRead(port, 0x100), eerdRead(port, 0x101)], [0x1234, 0xabcd]);
});

test('the words that EERD gives are those that the serial part gives', () => {
  const { port, driver } = setUp();
  driver.acquire();
  for (let word = 0; word < 0x44; word += 1) assert.equal(driver.readWord(word), eerdRead(port, word));
});

test('ethtool -E: a word and then a new checksum; the file has both', () => {
  const kept = new Kept();
  const { context, driver } = setUp({ port: { nonvolatile: kept } });
  driver.acquire();
  driver.writeWords(0x04, [0x8811]);
  context.clock.advance(WRITE_CYCLE_NS);
  assert.equal(nvmChecksumValid(nvmFromBytes(kept.bytes!)), false);
  let sum = 0;
  for (let word = 0; word < 0x3f; word += 1) sum += driver.readWord(word);
  driver.writeWords(0x3f, [(0xbaba - sum) & 0xffff]);
  driver.release();
  const words = nvmFromBytes(kept.bytes!);
  assert.deepEqual([words[4], nvmChecksumValid(words)], [0x8811, true]);
  assert.equal(kept.bytes![8], 0x11, 'low byte first, as ethtool -e prints it');
});

test('without the grant the pins are not driven', () => {
  const { port, driver } = setUp();
  driver.writeWords(0x04, [0x8811]);
  assert.equal(eerdRead(port, 4), 0xffff);
});

test('a reset takes the bus away; a page that was being sent is written as if deselected', () => {
  const { port, driver } = setUp();
  driver.acquire();
  driver.send(WREN, 8);
  driver.standby();
  driver.send(WRITE, 8);
  driver.send(8, 16);
  driver.send(swap(0x7777), 16);
  port.reset('software');
  assert.equal(port.read(EECD.at), EECD.reset);
  assert.equal(eerdRead(port, 4), 0x7777);
});

test('EEWR writes a word at once; one beyond the part is lost', () => {
  const { port } = setUp();
  for (const word of [0x80, 0x3fff]) {
    port.write(EEWR.at, ((0x5678 << EEWR.DATA.shift) | (word << EEWR.ADDR.shift) | EEWR.START.mask) >>> 0);
    assert.equal(port.read(EEWR.at) & EEWR.DONE.mask, EEWR.DONE.mask);
  }
  assert.equal(eerdRead(port, 0x80), 0x5678);
  assert.equal(eerdRead(port, 0x3fff), 0xffff);
});

test('EE_RST and resets take address and LEDs from what was written', () => {
  const { port } = setUp();
  const writeWord = (word: number, value: number): void =>
    port.write(EEWR.at, ((value << EEWR.DATA.shift) | (word << EEWR.ADDR.shift) | EEWR.START.mask) >>> 0);
  assert.equal(port.read(pf.LEDCTL.at), pf.LEDCTL.reset);
  writeWord(0x00, 0x0002);
  writeWord(0x1f, 0x0e0f);
  port.write(pf.CTRL_EXT.at, pf.CTRL_EXT.EE_RST.mask);
  assert.equal(port.read(pf.RAL.at) & 0xffff, 0x0002);
  assert.equal(port.read(pf.LEDCTL.at), 0x070e830f);
  port.write(pf.RAL.at, 0);
  port.reset('software');
  assert.equal(port.read(pf.RAL.at) & 0xffff, 0x0002);
});

test('a fresh NVM is kept at once; a kept one goes before the address of the configuration', () => {
  const fresh = new Kept();
  makeTestPort({ port: { nonvolatile: fresh } });
  assert.equal(fresh.stores, 1);
  assert.equal(fresh.bytes!.length, NVM_BYTES);
  const words = makeNvmImage({ mac: Uint8Array.of(2, 0, 0, 0, 0, 9) });
  const { port } = makeTestPort({ port: { nonvolatile: new Kept(new Uint8Array(words.buffer)) } });
  assert.equal(port.read(pf.RAH.at) & 0xffff, 0x0900);
  assert.notEqual(TEST_MAC[5], 9);
});
