/** The protocol's log as QEMU writes it: commands, answers and when they were, in seconds since the client came. */
import { closeSync, openSync, writeSync } from 'node:fs';

const STANDARD_ERROR = 2;

export class ProtocolLog {
  readonly #fd: number;
  #start: number;

  /** `file` undefined: standard error. */
  constructor(file: string | undefined) {
    this.#fd = file === undefined ? STANDARD_ERROR : openSync(file, 'w');
    this.#start = performance.now();
  }

  opened(): void {
    this.#start = performance.now();
    writeSync(this.#fd, `[I ${(0).toFixed(6)}] OPENED\n`);
  }

  command(line: string): void {
    writeSync(this.#fd, `[R +${this.#seconds()}] ${line}\n`);
  }

  /** An answer, newline included. */
  answer(text: string): void {
    writeSync(this.#fd, `[S +${this.#seconds()}] ${text}`);
  }

  closed(): void {
    writeSync(this.#fd, `[I +${this.#seconds()}] CLOSED\n`);
    if (this.#fd !== STANDARD_ERROR) closeSync(this.#fd);
  }

  #seconds(): string {
    return ((performance.now() - this.#start) / 1000).toFixed(6);
  }
}
