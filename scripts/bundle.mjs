// Starts a command from one file a thread, made anew where a source is younger than it: hundreds of modules take longer to
// load than such a command takes to start.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** By command: what its threads begin with, the main thread first. */
const entries = {
  qtest: ['src/cli/qtest-main.ts'],
  nic: ['src/cli/main.ts', 'src/nic/device-thread.ts'],
};
/** What other commands load, and these never run. */
const elsewhere = /\/(?:lab|bench)\/|\/qtest\.ts$/;

const outputOf = (name, entry) => join(root, 'build', name, entry.replace(/^.*\/(.*)\.ts$/, '$1.js'));

/** True where nothing below the folder is younger than `time`. */
function olderThan(time, folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() ? !olderThan(time, path) : entry.name.endsWith('.ts') && statSync(path).mtimeMs >= time)
      return false;
  }
  return true;
}

function isCurrent(outputs) {
  if (!outputs.every((path) => existsSync(path)) || !existsSync(join(root, 'node_modules', '.outboard-lock')))
    return false;
  const time = Math.min(...outputs.map((path) => statSync(path).mtimeMs));
  return statSync(join(root, 'package-lock.json')).mtimeMs < time && olderThan(time, join(root, 'src'));
}

/** Leaves imports of what this command does not run as they are, to the files of the ordinary build. */
function leaveElsewhere(output) {
  return {
    name: 'elsewhere',
    setup(build) {
      build.onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
        if (kind !== 'dynamic-import' || !elsewhere.test(path)) return undefined;
        const built = join(root, 'build', relative(root, resolve(resolveDir, path))).replace(/\.ts$/, '.js');
        return { path: relative(dirname(output), built), external: true };
      });
    },
  };
}

async function make(name) {
  const { setUp } = await import('./setup.mjs');
  await setUp();
  const { build, stop } = await import('esbuild');
  const { renameSync, utimesSync } = await import('node:fs');
  const begin = new Date();
  for (const entry of entries[name]) {
    const output = outputOf(name, entry);
    const partial = `${output}.${process.pid}`;
    await build({
      entryPoints: [join(root, entry)],
      outfile: partial,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      external: ['koffi'],
      sourcemap: 'inline',
      sourcesContent: false,
      // Packages of the older kind ask for Node's modules by a require of their own.
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
      plugins: [leaveElsewhere(output)],
      logLevel: 'error',
    });
    // A source that was saved meanwhile is younger.
    utimesSync(partial, begin, begin);
    renameSync(partial, output);
  }
  // Its process would ask ours for a sign of life every second.
  await stop();
}

/** Runs the command in this process. */
export async function startBundle(name) {
  const outputs = entries[name].map((entry) => outputOf(name, entry));
  if (!isCurrent(outputs)) await make(name);
  await import(pathToFileURL(outputs[0]).href);
}
