// Writes src/packet/sum-wasm.ts from sum.wat.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, setUp } from './setup.mjs';

await setUp();
const { assemble } = await import('../build/test/laws/wasm-assembler.js');
const folder = join(root, 'src', 'packet');
writeFileSync(join(folder, 'sum-wasm.ts'), await assemble(readFileSync(join(folder, 'sum.wat'), 'utf8')));
