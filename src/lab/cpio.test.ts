import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packCpio, parentFolders } from './cpio.ts';

/** Reads "newc" as the kernel's init/initramfs.c does: 6 bytes of magic, 13 fields of 8 hex digits, name, content. */
function unpack(bytes: Buffer): { name: string; mode: number; links: number; device: number[]; content: string }[] {
  const found = [];
  for (let at = 0; ;) {
    assert.equal(at % 4, 0);
    assert.equal(bytes.toString('latin1', at, at + 6), '070701');
    const field = (index: number): number =>
      parseInt(bytes.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const name = bytes.toString('utf8', at + 110, at + 110 + field(11) - 1);
    assert.equal(bytes[at + 110 + field(11) - 1], 0);
    if (name === 'TRAILER!!!') return found;
    const start = (at + 110 + field(11) + 3) & ~3;
    const end = start + field(6);
    const content = bytes.toString('utf8', start, end);
    found.push({ name, mode: field(1), links: field(4), device: [field(9), field(10)], content });
    at = (end + 3) & ~3;
  }
}

test('an archive reads back as files, folders, links and device nodes', () => {
  const bytes = packCpio([
    { path: 'dev', kind: 'folder', mode: 0o755 },
    { path: 'dev/console', kind: 'character-device', mode: 0o600, device: [5, 1] },
    { path: 'init', kind: 'file', mode: 0o755, content: Buffer.from('#!/bin/sh') },
    { path: 'bin', kind: 'link', mode: 0, content: Buffer.from('usr/bin') },
    { path: 'leer-ä', kind: 'file', mode: 0o644, content: Buffer.from('') },
  ]);
  assert.deepEqual(unpack(bytes), [
    { name: 'dev', mode: 0o040755, links: 2, device: [0, 0], content: '' },
    { name: 'dev/console', mode: 0o020600, links: 1, device: [5, 1], content: '' },
    { name: 'init', mode: 0o100755, links: 1, device: [0, 0], content: '#!/bin/sh' },
    { name: 'bin', mode: 0o120777, links: 1, device: [0, 0], content: 'usr/bin' },
    { name: 'leer-ä', mode: 0o100644, links: 1, device: [0, 0], content: '' },
  ]);
});

test('every archive ends at a multiple of four, so that another may follow', () => {
  for (let length = 0; length < 4; length++)
    assert.equal(
      packCpio([{ path: 'x'.repeat(length + 1), kind: 'file', mode: 0, content: Buffer.alloc(length) }]).length % 4,
      0,
    );
});

test('parents are made once, outermost first', () => {
  const known = new Set(['usr']);
  assert.deepEqual(
    parentFolders('usr/lib/modules/x.ko', known).map((entry) => entry.path),
    ['usr/lib', 'usr/lib/modules'],
  );
  assert.deepEqual(parentFolders('usr/lib/y', known), []);
});
