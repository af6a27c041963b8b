// npm run test:differential: seeded programs on our device and on QEMU's igb. Arguments are those of test/differential/main.ts.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, setUp } from './setup.mjs';

await setUp();
const program = join(root, 'build/test/differential/main.js');
const { status } = spawnSync(process.execPath, ['--enable-source-maps', program, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
