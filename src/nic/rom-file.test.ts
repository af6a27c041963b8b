import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { NicError } from './errors.ts';
import { readRom } from './rom-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'outboard-rom-'));
after(() => rmSync(folder, { recursive: true }));

function file(bytes: Uint8Array): string {
  const path = join(folder, `${bytes.length}.rom`);
  writeFileSync(path, bytes);
  return path;
}

test('a ROM is read whole; one without its signature is told and taken', () => {
  const lines: string[] = [];
  const rom = Uint8Array.of(0x55, 0xaa, 1, 7);
  assert.deepEqual(Uint8Array.from(readRom(file(rom), (line) => lines.push(line))), rom);
  assert.equal(lines.length, 0);
  readRom(file(new Uint8Array(100)), (line) => lines.push(line));
  assert.match(lines.join(), /55 aa/);
});

test('what cannot be a ROM is an error of the user', () => {
  const fails = (path: string, pattern: RegExp): void =>
    assert.throws(
      () => readRom(path, () => undefined),
      (error) => error instanceof NicError && error.code === 'ROMFILE' && pattern.test(error.message),
    );
  fails(join(folder, 'none'), /cannot read .*ENOENT/);
  fails(file(new Uint8Array(0)), /empty/);
  fails(file(new Uint8Array(4 * 1024 * 1024 + 1)), /at most 4194304/);
});
