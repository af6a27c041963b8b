import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RegisterWindow } from './register-window.ts';

/** One register that clears on read, and a log of what happened to it. */
class ClearOnRead {
  value = 0x8877_6655;
  readonly log: string[] = [];

  read(offset: number): number {
    this.log.push(`read ${offset}`);
    const { value } = this;
    this.value = 0;
    return value;
  }

  peek(): number {
    return this.value;
  }

  write(offset: number, value: number): void {
    this.log.push(`write ${offset} ${value.toString(16)}`);
    this.value = value;
  }
}

test('a read of part of a register is a read of the register', () => {
  for (const [offset, size, expected] of [
    [0x100, 4, 0x8877_6655],
    [0x102, 2, 0x8877],
    [0x103, 1, 0x88],
    [0x101, 1, 0x66],
  ] as const) {
    const registers = new ClearOnRead();
    assert.equal(new RegisterWindow(registers).read(offset, size), expected);
    assert.equal(registers.value, 0, 'the side effect happens');
    assert.deepEqual(registers.log, ['read 256']);
  }
});

test('a write of part of a register keeps the rest and reads nothing', () => {
  for (const [offset, size, value, expected] of [
    [0x100, 4, 0xffff_fff0, 'fffffff0'],
    [0x102, 2, 0x1234, '12346655'],
    [0x103, 1, 0xf0, 'f0776655'],
    [0x100, 1, 0x1_02, '88776602'],
  ] as const) {
    const registers = new ClearOnRead();
    new RegisterWindow(registers).write(offset, size, value);
    assert.deepEqual(registers.log, [`write 256 ${expected}`]);
  }
});
