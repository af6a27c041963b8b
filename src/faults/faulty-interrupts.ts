/** The interrupts of one function with faults: messages that are lost or late. What config space says passes. */
import { makeTimer, type Clock, type InterruptPort, type Timer, type Trace, type TraceEvents } from '../ports/index.ts';
import { aims, type Fault } from './fault.ts';
import type { faultTraceEvents } from './trace-events.ts';

/** In place of a vector. */
const MSI = -1;
const INTX = -2;
/** Messages that are held; beyond them they go at once. */
const MOST_HELD = 1024;

export interface FaultyInterruptOptions {
  readonly fn: number;
  readonly clock: Clock;
  readonly trace: Trace;
  readonly events: TraceEvents<typeof faultTraceEvents>;
  readonly changed: () => void;
}

export class FaultyInterrupts implements InterruptPort {
  faults: readonly Fault[];
  readonly #inner: InterruptPort;
  readonly #options: FaultyInterruptOptions;
  /** Messages that are late, in the order in which they are due. */
  #held: { readonly vector: number; readonly dueNs: number }[];
  #level: boolean;
  readonly #timer: Timer;

  constructor(inner: InterruptPort, options: FaultyInterruptOptions) {
    this.faults = [];
    this.#inner = inner;
    this.#options = options;
    this.#held = [];
    this.#level = false;
    this.#timer = makeTimer(() => this.#release(options.clock.now()));
  }

  get idle(): boolean {
    return this.#held.length === 0;
  }

  get msixEnabled(): boolean {
    return this.#inner.msixEnabled;
  }

  get msiEnabled(): boolean {
    return this.#inner.msiEnabled;
  }

  sendMsix(vector: number): void {
    if (this.#passes(vector)) this.#inner.sendMsix(vector);
  }

  clearPending(vector: number): void {
    this.#inner.clearPending(vector);
  }

  sendMsi(): void {
    if (this.#passes(MSI)) this.#inner.sendMsi();
  }

  /** A rise may be lost or late; a level that falls is never held back. */
  setIntx(asserted: boolean): void {
    const rises = asserted && !this.#level;
    this.#level = asserted;
    if (!asserted) this.#held = this.#held.filter(({ vector }) => vector !== INTX);
    if (!rises || this.#passes(INTX)) this.#inner.setIntx(asserted);
  }

  /** What is late goes now. */
  settle(): void {
    this.#release(Infinity);
  }

  #passes(vector: number): boolean {
    const { clock, events, changed } = this.#options;
    for (const fault of this.faults) {
      const { kind, delayNs } = fault.spec;
      const late = kind === 'delayed-interrupt';
      if (!aims(fault.spec.vector, vector) || (late && this.#held.length >= MOST_HELD) || !fault.strikes()) continue;
      if (fault.spent) changed();
      if (!late) {
        this.#emit(events.fault_interrupt_lost, vector, 0);
        return false;
      }
      this.#emit(events.fault_interrupt_delayed, vector, delayNs);
      this.#held.push({ vector, dueNs: clock.now() + delayNs });
      this.#held.sort((a, b) => a.dueNs - b.dueNs);
      clock.arm(this.#timer, this.#held[0]!.dueNs);
      return false;
    }
    return true;
  }

  #emit(event: number, vector: number, delayNs: number): void {
    const { fn, trace } = this.#options;
    const kind = vector === INTX ? 2 : vector === MSI ? 1 : 0;
    if (trace.on[event] !== 0) trace.emit(event, fn, kind, Math.max(0, vector), delayNs);
  }

  #release(untilNs: number): void {
    const { clock, changed } = this.#options;
    const due = this.#held.filter(({ dueNs }) => dueNs <= untilNs);
    this.#held = this.#held.filter(({ dueNs }) => dueNs > untilNs);
    if (this.#held.length > 0) clock.arm(this.#timer, this.#held[0]!.dueNs);
    else clock.disarm(this.#timer);
    for (const { vector } of due) {
      if (vector === INTX) this.#inner.setIntx(true);
      else if (vector === MSI) this.#inner.sendMsi();
      else this.#inner.sendMsix(vector);
    }
    if (due.length > 0 && this.idle) changed();
  }
}
