// Makes a fresh clone ready to run: npm dependencies, then the build. Says what it does while it does it.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** The one folder outside the clone that is written to. */
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'outboard');

function fail(line) {
  console.error(`outboard: ${line}`);
  process.exit(1);
}

/** Whether npm, by its own record, has installed what a lock file names; what is optional may be for other platforms. */
function isInstalled(lock) {
  let packages;
  try {
    ({ packages } = JSON.parse(readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8')));
  } catch {
    return false;
  }
  return Object.entries(JSON.parse(lock).packages).every(
    ([path, { version, optional }]) => path === '' || optional === true || packages[path]?.version === version,
  );
}

/** Installs what package-lock.json names unless node_modules already has just that. */
function installDependencies() {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const stamp = join(root, 'node_modules', '.outboard-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  if (isInstalled(lock)) {
    writeFileSync(stamp, lock);
    return;
  }
  process.stderr.write('Installing the npm dependencies … ');
  const begin = Date.now();
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--cache', join(cache, 'npm')], {
    cwd: root,
    encoding: 'utf8',
  });
  if (npm.status !== 0) {
    process.stderr.write('failed\n');
    if (npm.error?.code === 'ENOENT') fail('there is no npm: install it, as Node.js brings it along');
    fail(`"npm ci" failed: ${(npm.stderr ?? String(npm.error)).trim().split('\n').slice(0, 5).join('\n  ')}`);
  }
  writeFileSync(stamp, lock);
  process.stderr.write(`${((Date.now() - begin) / 1000).toFixed(1)} s\n`);
}

/** Dependencies installed and build/ up to date. */
export async function setUp() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) fail(`needs Node 20.19 or newer; this is ${process.versions.node}`);
  if (process.platform !== 'linux' || process.arch !== 'x64')
    fail(`needs Linux on x86-64; this is ${process.platform} on ${process.arch}`);
  installDependencies();
  const { build } = await import('./build.mjs');
  try {
    await build();
  } catch (error) {
    // A source that does not parse is told by its errors; what is left is a clone that may only be read.
    if (error.code === undefined) throw error;
    fail(`cannot build into ${join(root, 'build')}: ${error.message}; build once as a user who may write the clone`);
  }
}
