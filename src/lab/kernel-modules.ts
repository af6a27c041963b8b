import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { moduleDependencies } from './elf.ts';
import { LabError } from './errors.ts';
import { runCommand } from './run-command.ts';

/** A module's name as the kernel has it: of `i2c-algo-bit.ko.xz`, i2c_algo_bit. */
export function moduleName(file: string): string {
  return basename(file)
    .replace(/\.ko(\.xz|\.zst|\.gz)?$/, '')
    .replaceAll('-', '_');
}

/** All module files of a kernel by name, as paths below `folder` (lib/modules/VERSION). */
function modulesBelow(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && /\.ko(\.xz)?$/.test(entry.name)) {
      const path = join(entry.parentPath ?? entry.path, entry.name);
      found.set(moduleName(path), path);
    }
  return found;
}

/** The module file's bytes, decompressed by `busybox`, a static program that runs anywhere. */
async function moduleBytes(path: string, busybox: string): Promise<Buffer> {
  if (!path.endsWith('.xz')) return readFileSync(path);
  const plain = path.slice(0, -'.xz'.length);
  if (!existsSync(plain)) {
    const result = await runCommand(busybox, ['unxz', '-k', path]);
    if (result.status !== 0)
      throw new LabError('MODULE_UNPACK', `cannot decompress ${path}: ${result.stderr.trim()}.`, 'Is the disk full?');
  }
  return readFileSync(plain);
}

/**
 * Copies the wanted modules and those that they depend on, decompressed, from one lib/modules/VERSION folder to another.
 * A module that is not there is left out: another kernel version may have it built in or not at all.
 */
export async function selectModules(
  wanted: readonly string[],
  source: string,
  target: string,
  busybox: string,
): Promise<string[]> {
  const available = modulesBelow(source);
  const taken = new Set<string>();
  const pending = wanted.map(moduleName);
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const path = available.get(name);
    if (path === undefined || taken.has(name)) continue;
    taken.add(name);
    const bytes = await moduleBytes(path, busybox);
    pending.push(...moduleDependencies(bytes).map(moduleName));
    const place = join(target, relative(source, path).replace(/\.xz$/, ''));
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, bytes);
  }
  return [...taken].sort();
}
