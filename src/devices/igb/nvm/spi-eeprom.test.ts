import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpiEeprom, WRITE_CYCLE_NS } from './spi-eeprom.ts';
import { spiCommand } from './testing-spi.ts';
import { FakeClock } from '../testing.ts';

const [WRSR, WRITE, READ, WRDI, RDSR, WREN] = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06];
const BUSY = 1;
const WRITE_ENABLED = 2;

/** The part, and a master. */
function setUp(options: { addressBits?: 8 | 16; length?: number } = {}) {
  const { addressBits = 16, length = 2048 } = options;
  const clock = new FakeClock();
  const bytes = new Uint8Array(length).fill(0xff);
  const written: number[][] = [];
  const pageBytes = addressBits === 16 ? 32 : 8;
  const chip = new SpiEeprom({ clock, bytes, addressBits, pageBytes, written: (...args) => written.push(args) });
  const command = (sent: readonly number[], count = 0, extraBits = 0): number[] =>
    spiCommand(chip, sent, count, extraBits);
  const status = (): number => command([RDSR], 1)[0]!;
  const write = (address: readonly number[], data: readonly number[]): void => {
    command([WREN]);
    command([...address, ...data]);
    clock.advance(WRITE_CYCLE_NS);
  };
  return { clock, bytes, written, chip, command, status, write };
}

test('READ gives byte after byte and rolls over at the end of the part', () => {
  const { bytes, command } = setUp();
  bytes.set([0x12, 0xa5], 2046);
  bytes.set([0x34, 0x56], 0);
  assert.deepEqual(command([READ, 0x07, 0xfe], 4), [0x12, 0xa5, 0x34, 0x56]);
});

test('address bits beyond the part do not count', () => {
  const { bytes, command } = setUp();
  bytes[5] = 0x77;
  assert.deepEqual(command([READ, 0xf8, 0x05], 1), [0x77]);
});

test('WRITE needs WREN, uses it up, and is busy for a write cycle', () => {
  const { clock, bytes, command, status, written } = setUp();
  command([WRITE, 0, 0, 0xab]);
  assert.equal(bytes[0], 0xff);
  command([WREN]);
  assert.equal(status(), WRITE_ENABLED);
  command([WRITE, 0, 0, 0xab]);
  assert.deepEqual([bytes[0], status()], [0xab, BUSY]);
  command([WREN]);
  assert.deepEqual(command([READ, 0, 0], 1), [0], 'a busy part takes RDSR only');
  clock.advance(WRITE_CYCLE_NS);
  assert.equal(status(), 0);
  assert.deepEqual(command([READ, 0, 0], 1), [0xab]);
  assert.deepEqual(written, [[0, 32]]);
});

test('WRDI takes WREN back', () => {
  const { command, status } = setUp();
  command([WREN]);
  command([WRDI]);
  assert.equal(status(), 0);
});

test('a write wraps inside its page; the last data for a byte counts', () => {
  const { bytes, write } = setUp();
  write(
    [WRITE, 0x00, 0x3e],
    Array.from({ length: 34 }, (_, n) => n + 1),
  );
  assert.deepEqual([...bytes.subarray(0x3e, 0x41)], [33, 34, 0xff]);
  assert.equal(bytes[0x20], 3);
  assert.equal(bytes[0x1f], 0xff);
});

test('a command that does not end on a byte is not carried out', () => {
  const { bytes, command, status } = setUp();
  command([WREN], 0, 1);
  assert.equal(status(), 0);
  command([WREN]);
  command([WRITE, 0, 0, 0x11], 0, 3);
  assert.deepEqual([bytes[0], status()], [0xff, WRITE_ENABLED]);
  command([WRITE, 0, 0]);
  assert.deepEqual([bytes[0], status()], [0xff, WRITE_ENABLED], 'without data');
});

test('block protection: a quarter, a half, all', () => {
  const { bytes, command, status, write } = setUp();
  for (const [level, first] of [
    [1, 1536],
    [2, 1024],
    [3, 0],
  ] as const) {
    write([WRSR], [level << 2]);
    assert.equal(status(), level << 2);
    write([WRITE, first >> 8, 0], [level]);
    assert.equal(bytes[first], 0xff);
    if (first > 0) {
      write([WRITE, (first - 32) >> 8, (first - 32) & 0xff], [level]);
      assert.equal(bytes[first - 32], level);
    }
  }
  command([WRSR, 0]);
  assert.equal(status(), 3 << 2, 'WRSR needs WREN too');
});

test('with 8-bit addresses, bit 8 is bit 3 of the opcode (igb_read_nvm_spi)', () => {
  const { bytes, command, write } = setUp({ addressBits: 8, length: 512 });
  bytes[0x10] = 1;
  bytes[0x110] = 2;
  assert.deepEqual(command([READ, 0x10], 1), [1]);
  assert.deepEqual(command([READ | 8, 0x10], 1), [2]);
  write([WRITE | 8, 0x10], [9]);
  assert.deepEqual([bytes[0x10], bytes[0x110]], [1, 9]);
});

test('with 16-bit addresses that opcode is unknown, as are others: nothing happens, nothing is given', () => {
  const { command, status } = setUp();
  for (const opcode of [READ | 8, 0x00, 0xab, 0xff]) assert.deepEqual(command([opcode, 0, 0, 0], 2), [0, 0]);
  assert.equal(status(), 0);
});
