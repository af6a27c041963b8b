// Writes the tables of docs/lint.md from the rules.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, setUp } from './setup.mjs';

await setUp();
const { GENERATED_FROM, lintDocument } = await import('../build/src/lint/document.js');
const path = join(root, 'docs', 'lint.md');
const written = readFileSync(path, 'utf8');
writeFileSync(path, written.slice(0, written.indexOf(GENERATED_FROM)) + lintDocument());
