/** Writes trace records as lines to a file or standard error, now and then. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { formatRecord } from './format.ts';
import { TraceReader, type TraceMemory } from './ring.ts';

const DRAIN_EVERY_MS = 50;
const STANDARD_ERROR = 2;

export class TraceLog {
  readonly #reader: TraceReader;
  readonly #fd: number;
  readonly #timer: NodeJS.Timeout;
  #reported = 0;

  constructor(memory: TraceMemory, path: string | undefined) {
    this.#reader = new TraceReader(memory);
    this.#fd = path === undefined ? STANDARD_ERROR : openSync(path, 'w');
    this.#timer = setInterval(() => this.#drain(), DRAIN_EVERY_MS);
    this.#timer.unref();
  }

  #drain(): void {
    let text = '';
    for (const record of this.#reader.drain()) text += `${formatRecord(record)}\n`;
    const { dropped } = this.#reader;
    if (dropped !== this.#reported) {
      text += `# ${dropped - this.#reported} records lost: the ring was full\n`;
      this.#reported = dropped;
    }
    if (text !== '') writeSync(this.#fd, text);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#drain();
    if (this.#fd !== STANDARD_ERROR) closeSync(this.#fd);
  }
}
