/**
 * Where a capture goes: a file, a fifo or standard output. Nothing here waits: what a pipe does not take is kept, and a
 * fifo without a reader is opened once it has one.
 */
import { closeSync, constants, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { setNonblocking } from '../linux/index.ts';
import type { CaptureOutput } from './capture-file.ts';

const STANDARD_OUTPUT = 1;
/** The name of standard output. */
export const DASH = '-';

const causes: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file is as large as files may get',
  EPIPE: 'its reader is gone',
  EIO: 'the disk reports an error',
};

type Kind = 'file' | 'fifo' | 'standard output';

const fileKind = (path: string): Kind => {
  if (path === DASH) return 'standard output';
  return statSync(path, { throwIfNoEntry: false })?.isFIFO() === true ? 'fifo' : 'file';
};

/** Standard output for ourselves: pipes are opened anew, so that whoever else has ours does not find it non-blocking. */
function openStandardOutput(): number {
  if (isatty(STANDARD_OUTPUT)) throw new Error('a terminal cannot show it; add "| tshark -i -", or name a file');
  const { O_WRONLY, O_NONBLOCK } = constants;
  try {
    if (statSync('/proc/self/fd/1').isFIFO()) return openSync('/proc/self/fd/1', O_WRONLY | O_NONBLOCK);
  } catch {
    // Without /proc it is used as it is.
  }
  setNonblocking(STANDARD_OUTPUT);
  return STANDARD_OUTPUT;
}

export class FileOutput implements CaptureOutput {
  failure: string | undefined;
  readonly #path: string;
  readonly #kind: Kind;
  /** -1 while a fifo has no reader. */
  #fd: number;
  #pending: Uint8Array;
  /** Bytes up to the last one of a whole write. */
  #whole: number;

  /** Opens and empties it. Throws the system's error, or one that says what to do. */
  constructor(path: string) {
    this.failure = undefined;
    this.#path = path;
    this.#kind = fileKind(path);
    this.#pending = new Uint8Array(0);
    this.#whole = 0;
    this.#fd = -1;
    if (this.#kind === 'standard output') this.#fd = openStandardOutput();
    else if (this.#kind === 'file') this.#fd = openSync(path, 'w');
    else this.#openFifo();
  }

  write(bytes: Uint8Array): boolean {
    if (this.failure !== undefined) return false;
    let rest = this.#pending.length > 0 ? Buffer.concat([this.#pending, bytes]) : bytes;
    const total = rest.length;
    try {
      if (this.#fd === -1) this.#openFifo();
      while (rest.length > 0 && this.#fd !== -1) rest = rest.subarray(writeSync(this.#fd, rest));
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      if (code !== 'EAGAIN') this.#fail(causes[code] ?? message);
    }
    if (rest.length === 0) this.#whole += total;
    this.#pending = rest;
    return rest.length === 0;
  }

  close(): void {
    if (this.#fd !== -1 && this.#fd !== STANDARD_OUTPUT) closeSync(this.#fd);
    this.#fd = -1;
  }

  #openFifo(): void {
    try {
      this.#fd = openSync(this.#path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
    }
  }

  /** A file then ends with its last whole record, so that readers do not complain. */
  #fail(why: string): void {
    this.failure = why;
    try {
      if (this.#kind === 'file') ftruncateSync(this.#fd, this.#whole);
    } catch {
      // It stays as it is: a device file, say.
    }
  }
}
