/** Breakpoints of a running device: they hear what happens in the device's thread, at the moment at which it does. */
import type { FrameWatcher } from '../capture/capture-set.ts';
import { PORT_UNIT } from '../trace/port-trace.ts';
import type { TraceListener } from '../trace/ring.ts';
import { type BreakExpression, parseBreak } from './expression.ts';
import { Moment } from './moment.ts';

/** Takes part in what is emitted, and in frames, as they pass. */
export interface BreakSources {
  /** Packet at hand. */
  readonly trace: { readonly packet: number };
  listen(listener: TraceListener, events: readonly number[]): () => void;
  watchFrames(watcher: FrameWatcher): () => void;
}

export interface Breakpoint {
  readonly number: number;
  readonly text: string;
  readonly hits: number;
}

interface Entry {
  readonly number: number;
  readonly expression: BreakExpression;
  hits: number;
}

/** Number of the breakpoint of `step`, which is gone as soon as it is hit. */
const STEP = 0;
const FRAME = -1;

export class Breakpoints implements TraceListener, FrameWatcher {
  readonly #sources: BreakSources;
  readonly #hit: (number: number, moment: Moment) => void;
  readonly #entries: Entry[];
  readonly #moment: Moment;
  #last: number;
  /** The frame at hand is where it was stopped: the same packet at its next point is no news. */
  #lastFrame: number;
  #quiet: boolean;
  #stopListening: () => void;

  /** `hit` is called with the breakpoint's number, 0 for a step; the moment is valid during the call. */
  constructor(sources: BreakSources, hit: (number: number, moment: Moment) => void) {
    this.#sources = sources;
    this.#hit = hit;
    this.#entries = [];
    this.#moment = new Moment();
    this.#last = 0;
    this.#lastFrame = 0;
    this.#quiet = false;
    this.#stopListening = () => undefined;
  }

  /** Returns its number. Throws BreakError. */
  add(text: string): number {
    const expression = parseBreak(text);
    this.#last += 1;
    this.#entries.push({ number: this.#last, expression, hits: 0 });
    this.#listen();
    return this.#last;
  }

  /** All of them without a number; returns how many. */
  delete(number?: number): number {
    const before = this.list().length;
    const left = number === undefined ? [] : this.#entries.filter((entry) => entry.number !== number);
    this.#entries.splice(0, this.#entries.length, ...left);
    this.#listen();
    return before - this.list().length;
  }

  list(): Breakpoint[] {
    const set = this.#entries.filter(({ number }) => number !== STEP);
    return set.map(({ number, expression, hits }) => ({ number, text: expression.text, hits }));
  }

  /** Stops once more, at the next moment at which `text` holds. Throws BreakError. */
  step(text: string): void {
    const expression = parseBreak(text);
    const others = this.#entries.filter(({ number }) => number !== STEP);
    this.#entries.splice(0, this.#entries.length, ...others, { number: STEP, expression, hits: 0 });
    this.#listen();
  }

  /** While the device is stopped nothing is hit. */
  setQuiet(quiet: boolean): void {
    this.#quiet = quiet;
  }

  heard(event: number, a: number, b: number, c: number, d: number, e: number): void {
    if (this.#quiet) return;
    const moment = this.#moment;
    moment.event = event % PORT_UNIT;
    moment.port = Math.floor(event / PORT_UNIT);
    moment.packet = this.#sources.trace.packet;
    moment.args[0] = a;
    moment.args[1] = b;
    moment.args[2] = c;
    moment.args[3] = d;
    moment.args[4] = e;
    moment.bytes = undefined;
    this.#judge(moment);
  }

  frame(port: number, packet: number, bytes: Uint8Array, offset: number, length: number): void {
    if (this.#quiet || (packet !== 0 && packet === this.#lastFrame)) return;
    const moment = this.#moment;
    moment.event = FRAME;
    moment.port = port;
    moment.packet = packet;
    moment.bytes = bytes;
    moment.offset = offset;
    moment.length = length;
    this.#judge(moment);
  }

  close(): void {
    this.#stopListening();
  }

  #judge(moment: Moment): void {
    if (moment.event === FRAME)
      for (const { expression } of this.#entries) for (const watch of expression.watchers) watch(moment);
    for (const entry of this.#entries) {
      const { events, watchers, holds } = entry.expression;
      // What others listen for is no moment of its own.
      const own = moment.event === FRAME ? watchers.length > 0 : events.includes(moment.event);
      if (!own || !holds(moment)) continue;
      entry.hits += 1;
      if (moment.event === FRAME) this.#lastFrame = moment.packet;
      if (entry.number === STEP) {
        this.#entries.splice(this.#entries.indexOf(entry), 1);
        this.#listen();
      }
      this.#hit(entry.number, moment);
      return;
    }
  }

  #listen(): void {
    this.#stopListening();
    const events = this.#entries.flatMap(({ expression }) => expression.events);
    const ends: (() => void)[] = [];
    if (events.length > 0) ends.push(this.#sources.listen(this, events));
    if (this.#entries.some(({ expression }) => expression.watchers.length > 0))
      ends.push(this.#sources.watchFrames(this));
    this.#stopListening = () => {
      for (const end of ends) end();
    };
  }
}
