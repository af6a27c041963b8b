import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PrivateApt } from './apt.ts';
import type { Cache, Report } from './cache.ts';
import { type CpioEntry, parentFolders } from './cpio.ts';
import { LabError } from './errors.ts';
import { fileOfRoot, libraryPath, withLibraries } from './guest-programs.ts';
import { programOfRoot } from './qemu.ts';

/** Where a guest's programs come from; the host borrows them too where it lacks one. */
const packages = [
  'busybox-static',
  'dash',
  'bash',
  'iproute2',
  'ethtool',
  'iputils-ping',
  'iperf3',
  'socat',
  'curl',
  'tcpdump',
  'kmod',
  'pciutils',
  'qemu-guest-agent',
  'linuxptp',
];

/** Programs of a guest, by their place in the unpacked packages. All else in those packages stays out. */
const programs = [
  'usr/bin/busybox',
  'usr/bin/dash',
  'usr/bin/bash',
  'usr/bin/ip',
  'usr/sbin/bridge',
  'usr/bin/ss',
  'usr/sbin/tc',
  'usr/sbin/ethtool',
  'usr/bin/ping',
  'usr/bin/iperf3',
  'usr/bin/socat',
  'usr/bin/curl',
  'usr/bin/tcpdump',
  'usr/bin/kmod',
  'usr/bin/lspci',
  'usr/bin/setpci',
  'usr/sbin/qemu-ga',
  'usr/sbin/ptp4l',
  'usr/sbin/phc_ctl',
];
/** Libraries that no program names but some load while they run: iperf3 does to cancel a thread. */
const loadedLibraries = ['libgcc_s.so.1'];
/** Not in /sbin, where the kernel would run modprobe while it boots, a second each time under emulation: init tells it where. */
const kmodLinks = ['modprobe', 'insmod', 'rmmod', 'lsmod', 'modinfo', 'depmod'].map((name) => `usr/bin/${name}`);

/** Changes whenever the guest's files should. */
export const guestToolsRecipe = [...programs, ...loadedLibraries, ...kmodLinks].join(' ');

/** The unpacked packages of a guest's programs, with their libraries. */
export class GuestTools {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  static async prepare(cache: Cache, apt: PrivateApt, report: Report): Promise<GuestTools> {
    const root = await cache.step('tools', `trixie ${packages.join(' ')} 1`, report, (folder) =>
      apt.unpackWithDependencies('trixie', packages, folder),
    );
    return new GuestTools(root);
  }

  /** How the host runs one of these programs: from its own PATH where it is there, else with the packages' loader. */
  hostProgram(name: string): { command: string; args: string[] } {
    for (const folder of [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'])
      if (folder !== '' && existsSync(join(folder, name))) return { command: join(folder, name), args: [] };
    return this.cachedProgram(name);
  }

  /** How the host runs one of these programs with the packages' own loader and libraries. */
  cachedProgram(name: string): { command: string; args: string[] } {
    if (name === 'busybox') return { command: join(this.root, 'usr/bin/busybox'), args: [] };
    const path = programs.find((program) => program.endsWith(`/${name}`));
    if (path === undefined) throw new LabError('NO_PROGRAM', `${name} is not one of the lab's programs`);
    return programOfRoot(this.root, path);
  }

  /** depmod: kmod under that name. The loader can pass the name on by itself (--argv0). */
  cachedDepmod(): { command: string; args: string[] } {
    const { command, args } = this.cachedProgram('kmod');
    return { command, args: ['--argv0', 'depmod', ...args] };
  }

  /** Files of the guest's fixed part: programs, the libraries that they need, and names that lead to them. */
  entries(): CpioEntry[] {
    const known = new Set<string>();
    const entries: CpioEntry[] = [];
    const add = (entry: CpioEntry): void => {
      if (known.has(entry.path)) return;
      entries.push(...parentFolders(entry.path, known), entry);
      known.add(entry.path);
    };
    const link = (path: string, to: string): void => add({ path, kind: 'link', mode: 0o777, content: Buffer.from(to) });
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) link(name, `usr/${name}`);
    for (const folder of ['dev', 'proc', 'sys', 'run', 'tmp', 'root', 'etc', 'var', 'mnt', 'usr/lib/modules'])
      add({ path: folder, kind: 'folder', mode: 0o755 });
    add({ path: 'dev/console', kind: 'character-device', mode: 0o600, device: [5, 1] });
    const { root } = this;
    entries.push(
      ...withLibraries(root, [...programs, ...loadedLibraries.map((name) => libraryPath(root, name))], known),
    );
    const loader = readFileSync(fileOfRoot(root, libraryPath(root, 'ld-linux-x86-64.so.2')));
    add({ path: 'usr/lib64/ld-linux-x86-64.so.2', kind: 'file', mode: 0o755, content: loader });
    // Debian's busybox shell runs its own applets rather than the programs beside it, so it is nobody's shell here.
    link('usr/bin/sh', 'dash');
    for (const path of kmodLinks) link(path, 'kmod');
    return entries;
  }
}
