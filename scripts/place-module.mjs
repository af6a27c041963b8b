// Puts a kernel module's debug symbols where a guest has the module: `node scripts/place-module.mjs igb.ko igb.sym < sections`, with what
// `grep . /sys/module/igb/sections/.*` prints in the guest. gdb takes addresses of sections by add-symbol-file too, but then mixes up how to
// unwind functions of .text and .text.unlikely; an address in the file's section header it uses for all.
import { readFileSync, writeFileSync } from 'node:fs';

const HEADER_BYTES = 64;

function place(bytes, addresses) {
  const table = Number(bytes.readBigUInt64LE(0x28));
  const count = bytes.readUInt16LE(0x3c);
  const header = (index) => table + index * HEADER_BYTES;
  const names = Number(bytes.readBigUInt64LE(header(bytes.readUInt16LE(0x3e)) + 24));
  let placed = 0;
  for (let index = 0; index < count; index += 1) {
    const at = names + bytes.readUInt32LE(header(index));
    const address = addresses.get(bytes.toString('latin1', at, bytes.indexOf(0, at)));
    if (address === undefined) continue;
    bytes.writeBigUInt64LE(address, header(index) + 16);
    placed += 1;
  }
  return placed;
}

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) {
  console.error('usage: node scripts/place-module.mjs igb.ko igb.sym < sections');
  process.exit(1);
}
const lines = readFileSync(0, 'latin1').matchAll(/^(?:.*\/)?([^/\s]+):(0x[0-9a-f]+)$/gm);
const addresses = new Map(Array.from(lines, ([, name, address]) => [name, BigInt(address)]));
const bytes = readFileSync(from);
const placed = (addresses.get('.text') ?? 0n) === 0n ? 0 : place(bytes, addresses);
if (placed === 0) {
  console.error('no addresses of sections: read /sys/module/NAME/sections as root');
  process.exit(1);
}
writeFileSync(to, bytes);
console.log(`${placed} sections; in gdb: add-symbol-file ${to} -o 0`);
