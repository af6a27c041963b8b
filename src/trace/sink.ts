/** Takes trace records out of shared memory, now and then, and puts them where they are to go. */
import type { TraceEncoder } from './encoder.ts';
import type { TraceRecord } from './record.ts';
import { TraceReader, type TraceMemory } from './ring.ts';

const DRAIN_EVERY_MS = 50;
/** Bytes that are handed on at once, about. */
const PIECE_RECORDS = 4096;

/** What is open for writing. */
export interface TraceOutput {
  write(bytes: Uint8Array): void;
  close(): void;
}

export class TraceSink {
  readonly #reader: TraceReader;
  readonly #encoder: TraceEncoder;
  readonly #output: TraceOutput;
  readonly #seen: (record: TraceRecord) => void;
  #timer: NodeJS.Timeout | undefined;

  /** `seen` is told of each record that goes through. */
  constructor(
    memory: TraceMemory,
    encoder: TraceEncoder,
    output: TraceOutput,
    seen: (record: TraceRecord) => void = () => undefined,
  ) {
    this.#reader = new TraceReader(memory);
    this.#encoder = encoder;
    this.#output = output;
    this.#seen = seen;
    this.#timer = undefined;
  }

  /** Whether records may come, so that they are looked for; where none can, nothing wakes the thread. */
  set expecting(some: boolean) {
    if (some === (this.#timer !== undefined)) return;
    clearInterval(this.#timer);
    this.#timer = some ? setInterval(() => this.flush(), DRAIN_EVERY_MS).unref() : undefined;
    this.flush();
  }

  /** Writes what has been emitted so far. */
  flush(): void {
    let count = 0;
    for (const record of this.#reader.drain()) {
      this.#encoder.add(record);
      this.#seen(record);
      count += 1;
      if (count % PIECE_RECORDS === 0) this.#output.write(this.#encoder.take());
    }
    const rest = this.#encoder.take();
    if (rest.length > 0) this.#output.write(rest);
  }

  /** Records that were lost because they came faster than they were written. */
  get lost(): number {
    return this.#reader.dropped;
  }

  close(): void {
    clearInterval(this.#timer);
    this.flush();
    this.#encoder.end();
    this.#output.write(this.#encoder.take());
    this.#output.close();
  }
}
