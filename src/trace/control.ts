/** The traces of a device, seen from the main thread: which events are on, and where their records go. */
import { TraceHistory } from './history.ts';
import type { TraceMemory } from './ring.ts';
import { anyEventOn, listEvents, selectEvents, type EventState } from './select.ts';
import { TraceSink, type TraceOutput } from './sink.ts';

export class TraceControl {
  readonly memory: TraceMemory;
  /** What came last, from the first call of `remember` on. */
  #history: TraceHistory | undefined;
  readonly #log: (line: string) => void;
  #sink: TraceSink | undefined;

  constructor(memory: TraceMemory, log: (line: string) => void) {
    this.memory = memory;
    this.#history = undefined;
    this.#log = log;
    this.#sink = undefined;
  }

  /** Records go there from now on, those before them included. Once, when the device runs. */
  async open(path: string | undefined, output: TraceOutput): Promise<void> {
    // With the words for registers come their tables; a NIC listens sooner without.
    const { encoderFor } = await import('./encoders.ts');
    this.#sink = new TraceSink(this.memory, encoderFor(path, this.memory), output, (record) =>
      this.#history?.add(record),
    );
    this.#sink.expecting = anyEventOn(this.memory);
  }

  /** The last records, up to this moment; they are kept from the first call on. */
  remember(): TraceHistory {
    this.#history ??= new TraceHistory();
    this.#sink?.flush();
    return this.#history;
  }

  /** Turns events on, and off where a glob begins with `-`; returns the globs that name none. */
  select(globs: readonly string[]): string[] {
    const unmatched = selectEvents(this.memory, globs);
    if (this.#sink !== undefined) this.#sink.expecting = anyEventOn(this.memory);
    return unmatched;
  }

  /** Events that a glob names, all where none is given. */
  list(glob?: string): EventState[] {
    return listEvents(this.memory, glob);
  }

  /** Records lost because they came faster than they were written. */
  get lost(): number {
    return this.#sink?.lost ?? 0;
  }

  close(): void {
    this.#sink?.close();
    if (this.lost > 0) this.#log(`${this.lost} trace records came faster than they were written, and are lost`);
  }
}
