// npm run test:conformance: the conformance suite on its drivers, as a table. Arguments are those of test/conformance/table.ts.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, setUp } from './setup.mjs';

await setUp();
const program = join(root, 'build/test/conformance/table.js');
const { status } = spawnSync(process.execPath, ['--enable-source-maps', program, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
