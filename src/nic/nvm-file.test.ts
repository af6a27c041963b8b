import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { makeNvmImage, NVM_BYTES } from '../devices/igb/nvm/nvm-image.ts';
import { NicError } from './errors.ts';
import { openNvmFile, SharedNvm } from './nvm-file.ts';

const image = new Uint8Array(makeNvmImage({ mac: Uint8Array.of(2, 0, 0, 0, 0, 1) }).buffer);

function setUp(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'outboard-nvm-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const lines: string[] = [];
  return { folder, path: join(folder, 'nvm.bin'), lines, log: (line: string) => void lines.push(line) };
}

test('what the device thread stores is in the file, and the next NIC loads it', (context) => {
  const { folder, path, lines, log } = setUp(context);
  const file = openNvmFile(path, log);
  let told = 0;
  const shared = new SharedNvm(file.memory, () => (told += 1));
  assert.equal(shared.load(), undefined);
  shared.store(new Uint8Array(NVM_BYTES));
  shared.store(image);
  assert.equal(told, 1, 'told once until it is written');
  file.flush();
  assert.deepEqual(Uint8Array.from(readFileSync(path)), image);
  assert.deepEqual(readdirSync(folder), ['nvm.bin']);
  shared.store(image);
  assert.equal(told, 2);
  const next = new SharedNvm(openNvmFile(path, log).memory, () => undefined);
  assert.deepEqual(next.load(), image);
  assert.deepEqual(lines, []);
});

test('closing writes what nobody was told of', (context) => {
  const { path, log } = setUp(context);
  const file = openNvmFile(path, log);
  new SharedNvm(file.memory, () => undefined).store(image);
  file.close();
  assert.equal(readFileSync(path).length, NVM_BYTES);
});

test('a file of the wrong size is refused in one line, a wrong checksum only told', (context) => {
  const { path, lines, log } = setUp(context);
  writeFileSync(path, image.subarray(1));
  assert.throws(
    () => openNvmFile(path, log),
    (error) =>
      error instanceof NicError && error.code === 'NVM' && /has 2047 bytes and not the 2048/.test(error.message),
  );
  const wrong = Uint8Array.from(image);
  wrong[8]! ^= 1;
  writeFileSync(path, wrong);
  assert.equal(openNvmFile(path, log).memory.byteLength, NVM_BYTES + 8);
  assert.match(lines.join(), /checksum is wrong/);
});

test('a folder that is not there is refused at the start, one that is gone later is told', (context) => {
  const { folder, lines, log } = setUp(context);
  const path = join(folder, 'below', 'nvm.bin');
  assert.throws(
    () => openNvmFile(path, log),
    (error) => error instanceof NicError && error.code === 'NVM' && /could not be written: ENOENT/.test(error.message),
  );
  mkdirSync(join(folder, 'below'));
  const file = openNvmFile(path, log);
  rmSync(join(folder, 'below'), { recursive: true });
  new SharedNvm(file.memory, () => undefined).store(image);
  file.flush();
  assert.match(lines.join(), /not written: ENOENT/);
});
