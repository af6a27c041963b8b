/**
 * Interrupt moderation (EITR, reference §6.7): a vector is not sent again before its interval has passed since it was last
 * sent; a request in that time waits for the end of the interval. Without a waiting request nothing happens at the end.
 */
import { makeTimer, type Timer } from '../../ports/index.ts';
import type { PortContext } from './context.ts';
import { pf } from './tables/index.ts';

/** Causes of EICR that are vectors, each with its EITR. */
export const VECTORS = 25;

/** EITR bits 14:2 are the interval in µs: Linux writes `usecs << 2`. */
const INTERVAL_SHIFT = 2;
const INTERVAL_MASK = 0x1fff;
const NS_PER_US = 1000;
/** EITR bit 31: a write with it set changes the interval and leaves the one that runs alone. */
const CNT_INGR = 0x8000_0000;

export class Throttle {
  private readonly context: PortContext;
  /** Sends the vector if its cause still stands; true when it was sent. */
  private readonly send: (vector: number) => boolean;
  /** When each vector may be sent again, in the clock's ns. */
  private readonly readyAtNs: Float64Array;
  private readonly waiting: Uint8Array;
  private readonly timers: readonly Timer[];

  constructor(context: PortContext, send: (vector: number) => boolean) {
    this.context = context;
    this.send = send;
    this.readyAtNs = new Float64Array(VECTORS);
    this.waiting = new Uint8Array(VECTORS);
    this.timers = Array.from({ length: VECTORS }, (_, vector) => makeTimer(() => this.expired(vector)));
  }

  /** Sends now, or at the end of the interval that runs. */
  request(vector: number): void {
    if (this.waiting[vector] === 1) return;
    const nowNs = this.context.clock.now();
    if (nowNs >= this.readyAtNs[vector]!) {
      this.sendNow(vector, nowNs);
      return;
    }
    this.waiting[vector] = 1;
    const { trace, events } = this.context;
    if (trace.on[events.igb_irq_throttled] === 1) {
      trace.emit(events.igb_irq_throttled, vector, this.intervalNs(vector) / NS_PER_US);
    }
    this.context.clock.arm(this.timers[vector]!, this.readyAtNs[vector]!);
  }

  /** EITR was written; `value` is what software wrote, bit 31 included, which does not read back. */
  written(vector: number, value: number): void {
    const { registers } = this.context;
    registers.values[pf.EITR.index + vector * pf.EITR.step]! &= ~CNT_INGR;
    if ((value & CNT_INGR) !== 0 && this.intervalNs(vector) !== 0) return;
    this.readyAtNs[vector] = 0;
    if (this.waiting[vector] === 1) this.expired(vector);
  }

  /** No interval runs and nothing waits; a waiting request is forgotten, as its cause is. */
  reset(): void {
    for (const timer of this.timers) this.context.clock.disarm(timer);
    this.readyAtNs.fill(0);
    this.waiting.fill(0);
  }

  /** The same for one vector. */
  resetVector(vector: number): void {
    this.context.clock.disarm(this.timers[vector]!);
    this.readyAtNs[vector] = 0;
    this.waiting[vector] = 0;
  }

  private expired(vector: number): void {
    if (this.waiting[vector] === 0) return;
    this.waiting[vector] = 0;
    const { clock, trace, events } = this.context;
    clock.disarm(this.timers[vector]!);
    if (trace.on[events.igb_irq_unthrottled] === 1) trace.emit(events.igb_irq_unthrottled, vector);
    this.sendNow(vector, clock.now());
  }

  private sendNow(vector: number, nowNs: number): void {
    if (this.send(vector)) this.readyAtNs[vector] = nowNs + this.intervalNs(vector);
  }

  private intervalNs(vector: number): number {
    const eitr = this.context.registers.values[pf.EITR.index + vector * pf.EITR.step]!;
    return ((eitr >>> INTERVAL_SHIFT) & INTERVAL_MASK) * NS_PER_US;
  }
}
