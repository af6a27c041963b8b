// Runs tests with node:test: `node scripts/unit.mjs [PATH…]`, where a path selects the tests below it; without one, the fast ones.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { filesBelow } from './build.mjs';
import { root, setUp } from './setup.mjs';

/** Folders whose tests take milliseconds and need nothing but Node. */
export const fastFolders = ['src', 'test/laws', 'test/conformance', 'test/differential', 'test/coverage'];

/** Built paths of the test files below the named source paths. */
function testFiles(paths) {
  return paths.flatMap((path) => {
    const full = resolve(root, path);
    const found = full.endsWith('.test.ts') ? [full] : filesBelow(full, '.test.ts');
    return found.map((file) => join(root, 'build', relative(root, file)).replace(/\.ts$/, '.js'));
  });
}

/** Runs the tests below the paths; resolves to {passed, failed, skipped}. A run that dies counts as one failure. */
export async function runTests(paths, { reporter = join(root, 'scripts/terse.mjs'), concurrency } = {}) {
  const files = testFiles(paths);
  if (files.length === 0) {
    console.error(`no test below ${paths.join(' ')}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const folder = mkdtempSync(join(tmpdir(), 'outboard-tests-'));
  const counted = join(folder, 'counts.json');
  const args = ['--enable-source-maps', '--test'];
  if (concurrency !== undefined) args.push(`--test-concurrency=${concurrency}`);
  args.push(`--test-reporter=${reporter}`, '--test-reporter-destination=stdout');
  args.push(`--test-reporter=${join(root, 'scripts/reporter.mjs')}`, `--test-reporter-destination=${counted}`);
  const status = await new Promise((done) => {
    spawn(process.execPath, [...args, ...files], { stdio: ['ignore', 'inherit', 'inherit'], cwd: root }).on(
      'close',
      done,
    );
  });
  try {
    const counts = JSON.parse(readFileSync(counted, 'utf8'));
    if (status !== 0 && counts.failed === 0) counts.failed = 1;
    return counts;
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === resolve(root, 'scripts/unit.mjs')) {
  await setUp();
  const asked = process.argv.slice(2);
  const { passed, failed, skipped } = await runTests(asked.length > 0 ? asked : fastFolders, { reporter: 'spec' });
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exit(failed > 0 ? 1 : 0);
}
