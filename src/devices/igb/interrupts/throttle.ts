/**
 * Interrupt moderation (EITR, reference §6.7): a vector is not sent again before its interval has passed since it was last
 * sent; a request in that time waits for the end of the interval. Without a waiting request nothing happens at the end. Vectors
 * of a flooded guest wait longer (interrupt-load.ts), and leave together: waking a virtual machine costs more than a message.
 *
 * A low-latency interrupt (§6.8) does not wait. With EITR.LLI_EN and GPIE.LL_INTERVAL each takes one of up to 31 credits, of
 * which one comes back every LL_INTERVAL times 4 µs; without a credit it waits like any other.
 */
import { makeTimer, type Timer } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { InterruptLoad } from './interrupt-load.ts';
import { pf } from '../tables/index.ts';

const { LLI_EN, LL_COUNTER } = pf.EITR;
const { LL_INTERVAL } = pf.GPIE;

/** Causes of EICR that are vectors, each with its EITR. */
export const VECTORS = 25;

/** EITR bits 14:2 are the interval in µs: Linux writes `usecs << 2`. */
const INTERVAL_SHIFT = 2;
const INTERVAL_MASK = 0x1fff;
const NS_PER_US = 1000;
const CREDIT_UNIT_NS = 4000;
const MOST_CREDITS = 31;
/** EITR bit 31: a write with it set changes the interval and leaves the one that runs alone. */
const CNT_INGR = 0x8000_0000;

export class Throttle {
  private readonly context: PortContext;
  /** Sends the vector if its cause still stands; true when it was sent. */
  private readonly send: (vector: number) => boolean;
  private readonly load: InterruptLoad;
  /** When EITR lets each vector be sent again, in the clock's ns. */
  private readonly readyAtNs: Float64Array;
  /** Vectors that wait, as bits. */
  private waiting: number;
  private readonly timers: readonly Timer[];
  /** Since when each vector's credits, which are in its EITR, have not been added to. */
  private readonly creditedAtNs: Float64Array;

  constructor(context: PortContext, send: (vector: number) => boolean) {
    this.context = context;
    this.send = send;
    this.load = new InterruptLoad(context);
    this.readyAtNs = new Float64Array(VECTORS);
    this.waiting = 0;
    this.creditedAtNs = new Float64Array(VECTORS);
    this.timers = Array.from({ length: VECTORS }, (_, vector) => makeTimer(() => this.expired(vector)));
  }

  /** Sends now, or at the end of the interval that runs. */
  request(vector: number): void {
    if (this.waits(vector)) return;
    const nowNs = this.context.clock.now();
    const untilNs = this.waitsUntil(vector);
    if (nowNs >= untilNs) {
      this.sendNow(vector, nowNs);
      return;
    }
    this.waiting |= 1 << vector;
    const { trace, events } = this.context;
    if (nowNs < this.readyAtNs[vector]!) {
      if (trace.on[events.igb_irq_throttled] !== 0) {
        trace.emit(events.igb_irq_throttled, vector, this.intervalNs(vector) / NS_PER_US);
      }
    } else if (trace.on[events.igb_irq_held] !== 0) {
      trace.emit(events.igb_irq_held, vector, (untilNs - nowNs) / NS_PER_US);
    }
    this.context.clock.arm(this.timers[vector]!, untilNs);
  }

  /** A turn wrote descriptors of a queue back, of which the vector tells. */
  wroteBack(vector: number, queue: number, transmit: boolean): void {
    if (!this.load.wroteBack(vector, queue, transmit)) return;
    this.load.heldUntilNs[vector] = 0;
    if (this.waits(vector)) this.context.clock.arm(this.timers[vector]!, this.readyAtNs[vector]!);
  }

  /** Software unmasked vectors, which are bits. */
  unmasked(vectors: number): void {
    for (let rest = vectors; rest !== 0; rest &= rest - 1) {
      const vector = 31 - Math.clz32(rest & -rest);
      this.load.unmasked(vector, this.intervalNs(vector));
    }
  }

  /** A request of this vector that waits does so no longer, if there is a credit for it; none of a vector that does not exist. */
  hasten(vector: number): void {
    if (vector < 0 || vector >= VECTORS || !this.waits(vector) || !this.takeCredit(vector)) return;
    this.expired(vector);
  }

  /** When the vector's interval ends, 0 where none runs. */
  quietUntil(vector: number): number {
    const readyAtNs = this.readyAtNs[vector]!;
    return readyAtNs > this.context.clock.now() ? readyAtNs : 0;
  }

  /**
   * EITR was written over `before`; `value` is what software wrote, bit 31 included, which does not read back and leaves the
   * interval and the credits alone.
   */
  written(vector: number, value: number, before: number): void {
    const { values } = this.context.registers;
    const index = pf.EITR.index + vector * pf.EITR.step;
    const credits = ((value & CNT_INGR) === 0 ? value : before) & LL_COUNTER.mask;
    values[index] = (values[index]! & ~(CNT_INGR | LL_COUNTER.mask)) | credits;
    if ((value & CNT_INGR) !== 0 && this.intervalNs(vector) !== 0) return;
    this.creditedAtNs[vector] = this.context.clock.now();
    this.readyAtNs[vector] = 0;
    this.load.heldUntilNs[vector] = 0;
    this.expired(vector);
  }

  /** No interval runs and nothing waits; a waiting request is forgotten, as its cause is. */
  reset(): void {
    for (let vector = 0; vector < VECTORS; vector += 1) this.resetVector(vector);
  }

  /** The same for one vector. */
  resetVector(vector: number): void {
    this.context.clock.disarm(this.timers[vector]!);
    this.readyAtNs[vector] = 0;
    this.waiting &= ~(1 << vector);
    this.load.forget(vector);
  }

  private waits(vector: number): boolean {
    return ((this.waiting >>> vector) & 1) === 1;
  }

  private waitsUntil(vector: number): number {
    return Math.max(this.readyAtNs[vector]!, this.load.heldUntilNs[vector]!);
  }

  /** Its time has come, if it waits. */
  private expired(vector: number): void {
    if (!this.waits(vector)) return;
    const { clock, trace, events } = this.context;
    if (trace.on[events.igb_irq_unthrottled] !== 0) trace.emit(events.igb_irq_unthrottled, vector);
    this.sendNow(vector, clock.now());
  }

  /** Sends a vector, and with it those that nothing but the load of their guest holds. */
  private sendNow(vector: number, nowNs: number): void {
    if (!this.sendOne(vector, nowNs)) return;
    for (let rest = this.waiting; rest !== 0; rest &= rest - 1) {
      const other = 31 - Math.clz32(rest & -rest);
      if (nowNs >= this.readyAtNs[other]!) this.sendOne(other, nowNs);
    }
  }

  private sendOne(vector: number, nowNs: number): boolean {
    const waited = this.waits(vector);
    this.waiting &= ~(1 << vector);
    this.context.clock.disarm(this.timers[vector]!);
    if (!this.send(vector)) return false;
    this.readyAtNs[vector] = nowNs + this.intervalNs(vector);
    this.load.sent(vector, nowNs, waited);
    return true;
  }

  private takeCredit(vector: number): boolean {
    const { registers, clock } = this.context;
    const { values } = registers;
    const index = pf.EITR.index + vector * pf.EITR.step;
    const unit = (values[pf.GPIE.index]! & LL_INTERVAL.mask) >>> LL_INTERVAL.shift;
    if ((values[index]! & LLI_EN.mask) === 0 || unit === 0) return true;
    const nowNs = clock.now();
    const gained = Math.floor((nowNs - this.creditedAtNs[vector]!) / (unit * CREDIT_UNIT_NS));
    let credits = ((values[index]! & LL_COUNTER.mask) >>> LL_COUNTER.shift) + gained;
    if (credits < MOST_CREDITS) this.creditedAtNs[vector]! += gained * unit * CREDIT_UNIT_NS;
    else {
      credits = MOST_CREDITS;
      this.creditedAtNs[vector] = nowNs;
    }
    const granted = credits > 0;
    if (granted) credits -= 1;
    values[index] = (values[index]! & ~LL_COUNTER.mask) | (credits << LL_COUNTER.shift);
    return granted;
  }

  private intervalNs(vector: number): number {
    const eitr = this.context.registers.values[pf.EITR.index + vector * pf.EITR.step]!;
    return ((eitr >>> INTERVAL_SHIFT) & INTERVAL_MASK) * NS_PER_US;
  }
}
