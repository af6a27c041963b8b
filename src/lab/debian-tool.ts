/** Programs of Debian that check what the project writes: from PATH, else from a package in the cache. */
import { existsSync, realpathSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { PrivateApt } from './apt.ts';
import { Cache, type Report } from './cache.ts';
import { programOfRoot } from './qemu.ts';

const tools = {
  tshark: 'tshark',
  dumpcap: 'tshark',
  promtool: 'prometheus',
  // The whole gdb has a Python that does not start out of a folder of its own.
  gdb: 'gdb-minimal',
} as const;

export type DebianTool = keyof typeof tools;

export interface ToolCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** tshark looks for dumpcap beside the program that it runs as, which is the loader: there it finds this. */
function placeDumpcap(root: string): void {
  const { command, args } = programOfRoot(root, 'usr/bin/dumpcap');
  const loader = realpathSync(command);
  const folder = dirname(loader);
  // The root is renamed when it is whole: the script finds it from where it lies itself.
  const words = [loader, ...args].map(
    (word) => `"${word.replaceAll(realpathSync(root), '$root').replaceAll(root, '$root')}"`,
  );
  const up = relative(folder, realpathSync(root));
  const script = `#!/bin/sh\nroot=$(cd "$(dirname "$0")/${up}" && pwd)\nexec ${words.join(' ')} "$@"\n`;
  writeFileSync(join(folder, 'dumpcap'), script, { mode: 0o755 });
}

/** How to run it; fetches its package where the machine has none. Throws LabError where that fails. */
export async function debianTool(name: DebianTool, report: Report): Promise<ToolCommand> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter))
    if (folder !== '' && existsSync(join(folder, name))) return { command: join(folder, name), args: [] };
  const cache = new Cache();
  const apt = new PrivateApt(cache, report);
  const root = await cache.step(tools[name], `trixie ${tools[name]} 3`, report, async (folder) => {
    await apt.unpackWithDependencies('trixie', [tools[name]], folder);
    if (tools[name] === 'tshark') placeDumpcap(folder);
  });
  return programOfRoot(root, `usr/bin/${name}`);
}
