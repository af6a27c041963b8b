/** Where traces and captures go. A disk that is full or a reader that is gone ends what is written, not the NIC. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { NicError } from './errors.ts';

const STANDARD_ERROR = 2;
/** What waits for a slow reader of standard error, at most. */
const PENDING_BYTES = 1 << 20;

export class OutputFile {
  readonly #fd: number;
  readonly #name: string;
  readonly #log: (line: string) => void;
  #pending: Buffer;
  #ended: boolean;

  /** Opens and empties the file; standard error without a path. `flag` is what the path was given to, for errors. Throws NicError `OUTPUT`. */
  constructor(flag: string, path: string | undefined, log: (line: string) => void) {
    this.#name = path === undefined ? 'standard error' : `${flag} ${path}`;
    this.#log = log;
    this.#pending = Buffer.alloc(0);
    this.#ended = false;
    try {
      this.#fd = path === undefined ? STANDARD_ERROR : openSync(path, 'w');
    } catch (error) {
      throw new NicError('OUTPUT', `cannot write ${this.#name}: ${(error as Error).message}`, error);
    }
  }

  write(bytes: Uint8Array): void {
    if (this.#ended) return;
    let rest = this.#pending.length > 0 ? Buffer.concat([this.#pending, bytes]) : Buffer.from(bytes);
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#fd, rest));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'EAGAIN' || rest.length > PENDING_BYTES) {
        this.#ended = true;
        // Who does not read standard error any more does not read this either.
        if (this.#fd !== STANDARD_ERROR) this.#log(`cannot write ${this.#name}, so it ends here: ${message}`);
      }
    }
    this.#pending = this.#ended ? Buffer.alloc(0) : rest;
  }

  close(): void {
    this.write(new Uint8Array());
    if (this.#fd !== STANDARD_ERROR) closeSync(this.#fd);
  }
}
