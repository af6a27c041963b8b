/** QEMU's own tests of its devices, `qos-test`, built once from Debian's source package. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join, relative, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PrivateApt } from './apt.ts';
import type { Cache, Report } from './cache.ts';
import { LabError } from './errors.ts';
import { runCommand } from './run-command.ts';

/** What the machine itself must have; headers, libraries, meson and ninja come from packages. */
const hostPrograms = ['gcc', 'pkg-config', 'python3', 'tar', 'xz', 'bzip2', 'make'];
/** From the older release, so that what is built runs on any later one. */
const libraries = [
  ...[
    'libglib2.0-dev',
    'libglib2.0-0',
    'libpcre2-dev',
    'libpcre2-8-0',
    'libfdt-dev',
    'libfdt1',
    'zlib1g-dev',
    'zlib1g',
  ],
  ...['libffi-dev', 'libffi8', 'libmount-dev', 'libmount1', 'libblkid-dev', 'libblkid1'],
  ...['libselinux1-dev', 'libselinux1', 'libsepol-dev', 'libsepol2'],
];
const tools = ['meson', 'python3-pycotap'];
const configuration = [
  ...['--target-list=x86_64-softmmu', '--without-default-features', '--enable-tcg'],
  ...['--disable-docs', '--disable-download', '--disable-install-blobs'],
];
const recipe = `trixie qemu qos-test 1 ${libraries.join(' ')} ${configuration.join(' ')}`;
const library = 'usr/lib/x86_64-linux-gnu';

/** The tests of igb, in their own order. */
export const igbTests = ['init', 'tx', 'rx', 'multiple_transfers', 'hotplug'] as const;
const testPath = '/x86_64/pc/i440FX-pcihost/pci-bus-pc/pci-bus/igb/igb-tests';
/** From build/src/lab. */
const binary = fileURLToPath(new URL('../../../bin/outboard-system-x86_64', import.meta.url));
const testLimitMs = 120_000;

export interface QemuTests {
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  /** Version of QEMU that they come from. */
  readonly version: string;
}

export function haveQemuTests(cache: Cache): boolean {
  return cache.has('qemu-tests', recipe);
}

/** Builds them where that has not happened: minutes, and half a gigabyte while it lasts. */
export async function prepareQemuTests(
  cache: Cache,
  apt: PrivateApt,
  report: Report,
  signal?: AbortSignal,
): Promise<QemuTests> {
  const folder = await cache.step('qemu-tests', recipe, report, async (partial) => {
    checkHost();
    const build = new Build(partial, report, signal);
    await build.fetch(apt);
    await build.unpackSource();
    await build.configure();
    await build.compile();
    build.keepResult();
  });
  const version = readFileSync(join(folder, 'version'), 'utf8').trim();
  return { program: join(folder, 'qos-test'), env: { LD_LIBRARY_PATH: join(folder, 'lib') }, version };
}

/** Runs one of them with our binary as QEMU; throws LabError `QOS_TEST` with what it said where it fails. */
export async function runQemuTest({ program, env }: QemuTests, test: string): Promise<void> {
  const result = await runCommand(program, ['-p', `${testPath}/${test}`], {
    env: { ...process.env, ...env, QTEST_QEMU_BINARY: binary },
    timeoutMs: testLimitMs,
  });
  const passed = new RegExp(`^ok \\d+ ${testPath}/${test}$`, 'm').test(result.stdout);
  if (result.status === 0 && passed) return;
  const lines = `${result.stdout}\n${result.stderr}`.trim().split('\n');
  const reason = lines.find((line) => /ERROR|Bail out|outboard:|not ok/.test(line)) ?? lines.at(-1) ?? '';
  throw new LabError('QOS_TEST', `${test}: ${reason}`);
}

function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

function checkHost(): void {
  const missing = hostPrograms.filter((program) => !onPath(program));
  if (missing.length === 0) return;
  throw new LabError(
    'BUILD_TOOLS',
    `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing, which building QEMU's tests needs.`,
    'On Debian: apt install build-essential pkg-config python3-venv xz-utils bzip2.',
  );
}

class Build {
  readonly #folder: string;
  readonly #report: Report;
  readonly #signal: AbortSignal | undefined;
  readonly #root: string;
  readonly #tools: string;
  readonly #source: string;
  readonly #output: string;

  constructor(folder: string, report: Report, signal: AbortSignal | undefined) {
    this.#folder = folder;
    this.#report = report;
    this.#signal = signal;
    this.#root = join(folder, 'root');
    this.#tools = join(folder, 'tools');
    this.#source = join(folder, 'source');
    this.#output = join(folder, 'output');
  }

  async fetch(apt: PrivateApt): Promise<void> {
    await apt.unpack('bookworm', libraries, this.#root);
    await apt.unpack('trixie', tools, this.#tools);
    if (!onPath('ninja')) await apt.unpack('bookworm', ['ninja-build'], this.#tools);
    await apt.source('trixie', 'qemu', join(this.#folder, 'archives'));
    relativeLinks(join(this.#root, library), this.#root);
  }

  async unpackSource(): Promise<void> {
    this.#report('unpacking the source of QEMU');
    const archives = join(this.#folder, 'archives');
    const archive = readdirSync(archives).find((name) => /\.orig\.tar\.\w+$/.test(name));
    if (archive === undefined) throw new LabError('QEMU_SOURCE', 'the source package of QEMU has no .orig.tar');
    mkdirSync(this.#source);
    await this.#run('tar', ['-xf', join(archives, archive), '-C', this.#source, '--strip-components=1'], this.#folder);
    // Debian leaves firmware out that the build names but that nothing here needs.
    const blobs = join(this.#source, 'pc-bios');
    for (const [name] of readFileSync(join(blobs, 'meson.build'), 'utf8').matchAll(/edk2-[\w-]+\.fd/g)) {
      const file = join(blobs, `${name}.bz2`);
      if (!existsSync(file)) writeFileSync(file, '');
    }
  }

  async configure(): Promise<void> {
    this.#report("configuring QEMU's tests");
    mkdirSync(this.#output);
    const folder = join(this.#root, library);
    await this.#run(
      join(this.#source, 'configure'),
      [...configuration, `--extra-ldflags=-L${folder} -Wl,-rpath-link,${folder}`],
      this.#output,
    );
  }

  async compile(): Promise<void> {
    const progress = (line: string): void => {
      const found = /^\[(\d+)\/(\d+)\]/.exec(line);
      if (found !== null)
        this.#report(`compiling QEMU's tests ${Math.round((100 * Number(found[1])) / Number(found[2]))} %`);
    };
    await this.#run('sh', ['-c', 'exec ninja tests/qtest/qos-test >&3'], this.#output, progress);
  }

  keepResult(): void {
    mkdirSync(join(this.#folder, 'lib'));
    for (const name of ['libglib-2.0.so.0', 'libpcre2-8.so.0']) {
      copyFileSync(join(this.#root, library, name), join(this.#folder, 'lib', name));
    }
    copyFileSync(join(this.#output, 'tests/qtest/qos-test'), join(this.#folder, 'qos-test'));
    chmodSync(join(this.#folder, 'qos-test'), 0o755);
    copyFileSync(join(this.#source, 'VERSION'), join(this.#folder, 'version'));
    for (const name of ['root', 'tools', 'source', 'output', 'archives']) {
      rmSync(join(this.#folder, name), { recursive: true, force: true });
    }
  }

  async #run(program: string, args: readonly string[], cwd: string, onLine?: (line: string) => void): Promise<void> {
    const packages = join(this.#root, library, 'pkgconfig');
    const result = await runCommand(program, args, {
      cwd,
      signal: this.#signal,
      env: {
        ...process.env,
        LC_ALL: 'C',
        PATH: `${process.env['PATH'] ?? ''}${delimiter}${join(this.#tools, 'usr/bin')}`,
        PYTHONPATH: join(this.#tools, 'usr/lib/python3/dist-packages'),
        PKG_CONFIG_SYSROOT_DIR: this.#root,
        PKG_CONFIG_LIBDIR: `${packages}:${join(this.#root, 'usr/share/pkgconfig')}`,
      },
      ...(onLine === undefined ? {} : { onStatusLine: onLine }),
    });
    if (result.status === 0) return;
    const lines = `${result.stdout}\n${result.stderr}`.trim().split('\n');
    const line = lines.findLast((text) => /error/i.test(text)) ?? lines.at(-1) ?? '';
    throw new LabError(
      'QEMU_TESTS',
      `building QEMU's tests failed: ${line.trim()}`,
      'On Debian: apt install build-essential pkg-config python3-venv.',
    );
  }
}

/** Makes links to absolute paths point into the root that they were unpacked into. */
function relativeLinks(folder: string, root: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue;
    const path = join(folder, entry.name);
    const target = readlinkSync(path);
    if (!target.startsWith('/')) continue;
    rmSync(path);
    symlinkSync(relative(dirname(path), join(root, target)), path);
  }
}
