/** Writes trace records after each command, to a file, in the form that its name says, or as text to standard error. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { encoderFor } from '../trace/encoders.ts';
import type { TraceEncoder } from '../trace/encoder.ts';
import { TraceReader, type TraceMemory } from '../trace/ring.ts';

const STANDARD_ERROR = 2;

export class TraceLines {
  readonly #reader: TraceReader;
  readonly #encoder: TraceEncoder;
  readonly #fd: number;

  constructor(memory: TraceMemory, file: string | undefined) {
    this.#reader = new TraceReader(memory);
    this.#encoder = encoderFor(file, memory);
    this.#fd = file === undefined ? STANDARD_ERROR : openSync(file, 'w');
  }

  print(): void {
    for (const record of this.#reader.drain()) this.#encoder.add(record);
    this.#write();
  }

  close(): void {
    this.print();
    this.#encoder.end();
    this.#write();
    if (this.#fd !== STANDARD_ERROR) closeSync(this.#fd);
  }

  #write(): void {
    const bytes = this.#encoder.take();
    if (bytes.length > 0) writeSync(this.#fd, bytes);
  }
}
