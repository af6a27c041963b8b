import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { NicError } from './errors.ts';
import { openFlashFile } from './flash-file.ts';
import { KeptContents } from './kept-file.ts';
import { romBytesIn } from './rom-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'outboard-flash-'));
after(() => rmSync(folder, { recursive: true }));
const quiet = (): void => undefined;
const rom = Uint8Array.of(0x55, 0xaa, 4, 7);

test('a new flash begins with the ROM; what is written is in the file, and goes before the ROM the next time', () => {
  const path = join(folder, 'new.bin');
  const file = openFlashFile(path, rom, quiet);
  let told = 0;
  const contents = new KeptContents(file.memory, () => (told += 1));
  const { bytes } = contents;
  assert.ok(contents.present);
  assert.equal(bytes.length, 128 * 1024);
  assert.deepEqual(Uint8Array.from(bytes.subarray(0, 5)), Uint8Array.of(...rom, 0xff));
  assert.equal(romBytesIn(bytes), 2048);
  bytes[3] = 6;
  contents.changed();
  contents.changed();
  assert.equal(told, 1);
  file.flush();
  assert.equal(readFileSync(path)[3], 6);
  const next = new KeptContents(openFlashFile(path, rom, quiet).memory, quiet);
  assert.equal(next.bytes[3], 6);
});

test('a file that is no flash is refused in one line', () => {
  for (const length of [0, 1024, 200_000, 8 << 20]) {
    const path = join(folder, `${length}.bin`);
    writeFileSync(path, new Uint8Array(length));
    assert.throws(
      () => openFlashFile(path, undefined, quiet),
      (error) => error instanceof NicError && error.code === 'FLASH' && /power of two/.test(error.message),
    );
  }
});

test('without the signature of an option ROM there is none in a flash', () => {
  assert.equal(romBytesIn(new Uint8Array(4096).fill(0xff)), 0);
  assert.equal(romBytesIn(Uint8Array.of(0x55, 0xaa, 255)), 3, 'no more than there is');
});
