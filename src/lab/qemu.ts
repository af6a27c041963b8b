import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Report } from './cache.ts';
import { Cache } from './cache.ts';
import { PrivateApt } from './apt.ts';
import { LabError } from './errors.ts';
import { runCommand } from './run-command.ts';

/** A QEMU that can be run: `command args… <QEMU's own arguments>` with `env` added to the environment. */
export interface Qemu {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** As QEMU says it: major and minor. */
  readonly version: readonly [number, number];
  /** One line: version and where it is from. */
  readonly described: string;
  /** Why a hierarchy cannot be attached to it; undefined where it can. */
  readonly noHierarchy: string | undefined;
}

/** The first release with the DMA_WRITE layout that a hierarchy's message interrupts need. */
const wanted: readonly [number, number] = [11, 1];
/** The first release with a vfio-user client at all. */
const firstWithVfioUser: readonly [number, number] = [10, 1];
const program = 'qemu-system-x86_64';
const recipe = 'trixie-backports qemu-system-x86 1';

function older(a: readonly [number, number], b: readonly [number, number]): boolean {
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
}

/** [11, 1] of "QEMU emulator version 11.1.3 (Debian 1:11.1.3+ds-1~bpo13+1)". */
export function parseQemuVersion(text: string): [number, number] | undefined {
  const found = /QEMU emulator version (\d+)\.(\d+)/.exec(text);
  return found === null ? undefined : [Number(found[1]), Number(found[2])];
}

/** Why this version cannot carry a hierarchy, in one sentence. */
export function hierarchyRefusal(version: readonly [number, number]): string | undefined {
  const name = `${version[0]}.${version[1]}`;
  if (older(version, firstWithVfioUser)) return `QEMU ${name} has no vfio-user client (10.1 is the first that has one)`;
  if (!older(version, wanted)) return undefined;
  return `QEMU ${name} reads DMA_WRITE in an older layout, in which every interrupt message behind VMD would carry 0; only function attachments work with it (11.1 and newer take both)`;
}

async function versionOf(qemu: Pick<Qemu, 'command' | 'args' | 'env'>): Promise<[number, number] | undefined> {
  const env = { ...process.env, ...qemu.env };
  const result = await runCommand(qemu.command, [...qemu.args, '--version'], { env, timeoutMs: 20_000 }).catch(
    () => undefined,
  );
  return result === undefined || result.status !== 0 ? undefined : parseQemuVersion(result.stdout);
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function found(path: string, version: [number, number], origin: string): Qemu {
  return {
    command: path,
    args: [],
    env: {},
    version,
    described: `QEMU ${version.join('.')} (${origin})`,
    noHierarchy: hierarchyRefusal(version),
  };
}

/** The QEMU that the user named; anything that has a vfio-user client will do. */
async function namedQemu(path: string): Promise<Qemu> {
  if (!executable(path))
    throw new LabError(
      'QEMU_NOT_FOUND',
      `${path} is not a program.`,
      `Name a ${program} with --qemu or OUTBOARD_QEMU, or leave both out.`,
    );
  const version = await versionOf({ command: path, args: [], env: {} });
  if (version === undefined)
    throw new LabError(
      'QEMU_UNUSABLE',
      `${path} --version does not answer as a QEMU does.`,
      `Name a ${program} of 11.1 or newer.`,
    );
  return found(path, version, path);
}

async function qemuOnPath(): Promise<Qemu | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, program);
    if (folder === '' || !executable(path)) continue;
    const version = await versionOf({ command: path, args: [], env: {} });
    if (version !== undefined && !older(version, wanted)) return found(path, version, 'on PATH');
  }
  return undefined;
}

/**
 * A program of an unpacked Debian root, run with that root's own loader and libraries so that the host's do not matter.
 * The folders of private libraries (below the multiarch one) are searched too.
 */
export function programOfRoot(root: string, path: string): { command: string; args: string[] } {
  const libraries = join(root, 'usr/lib/x86_64-linux-gnu');
  const below = existsSync(libraries)
    ? readdirSync(libraries, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(libraries, entry.name))
    : [];
  const loader = ['usr/lib64/ld-linux-x86-64.so.2', 'lib64/ld-linux-x86-64.so.2'].map((name) => join(root, name));
  const command = loader.find((name) => existsSync(name)) ?? loader[0]!;
  const search = [libraries, join(root, 'lib/x86_64-linux-gnu'), ...below].join(':');
  return { command, args: ['--library-path', search, join(root, path)] };
}

async function cachedQemu(cache: Cache, apt: PrivateApt, report: Report): Promise<Qemu> {
  const root = await cache.step('qemu', recipe, report, (folder) =>
    apt.unpackWithDependencies('trixie-backports', ['qemu-system-x86'], folder),
  );
  const share = join(root, 'usr/share');
  const { command, args } = programOfRoot(root, 'usr/bin/qemu-system-x86_64');
  const run = {
    command,
    args: [...args, '-L', join(share, 'qemu'), '-L', join(share, 'seabios')],
    env: { QEMU_MODULE_DIR: join(root, 'usr/lib/x86_64-linux-gnu/qemu') },
  };
  const version = await versionOf(run);
  if (version === undefined)
    throw new LabError(
      'QEMU_UNUSABLE',
      `the QEMU in ${root} does not run.`,
      'Remove that folder to have it fetched again.',
    );
  return {
    ...run,
    version,
    described: `QEMU ${version.join('.')} (Debian's, from the cache)`,
    noHierarchy: hierarchyRefusal(version),
  };
}

/** The QEMU named by the user, else one on PATH that is new enough, else Debian's from trixie-backports. */
export async function findQemu(
  named: string | undefined,
  cache: Cache,
  apt: PrivateApt,
  report: Report,
): Promise<Qemu> {
  const path = named ?? process.env['OUTBOARD_QEMU'];
  if (path !== undefined && path !== '') return namedQemu(path);
  return (await qemuOnPath()) ?? cachedQemu(cache, apt, report);
}
