/**
 * Trace records in shared memory: one thread emits, another prints. A full ring drops and counts; it never waits, so a
 * slow disk cannot slow the device.
 */
import type { Trace, TraceEvents, TraceEventSpec } from '../ports/index.ts';
import { catalogue } from './catalogue.ts';

/** Doubles in a record: event, time in ns, four arguments. */
const RECORD = 6;
const CAPACITY = 1 << 16;
const numbers = new Map(Object.keys(catalogue).map((name, number) => [name, number]));

/** The memory that both sides share; safe to post to a worker. */
export interface TraceMemory {
  readonly records: SharedArrayBuffer;
  /** Written count, read count, dropped count. */
  readonly counters: SharedArrayBuffer;
  /** One byte an event: wanted or not. */
  readonly on: SharedArrayBuffer;
}

export function makeTraceMemory(): TraceMemory {
  return {
    records: new SharedArrayBuffer(CAPACITY * RECORD * 8),
    counters: new SharedArrayBuffer(3 * 4),
    on: new SharedArrayBuffer(numbers.size),
  };
}

/** The emitting side. */
export class TraceWriter implements Trace {
  readonly on: Uint8Array;
  readonly #records: Float64Array;
  readonly #counters: Int32Array;
  readonly #now: () => number;

  constructor(memory: TraceMemory, now: () => number) {
    this.on = new Uint8Array(memory.on);
    this.#records = new Float64Array(memory.records);
    this.#counters = new Int32Array(memory.counters);
    this.#now = now;
  }

  declare<const T extends Readonly<Record<string, TraceEventSpec>>>(specs: T): TraceEvents<T> {
    const events: Record<string, number> = {};
    for (const name of Object.keys(specs)) {
      const number = numbers.get(name);
      if (number === undefined) throw new Error(`trace event ${name} is missing from the catalogue`);
      events[name] = number;
    }
    return events as TraceEvents<T>;
  }

  emit(event: number, a = 0, b = 0, c = 0, d = 0): void {
    const counters = this.#counters;
    const written = counters[0]!;
    if (((written - Atomics.load(counters, 1)) | 0) >= CAPACITY) {
      Atomics.add(counters, 2, 1);
      return;
    }
    const records = this.#records;
    const at = (written & (CAPACITY - 1)) * RECORD;
    records[at] = event;
    records[at + 1] = this.#now();
    records[at + 2] = a;
    records[at + 3] = b;
    records[at + 4] = c;
    records[at + 5] = d;
    Atomics.store(counters, 0, (written + 1) | 0);
  }
}

/** A record as the reading side hands it out. */
export interface TraceRecord {
  readonly name: string;
  readonly spec: TraceEventSpec;
  readonly timeNs: number;
  readonly args: readonly number[];
}

/** The printing side. */
export class TraceReader {
  readonly #memory: TraceMemory;
  readonly #names = [...numbers.keys()];

  constructor(memory: TraceMemory) {
    this.#memory = memory;
  }

  /** All records emitted since the last call, in order. */
  *drain(): Generator<TraceRecord> {
    const records = new Float64Array(this.#memory.records);
    const counters = new Int32Array(this.#memory.counters);
    const end = Atomics.load(counters, 0);
    for (let position = counters[1]!; position !== end; position = (position + 1) | 0) {
      const at = (position & (CAPACITY - 1)) * RECORD;
      const name = this.#names[records[at]!]!;
      const spec = (catalogue as Record<string, TraceEventSpec>)[name]!;
      yield { name, spec, timeNs: records[at + 1]!, args: [...records.subarray(at + 2, at + RECORD)] };
      Atomics.store(counters, 1, (position + 1) | 0);
    }
  }

  /** Records lost so far because the ring was full. */
  get dropped(): number {
    return Atomics.load(new Int32Array(this.#memory.counters), 2);
  }
}
