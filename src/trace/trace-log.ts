/** Writes trace records as lines, now and then. */
import { formatRecord } from './format.ts';
import { TraceReader, type TraceMemory } from './ring.ts';

const DRAIN_EVERY_MS = 50;

/** What is open for writing. */
export interface TraceOutput {
  write(bytes: Uint8Array): void;
  close(): void;
}

export class TraceLog {
  readonly #reader: TraceReader;
  readonly #output: TraceOutput;
  readonly #timer: NodeJS.Timeout;

  constructor(memory: TraceMemory, output: TraceOutput) {
    this.#reader = new TraceReader(memory);
    this.#output = output;
    this.#timer = setInterval(() => this.#drain(), DRAIN_EVERY_MS);
    this.#timer.unref();
  }

  #drain(): void {
    let text = '';
    for (const record of this.#reader.drain()) text += `${formatRecord(record)}\n`;
    if (text !== '') this.#output.write(Buffer.from(text));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#drain();
    this.#output.close();
  }
}
