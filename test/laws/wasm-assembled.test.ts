import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { assemble } from './wasm-assembler.ts';

const read = (name: string): string => readFileSync(new URL(`../../../src/packet/${name}`, import.meta.url), 'utf8');

test('the committed binary is what sum.wat assembles to', async () => {
  assert.ok((await assemble(read('sum.wat'))) === read('sum-wasm.ts'), 'sum-wasm.ts is stale: run "npm run wasm"');
});
