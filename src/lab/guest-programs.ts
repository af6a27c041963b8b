/** Programs of unpacked packages with the libraries that they need, as a guest has them. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { type CpioEntry, parentFolders } from './cpio.ts';
import { neededLibraries } from './elf.ts';
import { LabError } from './errors.ts';

const libraryFolders = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu', 'usr/lib64', 'lib64'];

/** Where a guest has a library of the unpacked packages in `root`. */
export function libraryPath(root: string, name: string): string {
  const folder = libraryFolders.find((candidate) => existsSync(join(root, candidate, name)));
  if (folder === undefined) throw new LabError('NO_LIBRARY', `Debian's packages bring no ${name}`);
  return `usr/lib/x86_64-linux-gnu/${name}`;
}

/** The file behind a name of the guest: packages may still use /bin and /lib where the guest has /usr only. */
export function fileOfRoot(root: string, path: string): string {
  const candidates = [
    path,
    path.replace(/^usr\//, ''),
    path.replace('usr/lib/x86_64-linux-gnu', 'usr/lib64'),
    path.replace('usr/sbin', 'usr/bin'),
  ];
  for (const candidate of candidates) {
    const full = join(root, candidate);
    if (existsSync(full)) return realpathSync(full);
  }
  throw new LabError('NO_PROGRAM', `Debian's packages bring no ${path}.`, `Remove ${root} to have them fetched again.`);
}

/** Entries for files of the guest, by path, and for all libraries that they name; `known` paths are left out, and noted. */
export function withLibraries(root: string, paths: readonly string[], known: Set<string>): CpioEntry[] {
  const entries: CpioEntry[] = [];
  const pending = [...paths];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (known.has(path)) continue;
    const content = readFileSync(fileOfRoot(root, path));
    entries.push(...parentFolders(path, known), { path, kind: 'file', mode: 0o755, content });
    known.add(path);
    for (const name of neededLibraries(content)) pending.push(libraryPath(root, name));
  }
  return entries;
}
