/** Prints trace records after each command, to a file or standard error. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { formatRecord } from '../trace/format.ts';
import type { TraceReader } from '../trace/ring.ts';

const STANDARD_ERROR = 2;

export class TraceLines {
  readonly #reader: TraceReader;
  readonly #fd: number;

  constructor(reader: TraceReader, file: string | undefined) {
    this.#reader = reader;
    this.#fd = file === undefined ? STANDARD_ERROR : openSync(file, 'w');
  }

  print(): void {
    for (const record of this.#reader.drain()) writeSync(this.#fd, `${formatRecord(record)}\n`);
  }

  close(): void {
    this.print();
    if (this.#fd !== STANDARD_ERROR) closeSync(this.#fd);
  }
}
