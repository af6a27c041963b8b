/** Counts every trace event, and keeps the first few of those that a report shows. */
import type { Trace, TraceEvents, TraceEventSpec } from '../../ports/index.ts';
import { catalogue } from '../../trace/catalogue.ts';
import { formatArguments } from '../../trace/format.ts';

const KEPT = 4;

export interface CountedEvent {
  readonly name: string;
  readonly count: number;
  /** Arguments of the first few. */
  readonly examples: readonly string[];
}

export class CountingTrace implements Trace {
  readonly on: Uint8Array;
  readonly #names: string[];
  readonly #specs: TraceEventSpec[];
  readonly #counts: number[];
  readonly #examples: string[][];

  constructor() {
    this.#names = Object.keys(catalogue);
    this.#specs = Object.values(catalogue);
    this.on = new Uint8Array(this.#names.length).fill(1);
    this.#counts = this.#names.map(() => 0);
    this.#examples = this.#names.map(() => []);
  }

  declare<const T extends Readonly<Record<string, TraceEventSpec>>>(specs: T): TraceEvents<T> {
    const numbers = Object.keys(specs).map((name) => [name, this.#names.indexOf(name)] as const);
    return Object.fromEntries(numbers) as TraceEvents<T>;
  }

  emit(event: number, a = 0, b = 0, c = 0, d = 0): void {
    this.#counts[event]! += 1;
    const examples = this.#examples[event]!;
    if (examples.length < KEPT) examples.push(formatArguments(this.#specs[event]!.format, [a, b, c, d]));
  }

  count(name: string): number {
    return this.#counts[this.#names.indexOf(name)] ?? 0;
  }

  /** Events that have happened and whose names match, in the order of the catalogue. */
  matching(pattern: RegExp): CountedEvent[] {
    return this.#names.flatMap((name, n) => {
      const count = this.#counts[n]!;
      return count === 0 || !pattern.test(name) ? [] : [{ name, count, examples: this.#examples[n]! }];
    });
  }
}
