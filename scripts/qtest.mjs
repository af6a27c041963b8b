// Runs src/cli/qtest-main.ts as one file, made anew where a source is younger than it: QTest clients start the program for
// every test, and a hundred modules would take longer to load than the test takes.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const bundle = join(root, 'build', 'qtest.mjs');

/** True where nothing below the folder, and the dependencies' list, is younger than `time`. */
function olderThan(time, folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() ? !olderThan(time, path) : entry.name.endsWith('.ts') && statSync(path).mtimeMs >= time)
      return false;
  }
  return true;
}

function isCurrent() {
  if (!existsSync(bundle) || !existsSync(join(root, 'node_modules', '.outboard-lock'))) return false;
  const time = statSync(bundle).mtimeMs;
  return statSync(join(root, 'package-lock.json')).mtimeMs < time && olderThan(time, join(root, 'src'));
}

async function make() {
  const { setUp } = await import('./setup.mjs');
  await setUp();
  const { build } = await import('esbuild');
  const { renameSync, utimesSync } = await import('node:fs');
  const begin = new Date();
  const partial = `${bundle}.${process.pid}`;
  await build({
    entryPoints: [join(root, 'src/cli/qtest-main.ts')],
    outfile: partial,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['koffi'],
    logLevel: 'error',
  });
  // A source that was saved meanwhile is younger.
  utimesSync(partial, begin, begin);
  renameSync(partial, bundle);
}

if (!isCurrent()) await make();
await import(pathToFileURL(bundle).href);
