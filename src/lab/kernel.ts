import { existsSync, mkdirSync, copyFileSync, readdirSync, writeFileSync, rmSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { PrivateApt, Suite } from './apt.ts';
import type { Cache, Report } from './cache.ts';
import { type CpioEntry, packCpio, parentFolders } from './cpio.ts';
import { LabError } from './errors.ts';
import type { GuestTools } from './guest-tools.ts';
import { selectModules } from './kernel-modules.ts';
import { runCommand } from './run-command.ts';

/** A stock Debian kernel, ready to boot. */
export interface GuestKernel {
  /** As `uname -r` says it. */
  readonly release: string;
  readonly image: string;
  /** Archive with the modules that the lab uses. */
  readonly modules: string;
}

/** Kernels by the version that a user selects, and the Debian suite that has it as its linux-image-amd64. */
export const kernelSuites: Readonly<Record<string, Suite>> = {
  '6.1': 'bookworm',
  '6.12': 'trixie',
  '7.3': 'trixie-backports',
};
export const defaultKernel = '6.12';

const wantedModules = [
  ...['vmd', 'igb', 'igbvf', 'i2c-algo-bit', 'dca', 'pci-stub', 'pci-pf-stub'],
  ...['vfio', 'vfio-pci', 'vfio-iommu-type1', 'uio', 'uio-pci-generic'],
  ...['8021q', 'bridge', 'macvlan', 'macvtap', 'veth', 'bonding', 'tun', 'dummy', 'ipvlan', 'vxlan'],
  ...['virtio-pci', 'virtio-ring', 'virtio-console', 'ptp', 'pps-core', 'pktgen', 'msr', 'hwmon'],
  ...['sch-mqprio', 'sch-etf', 'sch-taprio', 'sch-ingress', 'cls-flower', 'cls-matchall', 'act-mirred', 'af-packet'],
];
const recipe = `${wantedModules.join(' ')} 2`;
const kernelPackage = /^linux-(image|binary|modules)-\d/;

function releaseFolder(root: string): string | undefined {
  const parent = ['usr/lib/modules', 'lib/modules'].map((name) => join(root, name)).find((path) => existsSync(path));
  const release = parent === undefined ? undefined : readdirSync(parent)[0];
  return parent === undefined || release === undefined ? undefined : join(parent, release);
}

/** Fetches the packages behind `linux-image-amd64` of a suite, without what only an installed system needs. */
async function unpackKernel(suite: Suite, apt: PrivateApt, folder: string): Promise<void> {
  const packages = new Set<string>();
  const pending = ['linux-image-amd64'];
  for (let name = pending.pop(); name !== undefined; name = pending.pop())
    for (const needed of await apt.dependencies(suite, name))
      if (kernelPackage.test(needed) && !needed.includes('cloud') && !packages.has(needed)) {
        packages.add(needed);
        pending.push(needed);
      }
  if (packages.size === 0) throw new LabError('NO_KERNEL', `linux-image-amd64 of ${suite} names no kernel package`);
  await apt.unpack(suite, [...packages], folder);
}

/** The module archive: chosen modules and the indexes that modprobe reads, made by Debian's depmod. */
async function packModules(root: string, folder: string, release: string, tools: GuestTools): Promise<Buffer> {
  const source = releaseFolder(root)!;
  const stage = join(folder, 'stage');
  const target = join(stage, 'lib/modules', release);
  mkdirSync(target, { recursive: true });
  await selectModules(wantedModules, source, target, tools.cachedProgram('busybox').command);
  for (const name of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order'])
    if (existsSync(join(source, name))) copyFileSync(join(source, name), join(target, name));
  const depmod = tools.cachedDepmod();
  const result = await runCommand(depmod.command, [...depmod.args, '-b', stage, release]);
  if (result.status !== 0) throw new LabError('DEPMOD', `depmod failed: ${result.stderr.trim()}`);
  const known = new Set(['usr', 'usr/lib', 'usr/lib/modules']);
  const entries: CpioEntry[] = [];
  for (const entry of readdirSync(stage, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath ?? entry.path, entry.name);
    const path = `usr/${relative(stage, file)}`;
    entries.push(...parentFolders(path, known), { path, kind: 'file', mode: 0o644, content: readFileSync(file) });
  }
  rmSync(stage, { recursive: true });
  return packCpio(entries);
}

/** The kernel of a version ("6.12"), fetched and packed once. */
export async function prepareKernel(
  version: string,
  cache: Cache,
  apt: PrivateApt,
  tools: GuestTools,
  report: Report,
): Promise<GuestKernel> {
  const suite = kernelSuites[version];
  if (suite === undefined)
    throw new LabError(
      'UNKNOWN_KERNEL',
      `there is no kernel "${version}".`,
      `Choose one of ${Object.keys(kernelSuites).join(', ')}.`,
    );
  const folder = await cache.step(`kernel-${version}`, `${suite} ${recipe}`, report, async (partial) => {
    const root = join(partial, 'root');
    await unpackKernel(suite, apt, root);
    report(`packing the modules of kernel ${version}`);
    const from = releaseFolder(root);
    const release = from?.split('/').at(-1);
    if (from === undefined || release === undefined)
      throw new LabError('NO_KERNEL', `the kernel packages of ${suite} bring no modules`);
    if (!release.startsWith(`${version}.`)) report(`${suite} now brings kernel ${release}; it stands for ${version}`);
    const image = [join(root, 'boot', `vmlinuz-${release}`), join(from, 'vmlinuz')].find((path) => existsSync(path));
    if (image === undefined) throw new LabError('NO_KERNEL', `the kernel packages of ${suite} bring no vmlinuz`);
    copyFileSync(image, join(partial, 'vmlinuz'));
    writeFileSync(join(partial, 'modules.cpio'), await packModules(root, partial, release, tools));
    writeFileSync(join(partial, 'release'), release);
    rmSync(root, { recursive: true });
  });
  return {
    release: readFileSync(join(folder, 'release'), 'utf8'),
    image: join(folder, 'vmlinuz'),
    modules: join(folder, 'modules.cpio'),
  };
}
