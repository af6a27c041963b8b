/**
 * The NVM's contents in a file: the words, low byte first, as `ethtool -e DEV raw on` gives them. The device thread copies
 * into memory that the threads share and says so once; the main thread writes the file, so that a slow disk slows no access.
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
import { NVM_BYTES, nvmChecksumValid, nvmFromBytes } from '../devices/igb/nvm-image.ts';
import type { NonvolatileMemory } from '../ports/index.ts';
import { NicError } from './errors.ts';

/** Shared by the threads: two flags, then the contents. */
export type NvmMemory = SharedArrayBuffer;

const PRESENT = 0;
const CHANGED = 1;
const DATA_OFFSET = 8;

/** The device thread's end. `changed` is called when there is something to write and the main thread does not know. */
export class SharedNvm implements NonvolatileMemory {
  private readonly flags: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly changed: () => void;

  constructor(memory: NvmMemory, changed: () => void) {
    this.flags = new Int32Array(memory, 0, 2);
    this.bytes = new Uint8Array(memory, DATA_OFFSET);
    this.changed = changed;
  }

  load(): Uint8Array | undefined {
    return this.flags[PRESENT] === 1 ? Uint8Array.from(this.bytes) : undefined;
  }

  store(bytes: Uint8Array): void {
    this.bytes.set(bytes);
    this.flags[PRESENT] = 1;
    if (Atomics.exchange(this.flags, CHANGED, 1) === 0) this.changed();
  }
}

/** The main thread's end. */
export class NvmFile {
  readonly memory: NvmMemory;
  readonly #path: string;
  readonly #flags: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #log: (line: string) => void;

  /** Reads the file, where there is one. Throws NicError `NVM`. */
  constructor(path: string, log: (line: string) => void) {
    this.#path = path;
    this.#log = log;
    this.memory = new SharedArrayBuffer(DATA_OFFSET + NVM_BYTES);
    this.#flags = new Int32Array(this.memory, 0, 2);
    this.#bytes = new Uint8Array(this.memory, DATA_OFFSET);
    checkFolder(path);
    const kept = readContents(path);
    if (kept === undefined) return;
    this.#bytes.set(kept);
    this.#flags[PRESENT] = 1;
    if (!nvmChecksumValid(nvmFromBytes(kept))) {
      log(
        `--nvm ${path}: its checksum is wrong, and Linux will not take the device; without the file a new one is made`,
      );
    }
  }

  /** Writes what has changed. The file is either the old or the new one, whatever happens in between. */
  flush(): void {
    if (Atomics.exchange(this.#flags, CHANGED, 0) === 0) return;
    const temporary = `${this.#path}.new`;
    try {
      const fd = openSync(temporary, 'w');
      try {
        writeSync(fd, Uint8Array.from(this.#bytes));
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(temporary, this.#path);
    } catch (error) {
      rmSync(temporary, { force: true });
      this.#log(`--nvm ${this.#path}: not written: ${(error as Error).message}`);
    }
  }

  close(): void {
    this.flush();
  }
}

/** The file is replaced by a new one beside it. */
function checkFolder(path: string): void {
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    const what = `--nvm ${path} could not be written: ${(error as Error).message}`;
    throw new NicError('NVM', `${what}; choose a folder that is there and that you may write`, error);
  }
}

function readContents(path: string): Uint8Array | undefined {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new NicError('NVM', `cannot read --nvm ${path}: ${(error as Error).message}`, error);
  }
  if (bytes.length === NVM_BYTES) return bytes;
  const what = `--nvm ${path} has ${bytes.length} bytes and not the ${NVM_BYTES} of an NVM`;
  throw new NicError('NVM', `${what}: name another file, or remove it and a new one is made`);
}
