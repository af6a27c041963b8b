// Writes docs/registers.md from the register tables.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, setUp } from './setup.mjs';

await setUp();
const { registersDocument } = await import('../build/src/devices/igb/tables/document.js');
writeFileSync(join(root, 'docs', 'registers.md'), registersDocument());
