// Makes a symbol file for gdb of a guest's /proc/kallsyms: `node scripts/kallsyms-elf.mjs guest.sym < kallsyms`. An ELF file with
// one section of no contents, as large as the code is, and a symbol for each function of kernel and modules.
import { readFileSync, writeFileSync } from 'node:fs';

const SYMBOL_BYTES = 24;
const HEADER_BYTES = 64;
const PAGE = 4096n;

/** Functions by address; without root they all read 0. */
function functionsOf(text) {
  const lines = text.matchAll(/^([0-9a-f]{16}) [tTwW] (\S+)(?:\s+\[(\S+)\])?/gm);
  const found = Array.from(lines, ([, address, name]) => ({ address: BigInt(`0x${address}`), name }));
  return found.filter(({ address }) => address >> 32n === 0xffffffffn).sort((a, b) => (a.address < b.address ? -1 : 1));
}

function strings(names) {
  const offsets = [];
  let length = 1;
  for (const name of names) {
    offsets.push(length);
    length += name.length + 1;
  }
  return { offsets, bytes: Buffer.from(`\0${names.map((name) => `${name}\0`).join('')}`, 'latin1') };
}

function symbolTable(functions, nameOffsets) {
  const bytes = Buffer.alloc((functions.length + 1) * SYMBOL_BYTES);
  for (const [index, { address }] of functions.entries()) {
    const at = (index + 1) * SYMBOL_BYTES;
    const next = functions[index + 1]?.address ?? address + 16n;
    bytes.writeUInt32LE(nameOffsets[index], at);
    bytes.writeUInt8(0x12, at + 4); // a global function
    bytes.writeUInt16LE(1, at + 6);
    bytes.writeBigUInt64LE(address, at + 8);
    bytes.writeBigUInt64LE(next - address < 0x10000n ? next - address : 16n, at + 16);
  }
  return bytes;
}

/** Name, type, flags, address, offset, size, link, info, alignment, entry size. */
function sectionHeader(values) {
  const bytes = Buffer.alloc(HEADER_BYTES);
  const [name, type, flags, address, offset, size, link, info, alignment, entry] = values;
  bytes.writeUInt32LE(name, 0);
  bytes.writeUInt32LE(type, 4);
  for (const [n, value] of [flags, address, offset, size].entries()) bytes.writeBigUInt64LE(BigInt(value), 8 + 8 * n);
  bytes.writeUInt32LE(link, 40);
  bytes.writeUInt32LE(info, 44);
  bytes.writeBigUInt64LE(BigInt(alignment), 48);
  bytes.writeBigUInt64LE(BigInt(entry), 56);
  return bytes;
}

function elf(functions) {
  const names = strings(functions.map(({ name }) => name));
  const sections = strings(['.text', '.symtab', '.strtab']);
  const table = symbolTable(functions, names.offsets);
  const first = functions[0].address & ~(PAGE - 1n);
  const size = functions.at(-1).address + PAGE - first;
  const header = Buffer.alloc(HEADER_BYTES);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(2, 16); // executable, x86-64
  header.writeUInt16LE(62, 18);
  header.writeUInt32LE(1, 20);
  const strtab = HEADER_BYTES + table.length;
  const names2 = strtab + names.bytes.length;
  const headers = names2 + sections.bytes.length;
  header.writeBigUInt64LE(BigInt(headers), 40);
  for (const [at, value] of [
    [52, HEADER_BYTES],
    [58, HEADER_BYTES],
    [60, 5],
    [62, 4],
  ])
    header.writeUInt16LE(value, at);
  const [text, symtab, strings_] = sections.offsets;
  return Buffer.concat([
    ...[header, table, names.bytes, sections.bytes],
    Buffer.alloc(HEADER_BYTES),
    sectionHeader([text, 8, 6, first, HEADER_BYTES, size, 0, 0, 16, 0]),
    sectionHeader([symtab, 2, 0, 0, HEADER_BYTES, table.length, 3, 1, 8, SYMBOL_BYTES]),
    sectionHeader([strings_, 3, 0, 0, strtab, names.bytes.length, 0, 0, 1, 0]),
    sectionHeader([0, 3, 0, 0, names2, sections.bytes.length, 0, 0, 1, 0]),
  ]);
}

const [file] = process.argv.slice(2);
const functions = file === undefined ? [] : functionsOf(readFileSync(0, 'latin1'));
if (functions.length === 0) {
  console.error(
    file === undefined
      ? 'usage: node scripts/kallsyms-elf.mjs guest.sym < kallsyms'
      : 'no functions with addresses: read /proc/kallsyms as root',
  );
  process.exit(1);
}
writeFileSync(file, elf(functions));
console.log(`${functions.length} functions; in gdb: symbol-file ${file}`);
