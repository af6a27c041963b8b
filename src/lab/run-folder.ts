import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LabError } from './errors.ts';

/** Older run folders than these many are removed. */
const kept = 30;

/** runs/ of the clone that this program was built in. */
function runsFolder(): string {
  return resolve(fileURLToPath(new URL('.', import.meta.url)), '../../../runs');
}

/** Name of a run's folder: sorts by time, and says what ran. */
export function runName(when: Date, what: string): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${when.getFullYear()}${two(when.getMonth() + 1)}${two(when.getDate())}`;
  return `${day}-${two(when.getHours())}${two(when.getMinutes())}${two(when.getSeconds())}-${what}`;
}

/** Makes the folder that a run keeps its logs in. */
export function makeRunFolder(what: string): string {
  const runs = runsFolder();
  try {
    mkdirSync(runs, { recursive: true });
    const old = readdirSync(runs).filter((name) => /^\d{8}-\d{6}-/.test(name));
    for (const name of old.sort().slice(0, Math.max(0, old.length - kept + 1)))
      rmSync(join(runs, name), { recursive: true, force: true });
    for (let count = 1; ; count++) {
      const folder = join(runs, runName(new Date(), what) + (count === 1 ? '' : `-${count}`));
      try {
        mkdirSync(folder);
        return folder;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  } catch (error) {
    throw new LabError(
      'RUN_FOLDER',
      `cannot make a run folder: ${(error as Error).message}.`,
      `May you write ${runs}?`,
    );
  }
}
