import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemDebianUri } from './apt-sources.ts';
import type { Cache, Report } from './cache.ts';
import { LabError } from './errors.ts';
import { runCommand } from './run-command.ts';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Debian releases that the lab takes packages from; backports come with the release that they are for. */
export type Suite = 'bookworm' | 'trixie' | 'trixie-backports';

/** Shell: the archive's files that match the patterns, into the folder. */
const unpackSome =
  'archive=$1 target=$2; shift 2; dpkg-deb --fsys-tarfile "$archive" | tar --extract --directory "$target" --wildcards "$@"';

/** Binary packages or sources: each kind has lists of its own, and only who asks for sources fetches theirs. */
type PackageKind = 'deb' | 'deb-src';

/**
 * Packages from Debian by an apt of our own: own lists, own cache, no installed packages, nothing of the system written.
 * The system's mirror, its apt settings (a proxy, say) and its archive keys are used. Needs no root.
 */
export class PrivateApt {
  readonly #cache: Cache;
  readonly #report: Report;
  readonly #signal: AbortSignal | undefined;
  readonly #updated: Set<string>;

  constructor(cache: Cache, report: Report, signal?: AbortSignal) {
    this.#cache = cache;
    this.#report = report;
    this.#signal = signal;
    this.#updated = new Set();
  }

  /** Unpacks the packages and all that they depend on into `target`. */
  async unpackWithDependencies(suite: Suite, packages: readonly string[], target: string): Promise<void> {
    await this.#withFolder(suite, target, async (archives) => {
      const install = ['install', '--download-only', '--yes', '-t', suite, '-o', `Dir::Cache::archives=${archives}`];
      mkdirSync(join(archives, 'partial'));
      await this.#apt(suite, [...install, ...packages], `fetching ${packages[0]} and what it needs`);
    });
  }

  /** Unpacks just the packages named, and of them the files that patterns of tar name, where there are any. */
  async unpack(
    suite: Suite,
    packages: readonly string[],
    target: string,
    patterns: readonly string[] = [],
  ): Promise<void> {
    const fetch = async (archives: string): Promise<void> => {
      const named = packages.map((name) => `${name}/${suite}`);
      await this.#apt(suite, ['download', ...named], `fetching ${packages[0]}`, archives);
    };
    await this.#withFolder(suite, target, fetch, patterns);
  }

  /** Fetches the files of a source package, unpacked or not: `NAME_VERSION.orig.tar.xz` and the like, into `target`. */
  async source(suite: Suite, name: string, target: string): Promise<void> {
    await this.#update(suite, 'deb-src');
    mkdirSync(target, { recursive: true });
    const args = ['source', '--download-only', `${name}/${suite}`];
    await this.#apt(suite, args, `fetching the source of ${name}`, target, 'deb-src');
  }

  /** Names of the packages that a package depends on; of alternatives the first. */
  async dependencies(suite: Suite, name: string): Promise<string[]> {
    await this.#update(suite);
    const shown = await this.#run(suite, 'apt-cache', ['show', '--no-all-versions', `${name}/${suite}`]);
    const depends = /^Depends: (.*)$/m.exec(shown)?.[1] ?? '';
    return depends
      .split(',')
      .map((part) => part.trim().split(/[ (|:]/)[0] ?? '')
      .filter((part) => part !== '');
  }

  async #withFolder(
    suite: Suite,
    target: string,
    fetch: (archives: string) => Promise<void>,
    patterns: readonly string[] = [],
  ): Promise<void> {
    await this.#update(suite);
    const archives = `${target}.archives`;
    rmSync(archives, { recursive: true, force: true });
    mkdirSync(archives, { recursive: true });
    try {
      await fetch(archives);
      const files = readdirSync(archives).filter((name) => name.endsWith('.deb'));
      for (const [index, file] of files.entries()) {
        this.#report(`unpacking ${index + 1} of ${files.length} packages`);
        const archive = join(archives, file);
        const result = await (patterns.length === 0
          ? runCommand('dpkg-deb', ['--extract', archive, target], { signal: this.#signal })
          : runCommand('sh', ['-c', unpackSome, 'sh', archive, target, ...patterns], { signal: this.#signal }));
        if (result.status !== 0)
          throw new LabError(
            'UNPACK',
            `cannot unpack ${file}: ${lastLine(result.stderr)}.`,
            'Is the disk of the cache folder full?',
          );
      }
    } finally {
      rmSync(archives, { recursive: true, force: true });
    }
  }

  /** Lists of trixie and its backports are one set: a package from backports depends on both. */
  #setOf(suite: Suite, kind: PackageKind): { folder: string; suites: readonly Suite[] } {
    const release = suite === 'bookworm' ? 'bookworm' : 'trixie';
    return {
      folder: join(this.#cache.folder, `apt-${release}${kind === 'deb' ? '' : '-source'}`),
      suites: release === 'bookworm' ? ['bookworm'] : ['trixie', 'trixie-backports'],
    };
  }

  async #update(suite: Suite, kind: PackageKind = 'deb'): Promise<void> {
    const { folder, suites } = this.#setOf(suite, kind);
    if (this.#updated.has(folder)) return;
    await this.#cache.locked(`apt-${suites[0]}`, this.#report, async () => {
      this.#configure(folder, suites, kind);
      const args = ['update', '-o', 'APT::Update::Error-Mode=any'];
      await this.#apt(suite, args, `reading Debian's package lists`, undefined, kind);
    });
    this.#updated.add(folder);
  }

  #configure(folder: string, suites: readonly Suite[], kind: PackageKind): void {
    if (!existsSync(keyring))
      throw new LabError(
        'NO_KEYRING',
        `${keyring} is missing, so no package can be verified.`,
        'Install debian-archive-keyring.',
      );
    const uri = systemDebianUri();
    for (const part of ['state/lists/partial', 'archives/partial', 'etc/preferences.d', 'etc/sources.d'])
      mkdirSync(join(folder, part), { recursive: true });
    writeFileSync(join(folder, 'state/status'), '');
    writeFileSync(
      join(folder, 'etc/sources.list'),
      suites.map((suite) => `${kind} [arch=amd64 signed-by=${keyring}] ${uri} ${suite} main\n`).join(''),
    );
    // The settings of /etc/apt/apt.conf.d stay (a proxy may be there), but not what they would run or remove.
    writeFileSync(
      join(folder, 'etc/apt.conf'),
      `#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear APT::NeverAutoRemove;
Dir::State "${folder}/state";
Dir::State::lists "${folder}/state/lists";
Dir::State::status "${folder}/state/status";
Dir::Cache "${folder}";
Dir::Cache::archives "${folder}/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "${folder}/etc/sources.list";
Dir::Etc::sourceparts "${folder}/etc/sources.d";
Dir::Etc::preferences "${folder}/etc/preferences";
Dir::Etc::preferencesparts "${folder}/etc/preferences.d";
Dir::Log "${folder}";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::PDiffs "false";
`,
    );
  }

  async #apt(
    suite: Suite,
    args: readonly string[],
    what: string,
    cwd?: string,
    kind: PackageKind = 'deb',
  ): Promise<void> {
    this.#report(what);
    const progress = (line: string): void => {
      const download = /^dlstatus:\d+:([\d.]+):/.exec(line);
      if (download !== null) this.#report(`${what} ${Math.round(Number(download[1]))} %`);
    };
    await this.#run(suite, 'apt-get', args, cwd, progress, kind);
  }

  async #run(
    suite: Suite,
    program: string,
    args: readonly string[],
    cwd?: string,
    onStatusLine?: (line: string) => void,
    kind: PackageKind = 'deb',
  ): Promise<string> {
    const { folder } = this.#setOf(suite, kind);
    const result = await runCommand(
      program,
      [
        '-c',
        join(folder, 'etc/apt.conf'),
        '-q',
        ...(onStatusLine === undefined ? [] : ['-o', 'APT::Status-Fd=3']),
        ...args,
      ],
      {
        env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
        signal: this.#signal,
        ...(cwd === undefined ? {} : { cwd }),
        ...(onStatusLine === undefined ? {} : { onStatusLine }),
      },
    );
    if (result.status !== 0) throw new LabError('APT', aptFailure(program, args[0]!, result.stderr), aptAdvice);
    return result.stdout;
  }
}

const aptAdvice =
  'Check the network and the Debian mirror in /etc/apt; "apt-get update" as root should work on this machine.';

/** The first error that apt names, without the address that it was fetched from. */
function aptFailure(program: string, verb: string, stderr: string): string {
  const lines = stderr.split('\n').filter((line) => /^E:|^Err/.test(line));
  const line = (lines[0] ?? lastLine(stderr)).replace(/[a-z+]+:\/\/\S+/g, 'the mirror').replace(/^E: /, '');
  return `${program} ${verb} failed: ${line}.`;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
