/**
 * Trace records in shared memory: one thread emits, another prints. A full ring drops and counts; it never waits, so a
 * slow disk cannot slow the device.
 */
import type { Trace, TraceEvents, TraceEventSpec } from '../ports/index.ts';
import { argumentCounts, eventNames, eventSpecs, numbered } from './catalogue.ts';
import { PORT_UNIT } from './port-trace.ts';
import { LOST, lostSpec, type TraceRecord } from './record.ts';

/** Doubles in a record: event, time in ns, packet, five arguments. A cache line, and no shifting or masking of numbers. */
const RECORD = 8;
const ARGUMENTS_AT = 3;
/** 8 MiB, of which only what is used takes memory. */
const CAPACITY = 1 << 17;

/** Places in the counters. */
const WRITTEN = 0;
const READ = 1;
const DROPPED = 2;

/** Bits of `on`: records of the event are read; a listener in the emitting thread hears it. */
export const LOGGED = 1;
const HEARD = 2;

/** Hears events at once, in the thread and at the moment in which they are emitted. */
export interface TraceListener {
  /** `event`: the number, plus PORT_UNIT where it is the chip's second port's. */
  heard(event: number, a: number, b: number, c: number, d: number, e: number): void;
}

/** A listener and the events that it wants, by number. */
interface Audience {
  readonly listener: TraceListener;
  readonly wants: Uint8Array;
}

/** The memory that both sides share; safe to post to a worker. */
export interface TraceMemory {
  readonly records: SharedArrayBuffer;
  /** Written count, read count, dropped count. */
  readonly counters: SharedArrayBuffer;
  /** One byte an event: by whom it is wanted. Any thread may set `LOGGED` at any time. */
  readonly on: SharedArrayBuffer;
  /** Nanoseconds from 1970 to time 0 of the records, 64 bits. */
  readonly epoch: SharedArrayBuffer;
}

export function epochOf(memory: TraceMemory): bigint {
  return new BigInt64Array(memory.epoch)[0]!;
}

export function makeTraceMemory(): TraceMemory {
  return {
    records: new SharedArrayBuffer(CAPACITY * RECORD * 8),
    counters: new SharedArrayBuffer(3 * 4),
    on: new SharedArrayBuffer(eventNames.length),
    epoch: new SharedArrayBuffer(8),
  };
}

/** The emitting side. */
export class TraceWriter implements Trace {
  readonly on: Uint8Array;
  packet: number;
  lastPacket: number;
  readonly #records: Float64Array;
  readonly #counters: Int32Array;
  readonly #now: () => number;
  #audience: readonly Audience[];
  #written: number;
  /** The reader had come this far when last looked at: the ring has room at least up to there. */
  #read: number;

  /** `now` in ns; `epochNs`: from 1970 to its 0. */
  constructor(memory: TraceMemory, now: () => number, epochNs = 0) {
    new BigInt64Array(memory.epoch)[0] = BigInt(Math.round(epochNs));
    this.on = new Uint8Array(memory.on);
    this.packet = 0;
    this.lastPacket = 0;
    this.#records = new Float64Array(memory.records);
    this.#counters = new Int32Array(memory.counters);
    this.#now = now;
    this.#audience = [];
    this.#written = Atomics.load(this.#counters, WRITTEN);
    this.#read = Atomics.load(this.#counters, READ);
  }

  declare<const T extends Readonly<Record<string, TraceEventSpec>>>(specs: T): TraceEvents<T> {
    return numbered(specs);
  }

  /** Lets a listener hear events, by number, from now on; returns what ends that. */
  listen(listener: TraceListener, events: readonly number[]): () => void {
    const wants = new Uint8Array(this.on.length);
    for (const event of events) wants[event] = 1;
    const one = { listener, wants };
    this.#audience = [...this.#audience, one];
    this.#flagHeard();
    return () => {
      this.#audience = this.#audience.filter((other) => other !== one);
      this.#flagHeard();
    };
  }

  #flagHeard(): void {
    for (let event = 0; event < this.on.length; event += 1) {
      if (this.#audience.some(({ wants }) => wants[event] === 1)) Atomics.or(this.on, event, HEARD);
      else Atomics.and(this.on, event, ~HEARD);
    }
  }

  emit(event: number, a = 0, b = 0, c = 0, d = 0, e = 0): void {
    const number = event & (PORT_UNIT - 1);
    const wanted = this.on[number]!;
    if ((wanted & HEARD) !== 0) {
      for (const { listener, wants } of this.#audience) if (wants[number] === 1) listener.heard(event, a, b, c, d, e);
      if ((wanted & LOGGED) === 0) return;
    }
    const written = this.#written;
    if (((written - this.#read) | 0) >= CAPACITY && !this.#hasRoom()) return;
    const records = this.#records;
    const at = (written & (CAPACITY - 1)) * RECORD;
    records[at] = event;
    records[at + 1] = this.#now();
    records[at + 2] = this.packet;
    records[at + 3] = a;
    records[at + 4] = b;
    records[at + 5] = c;
    records[at + 6] = d;
    records[at + 7] = e;
    this.#written = (written + 1) | 0;
    Atomics.store(this.#counters, WRITTEN, this.#written);
  }

  #hasRoom(): boolean {
    this.#read = Atomics.load(this.#counters, READ);
    if (((this.#written - this.#read) | 0) < CAPACITY) return true;
    Atomics.add(this.#counters, DROPPED, 1);
    return false;
  }
}

/** The printing side. */
export class TraceReader {
  readonly #records: Float64Array;
  readonly #counters: Int32Array;
  #position: number;
  #told: number;
  #timeNs: number;

  constructor(memory: TraceMemory) {
    this.#records = new Float64Array(memory.records);
    this.#counters = new Int32Array(memory.counters);
    this.#position = Atomics.load(this.#counters, READ);
    this.#told = 0;
    this.#timeNs = 0;
  }

  /** All records emitted since the last call, in order; behind them `trace_lost` where some were dropped meanwhile. */
  *drain(): Generator<TraceRecord> {
    const records = this.#records;
    const dropped = this.dropped;
    const written = Atomics.load(this.#counters, WRITTEN);
    while (this.#position !== written) {
      const at = (this.#position & (CAPACITY - 1)) * RECORD;
      const number = records[at]! % PORT_UNIT;
      const port = Math.floor(records[at]! / PORT_UNIT);
      const spec = eventSpecs[number]!;
      this.#timeNs = records[at + 1]!;
      // Neither a view nor an iterator for each: this has to keep up with the device.
      const args: number[] = [];
      for (let n = 0; n < argumentCounts[number]!; n += 1) args[n] = records[at + ARGUMENTS_AT + n]!;
      const record = { name: eventNames[number]!, spec, timeNs: this.#timeNs, port, packet: records[at + 2]!, args };
      this.#position = (this.#position + 1) | 0;
      Atomics.store(this.#counters, READ, this.#position);
      yield record;
    }
    if (dropped === this.#told) return;
    yield { name: LOST, spec: lostSpec, timeNs: this.#timeNs, port: 0, packet: 0, args: [dropped - this.#told] };
    this.#told = dropped;
  }

  /** Records lost so far because the ring was full. */
  get dropped(): number {
    return Atomics.load(this.#counters, DROPPED);
  }
}
