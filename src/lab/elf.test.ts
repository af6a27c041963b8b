import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { moduleDependencies, neededLibraries } from './elf.ts';

/** An ELF64 file with the sections given; section 1 holds the names. */
function elf(parts: readonly { name: string; type: number; link: number; content: Buffer }[]): Buffer {
  const names = Buffer.from(`\0.shstrtab\0${parts.map((part) => `${part.name}\0`).join('')}`);
  const all = [{ name: '.shstrtab', type: 3, link: 0, content: names }, ...parts];
  const head = Buffer.alloc(64);
  head.write('\x7fELF\x02\x01', 'latin1');
  const tableSize = (all.length + 1) * 64;
  head.writeBigUInt64LE(64n, 0x28);
  head.writeUInt16LE(64, 0x3a);
  head.writeUInt16LE(all.length + 1, 0x3c);
  head.writeUInt16LE(1, 0x3e);
  const table = Buffer.alloc(tableSize);
  let at = 64 + tableSize;
  for (const [index, section] of all.entries()) {
    const row = (index + 1) * 64;
    table.writeUInt32LE(names.indexOf(`${section.name}\0`), row);
    table.writeUInt32LE(section.type, row + 4);
    table.writeBigUInt64LE(BigInt(at), row + 0x18);
    table.writeBigUInt64LE(BigInt(section.content.length), row + 0x20);
    table.writeUInt32LE(section.link, row + 0x28);
    at += section.content.length;
  }
  return Buffer.concat([head, table, ...all.map((section) => section.content)]);
}

test("a module's dependencies are the names after depends= in .modinfo", () => {
  const content = Buffer.from('license=GPL\0depends=dca,i2c-algo-bit\0name=igb\0');
  assert.deepEqual(moduleDependencies(elf([{ name: '.modinfo', type: 1, link: 0, content }])), ['dca', 'i2c-algo-bit']);
  const none = Buffer.from('depends=\0name=dca\0');
  assert.deepEqual(moduleDependencies(elf([{ name: '.modinfo', type: 1, link: 0, content: none }])), []);
});

test('needed libraries come from the dynamic section and its string table, up to DT_NULL', () => {
  const strings = Buffer.from('\0libc.so.6\0libz.so.1\0');
  const entries = [
    [1n, 1n],
    [14n, 11n],
    [1n, 11n],
    [0n, 0n],
    [1n, 1n],
  ] as const;
  const dynamic = Buffer.alloc(entries.length * 16);
  for (const [index, [tag, value]] of entries.entries()) {
    dynamic.writeBigInt64LE(tag, index * 16);
    dynamic.writeBigUInt64LE(value, index * 16 + 8);
  }
  const file = elf([
    { name: '.dynstr', type: 3, link: 0, content: strings },
    { name: '.dynamic', type: 6, link: 2, content: dynamic },
  ]);
  assert.deepEqual(neededLibraries(file), ['libc.so.6', 'libz.so.1']);
});

test('a real program names the C library, a text names nothing', () => {
  assert.ok(neededLibraries(readFileSync(process.execPath)).includes('libc.so.6'));
  assert.deepEqual(neededLibraries(Buffer.from('#!/bin/sh\n'.repeat(20))), []);
});
