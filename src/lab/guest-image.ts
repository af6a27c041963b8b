import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PrivateApt } from './apt.ts';
import type { Cache, Report } from './cache.ts';
import { packCpio, parentFolders } from './cpio.ts';
import { guestFiles } from './guest-init.ts';
import { type GuestTools, guestToolsRecipe } from './guest-tools.ts';
import { type GuestKernel, prepareKernel } from './kernel.ts';
import { runCommand } from './run-command.ts';
import { LabError } from './errors.ts';

/** What QEMU boots: a kernel and one initrd file with the fixed part and that kernel's modules. */
export interface GuestImage {
  readonly kernel: GuestKernel;
  readonly initrd: string;
}

const recipe = '1';

/** Names that the guest's busybox answers to. */
async function busyboxNames(tools: GuestTools): Promise<string[]> {
  const result = await runCommand(tools.cachedProgram('busybox').command, ['--list']);
  if (result.status !== 0) throw new LabError('BUSYBOX', 'the busybox in the cache does not run');
  return result.stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
}

async function fixedPart(tools: GuestTools): Promise<Buffer> {
  const entries = tools.entries();
  const known = new Set(entries.map((entry) => entry.path));
  for (const [path, mode, text] of guestFiles) {
    entries.push(...parentFolders(path, known), { path, kind: 'file', mode, content: Buffer.from(text) });
    known.add(path);
  }
  const own = new Set([...known].map((path) => path.split('/').at(-1)));
  for (const name of await busyboxNames(tools))
    if (!own.has(name))
      entries.push({ path: `usr/bin/${name}`, kind: 'link', mode: 0o777, content: Buffer.from('busybox') });
  return packCpio(entries);
}

/** The guest with a kernel of the version given, made once. */
export async function prepareGuestImage(
  version: string,
  cache: Cache,
  apt: PrivateApt,
  tools: GuestTools,
  report: Report,
): Promise<GuestImage> {
  const kernel = await prepareKernel(version, cache, apt, tools, report);
  const inputs = [recipe, guestToolsRecipe, tools.root, kernel.modules, ...guestFiles.flat().map(String)].join('\n');
  const folder = await cache.step(`initrd-${version}`, inputs, report, async (partial) => {
    report('packing the guest');
    const file = join(partial, 'initrd.cpio');
    writeFileSync(file, await fixedPart(tools));
    appendFileSync(file, readFileSync(kernel.modules));
  });
  return { kernel, initrd: join(folder, 'initrd.cpio') };
}
