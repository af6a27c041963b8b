// npm run check: everything that can be judged without a guest, one line a step; a step that fails prints what its tool said.
// CI runs the same through npm test.
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { root, setUp } from './setup.mjs';

const steps = [
  ['format', 'npm', ['run', '--silent', 'format:check']],
  ['lint', 'npm', ['run', '--silent', 'lint']],
  ['types', 'npm', ['run', '--silent', 'types']],
  ['boundaries', 'npm', ['run', '--silent', 'boundaries']],
  ['dead code', 'npm', ['run', '--silent', 'unused']],
];

/** Runs one command with its output kept; resolves to whether it succeeded, its output and its seconds. */
function run(command, args) {
  return new Promise((done) => {
    const begin = Date.now();
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    child.on('close', (status) => done({ ok: status === 0, output, seconds: (Date.now() - begin) / 1000 }));
  });
}

/** dependency-cruiser says success as well when it cruised nothing. */
function cruisedNothing(name, output) {
  return name === 'boundaries' && !/\(([1-9]\d*) modules/.test(output);
}

/** Runs all static checks; resolves to how many passed and failed. */
export async function staticChecks() {
  const counts = { passed: 0, failed: 0 };
  for (const [name, command, args] of steps) {
    const { ok, output, seconds } = await run(command, args);
    const passed = ok && !cruisedNothing(name, output);
    console.log(`${passed ? '✔' : '✖'} ${name.padEnd(12)} ${seconds.toFixed(1).padStart(5)} s`);
    if (!passed) console.log(output.trim() || 'it looked at no module');
    counts[passed ? 'passed' : 'failed'] += 1;
  }
  return counts;
}

if (process.argv[1] === resolve(root, 'scripts/check.mjs')) {
  await setUp();
  const counts = await staticChecks();
  const { runTests, fastFolders } = await import('./unit.mjs');
  const tests = await runTests(fastFolders);
  console.log(
    `${counts.passed + tests.passed} passed, ${counts.failed + tests.failed} failed, ${tests.skipped} skipped`,
  );
  process.exit(counts.failed + tests.failed > 0 ? 1 : 0);
}
