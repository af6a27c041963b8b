// Runs tests with node:test: `node scripts/unit.mjs [PATH…]`, where a path selects the tests below it; without one, the fast ones.
import { spawnSync } from 'node:child_process';
import { join, relative, resolve } from 'node:path';
import { filesBelow } from './build.mjs';
import { root, setUp } from './setup.mjs';

/** Folders whose tests run in milliseconds and need nothing but Node. */
export const fastFolders = ['src', 'test/laws', 'test/conformance'];

/** Built paths of the test files below the named source paths. */
export function testFiles(paths) {
  return paths.flatMap((path) => {
    const full = resolve(root, path);
    const found = full.endsWith('.test.ts') ? [full] : filesBelow(full, '.test.ts');
    return found.map((file) => join(root, 'build', relative(root, file)).replace(/\.ts$/, '.js'));
  });
}

if (process.argv[1] === resolve(root, 'scripts/unit.mjs')) {
  await setUp();
  const asked = process.argv.slice(2);
  const files = testFiles(asked.length > 0 ? asked : fastFolders);
  if (files.length === 0) {
    console.error(`no test below ${asked.join(' ')}`);
    process.exit(1);
  }
  const run = spawnSync(process.execPath, ['--enable-source-maps', '--test', '--test-reporter=spec', ...files], {
    stdio: 'inherit',
    cwd: root,
  });
  process.exit(run.status ?? 1);
}
