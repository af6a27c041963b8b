import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { LabError } from './errors.ts';

/** An unused version of a cached folder is kept this long: another clone may still want it. */
const keepMs = 7 * 24 * 3600 * 1000;

export type Report = (text: string) => void;

/** `$XDG_CACHE_HOME/outboard`, by default `~/.cache/outboard`. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment['XDG_CACHE_HOME'];
  // The base directory specification has relative paths ignored.
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), '.cache'), 'outboard');
}

/** Level by level: Node 20's own recursion never ends where the system says ENOENT of a folder that is there (/proc). */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Folders that are built once and then only read; each is named by what decides its content. */
export class Cache {
  readonly folder: string;

  constructor(folder: string = cacheFolder()) {
    this.folder = folder;
    try {
      makeFolder(folder);
    } catch (error) {
      throw new LabError(
        'CACHE_FOLDER',
        `cannot make the cache folder ${folder}: ${(error as Error).message}.`,
        'Set XDG_CACHE_HOME to a folder that you may write.',
      );
    }
  }

  /** The folder that `step` with these arguments makes, whether it exists or not. */
  folderOf(name: string, recipe: string): string {
    return join(this.folder, `${name}-${createHash('sha256').update(recipe).digest('hex').slice(0, 12)}`);
  }

  has(name: string, recipe: string): boolean {
    return existsSync(this.folderOf(name, recipe));
  }

  /**
   * The folder made by `build` from `recipe` (any text that changes when the content should). It is built in a folder
   * beside and renamed, under a lock, so it is either whole or absent, and two runs do not build it twice.
   */
  async step(
    name: string,
    recipe: string,
    report: Report,
    build: (folder: string) => Promise<void> | void,
  ): Promise<string> {
    const target = this.folderOf(name, recipe);
    if (!existsSync(target))
      await this.locked(name, report, async () => {
        if (existsSync(target)) return;
        this.#discardLeftovers(name);
        const partial = mkdtempSync(join(this.folder, `.partial-${name}-`));
        try {
          await build(partial);
          renameSync(partial, target);
        } finally {
          rmSync(partial, { recursive: true, force: true });
        }
      });
    const now = new Date();
    utimesSync(target, now, now);
    return target;
  }

  /** Runs `work` while no other process holds the lock `name`. The kernel releases it if this process dies. */
  async locked<T>(name: string, report: Report, work: () => Promise<T>): Promise<T> {
    const file = join(this.folder, `.lock-${name}`);
    const holder = spawn('flock', ['--exclusive', file, 'sh', '-c', 'echo; exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const waiting = setTimeout(() => report(`waiting for another run that prepares "${name}"`), 500);
    try {
      await new Promise<void>((resolve, reject) => {
        holder.on('error', reject);
        holder.on('exit', () => reject(new LabError('CACHE_LOCK', `cannot lock ${file}`)));
        holder.stdout.once('data', () => resolve());
      });
      clearTimeout(waiting);
      return await work();
    } finally {
      clearTimeout(waiting);
      holder.stdin.end();
    }
  }

  /** What a killed run left half built, and versions that nobody used for a while. Under the lock. */
  #discardLeftovers(name: string): void {
    for (const entry of readdirSync(this.folder)) {
      const path = join(this.folder, entry);
      const partial = entry.startsWith(`.partial-${name}-`);
      const version = entry.startsWith(`${name}-`) && /^[0-9a-f]{12}$/.test(entry.slice(name.length + 1));
      if (partial || (version && Date.now() - statSync(path).mtimeMs > keepMs))
        rmSync(path, { recursive: true, force: true });
    }
  }
}
