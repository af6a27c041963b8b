/**
 * Contents of the card that a file keeps. The device thread changes them in memory that the threads share and says so once; the
 * main thread writes the file, so that a slow disk slows no access.
 */
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { NicError } from './errors.ts';

/** Shared by the threads: two flags, then the contents. */
export type KeptMemory = SharedArrayBuffer;

const PRESENT = 0;
const CHANGED = 1;
const DATA_OFFSET = 8;

/** The device thread's end. `tell` is called when there is something to write and the main thread does not know. */
export class KeptContents {
  readonly bytes: Uint8Array;
  readonly #flags: Int32Array;
  readonly #tell: () => void;

  constructor(memory: KeptMemory, tell: () => void) {
    this.bytes = new Uint8Array(memory, DATA_OFFSET);
    this.#flags = new Int32Array(memory, 0, 2);
    this.#tell = tell;
  }

  /** The bytes are contents: of the file, or what has been written since. */
  get present(): boolean {
    return this.#flags[PRESENT] === 1;
  }

  /** The bytes are to be written. */
  changed(): void {
    this.#flags[PRESENT] = 1;
    if (Atomics.exchange(this.#flags, CHANGED, 1) === 0) this.#tell();
  }
}

export interface KeptFileOptions {
  /** What the path was given to, for messages: `--nvm`. */
  readonly flag: string;
  readonly path: string;
  readonly lengthBytes: number;
  /** What the file holds; undefined where there is none. */
  readonly contents: Uint8Array | undefined;
  readonly log: (line: string) => void;
}

/** The main thread's end. */
export class KeptFile {
  readonly memory: KeptMemory;
  readonly #options: KeptFileOptions;
  readonly #flags: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(options: KeptFileOptions) {
    const { contents, lengthBytes } = options;
    this.#options = options;
    this.memory = new SharedArrayBuffer(DATA_OFFSET + lengthBytes);
    this.#flags = new Int32Array(this.memory, 0, 2);
    this.#bytes = new Uint8Array(this.memory, DATA_OFFSET);
    if (contents === undefined) return;
    this.#bytes.set(contents);
    this.#flags[PRESENT] = 1;
  }

  /** Writes what has changed. The file is either the old or the new one, whatever happens in between. */
  flush(): void {
    if (Atomics.exchange(this.#flags, CHANGED, 0) === 0) return;
    const { flag, path, log } = this.#options;
    const temporary = `${path}.new`;
    try {
      const fd = openSync(temporary, 'w');
      try {
        writeSync(fd, Uint8Array.from(this.#bytes));
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      log(`${flag} ${path}: not written: ${(error as Error).message}`);
    }
  }

  close(): void {
    this.flush();
  }
}

/** Reads the file, where there is one, and sees that its folder can be written. Throws NicError `code`. */
export function readKept(flag: string, path: string, code: string): Uint8Array | undefined {
  try {
    // The file is replaced by a new one beside it.
    accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    const what = `${flag} ${path} could not be written: ${(error as Error).message}`;
    throw new NicError(code, `${what}; choose a folder that is there and that you may write`, error);
  }
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new NicError(code, `cannot read ${flag} ${path}: ${(error as Error).message}`, error);
  }
}
