/** Counts every trace event, and keeps the first few of those that a report shows. */
import type { Trace, TraceEvents, TraceEventSpec } from '../../ports/index.ts';
import { eventNames, eventSpecs, numbered } from '../../trace/catalogue.ts';
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
  packet: number;
  lastPacket: number;
  readonly #counts: number[];
  readonly #examples: string[][];

  constructor() {
    this.on = new Uint8Array(eventNames.length).fill(1);
    this.packet = 0;
    this.lastPacket = 0;
    this.#counts = eventNames.map(() => 0);
    this.#examples = eventNames.map(() => []);
  }

  declare<const T extends Readonly<Record<string, TraceEventSpec>>>(specs: T): TraceEvents<T> {
    return numbered(specs);
  }

  emit(event: number, ...args: number[]): void {
    this.#counts[event]! += 1;
    const examples = this.#examples[event]!;
    if (examples.length < KEPT) examples.push(formatArguments(eventSpecs[event]!, args));
  }

  count(name: string): number {
    return this.#counts[eventNames.indexOf(name)] ?? 0;
  }

  /** Events that have happened and whose names match, in the order of the catalogue. */
  matching(pattern: RegExp): CountedEvent[] {
    return eventNames.flatMap((name, n) => {
      const count = this.#counts[n]!;
      return count === 0 || !pattern.test(name) ? [] : [{ name, count, examples: this.#examples[n]! }];
    });
  }
}
