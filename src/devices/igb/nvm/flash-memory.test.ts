import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERASE_CHIP_NS, ERASE_SECTOR_NS, flashBytes, FlashMemory, PROGRAM_NS } from './flash-memory.ts';
import { spiCommand } from './testing-spi.ts';
import { FakeClock } from '../testing.ts';

const [PROGRAM, READ, WRITE_DISABLE, STATUS, WRITE_ENABLE, FAST_READ] = [0x02, 0x03, 0x04, 0x05, 0x06, 0x0b];
const [ERASE_SECTOR, READ_ID, ERASE_CHIP, ERASE_BLOCK] = [0x20, 0x9f, 0xc7, 0xd8];

/** The part, and a master. */
function setUp() {
  const clock = new FakeClock();
  const bytes = flashBytes();
  let changes = 0;
  const part = new FlashMemory(clock, { bytes, changed: () => (changes += 1) });
  const command = (sent: readonly number[], count = 0, extraBits = 0): number[] =>
    spiCommand(part, sent, count, extraBits);
  const change = (...sent: number[]): void => {
    command([WRITE_ENABLE]);
    command(sent);
  };
  return { clock, bytes, part, command, change, changes: () => changes };
}

test('its id says maker and size; what is read goes on and rolls over', () => {
  const { bytes, command } = setUp();
  assert.deepEqual(command([READ_ID], 4), [0xef, 0x30, 17, 0]);
  bytes.set([1, 2], bytes.length - 2);
  bytes.set([3], 0);
  assert.deepEqual(command([READ, 0x01, 0xff, 0xfe], 3), [1, 2, 3]);
  assert.deepEqual(
    command([FAST_READ, 0x01, 0xff, 0xfe, 0], 3),
    [1, 2, 3],
    'a byte without meaning behind the address',
  );
});

test('programming needs write enable, clears bits within a page, and takes a while', () => {
  const { clock, bytes, command, change, changes } = setUp();
  command([PROGRAM, 0, 0, 0, 0]);
  assert.equal(bytes[0], 0xff, 'not enabled');
  change(PROGRAM, 0, 1, 0xfe, 0x0f, 0x11, 0x22);
  assert.deepEqual([bytes[0x1fe], bytes[0x1ff], bytes[0x100], bytes[0x200]], [0x0f, 0x11, 0x22, 0xff]);
  assert.deepEqual(command([STATUS], 1), [1], 'busy, and enabled no more');
  assert.deepEqual(command([READ, 0, 1, 0xfe], 1), [0], 'a busy part has nothing but its status');
  command([WRITE_ENABLE]);
  clock.advance(PROGRAM_NS);
  assert.deepEqual(command([STATUS], 1), [0], 'nor was that taken');
  change(PROGRAM, 0, 1, 0xfe, 0xf1);
  assert.equal(bytes[0x1fe], 0x01);
  assert.equal(changes(), 2);
});

test('a command with a bit too many, or without its address, does nothing', () => {
  const { bytes, command, changes } = setUp();
  command([WRITE_ENABLE], 0, 1);
  assert.deepEqual(command([STATUS], 1), [0]);
  command([WRITE_ENABLE]);
  assert.deepEqual(command([STATUS], 1), [2]);
  command([PROGRAM, 0, 0, 0, 0x55], 0, 3);
  command([PROGRAM, 0, 0, 0]);
  command([ERASE_SECTOR, 0, 0]);
  command([ERASE_CHIP, 0]);
  command([WRITE_DISABLE]);
  assert.deepEqual(command([STATUS], 1), [0]);
  assert.equal(bytes[0], 0xff);
  assert.equal(changes(), 0);
});

test('sector, block and chip are erased, each for its time', () => {
  const { clock, bytes, part, change } = setUp();
  const untilDone = (durationNs: number): void => {
    clock.advance(durationNs - 1);
    assert.ok(part.busy);
    clock.advance(1);
    assert.ok(!part.busy);
  };
  const erasedBytes = (): number => bytes.reduce((sum, byte) => sum + (byte === 0xff ? 1 : 0), 0);
  bytes.fill(0);
  change(ERASE_SECTOR, 0, 0x12, 0x34);
  untilDone(ERASE_SECTOR_NS);
  assert.deepEqual([bytes[0xfff], bytes[0x1000], bytes[0x1fff], bytes[0x2000]], [0, 0xff, 0xff, 0]);
  change(ERASE_BLOCK, 1, 0x12, 0x34);
  assert.equal(erasedBytes(), 0x1_1000);
  clock.advance(1e10);
  change(ERASE_CHIP);
  untilDone(ERASE_CHIP_NS);
  assert.equal(erasedBytes(), bytes.length);
});
