// Starts a command from one file a thread, made anew where a source is younger than it: hundreds of modules take longer to
// load than such a command takes to start.
import { existsSync, readFileSync, statSync } from 'node:fs';
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

/** Where the names of what a bundle was made from are, a line each. */
const inputsOf = (output) => `${output}.inputs`;

/** True where all of these are younger than what they were made from. */
function areCurrent(outputs) {
  try {
    const time = Math.min(...outputs.map((output) => statSync(output).mtimeMs));
    const inputs = new Set(outputs.flatMap((output) => readFileSync(inputsOf(output), 'utf8').split('\n')));
    const isOlder = (path) => statSync(join(root, path)).mtimeMs < time;
    return existsSync(join(root, 'node_modules/.outboard-lock')) && ['package-lock.json', ...inputs].every(isOlder);
  } catch {
    // Not made yet, or a source is gone.
    return false;
  }
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
  const { renameSync, utimesSync, writeFileSync } = await import('node:fs');
  const begin = new Date();
  for (const entry of entries[name]) {
    const output = outputOf(name, entry);
    const partial = `${output}.${process.pid}`;
    const { metafile } = await build({
      metafile: true,
      absWorkingDir: root,
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
    // Packages change with package-lock.json only.
    const inputs = Object.keys(metafile.inputs).filter((path) => !path.startsWith('node_modules/'));
    writeFileSync(inputsOf(output), inputs.join('\n'));
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
  if (!areCurrent(outputs)) await make(name);
  await import(pathToFileURL(outputs[0]).href);
}
