/**
 * The TCP timer (TCPTIMER, reference §6.8): counts milliseconds down and interrupts at 0. The fields are those that Intel's
 * drivers name; what they do beyond their names is from later chips' manuals.
 */
import { makeTimer, type Timer } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { pf } from '../tables/index.ts';

const { TCPTIMER } = pf;

const NS_PER_MS = 1e6;

export class TcpTimer {
  private readonly context: PortContext;
  private readonly interrupts: { tcpTimerExpired(): void };
  private readonly timer: Timer;
  /** What is left while counting is disabled; 0 where nothing counts. */
  private leftNs: number;

  constructor(context: PortContext, parts: { interrupts: { tcpTimerExpired(): void } }) {
    this.context = context;
    this.interrupts = parts.interrupts;
    this.timer = makeTimer(() => this.expired());
    this.leftNs = 0;
  }

  /** TCPTIMER was written; KICK_START and COUNT_FINISH read 0. */
  written(value: number): void {
    const { clock } = this.context;
    if (this.timer.deadlineNs !== Infinity) this.leftNs = this.timer.deadlineNs - clock.now();
    clock.disarm(this.timer);
    if ((value & TCPTIMER.KICK_START.mask) !== 0) this.leftNs = this.durationNs();
    if ((value & TCPTIMER.COUNT_FINISH.mask) !== 0) {
      this.leftNs = this.durationNs();
      this.interrupts.tcpTimerExpired();
    }
    if ((value & TCPTIMER.COUNT_ENABLE.mask) !== 0 && this.leftNs > 0) clock.arm(this.timer, clock.now() + this.leftNs);
  }

  reset(): void {
    this.context.clock.disarm(this.timer);
    this.leftNs = 0;
  }

  private expired(): void {
    const { clock, registers } = this.context;
    this.leftNs = 0;
    if ((registers.values[TCPTIMER.index]! & TCPTIMER.LOOP.mask) !== 0) {
      clock.arm(this.timer, clock.now() + this.durationNs());
    }
    this.interrupts.tcpTimerExpired();
  }

  /** A duration of 0 counts as one millisecond. */
  private durationNs(): number {
    return Math.max(1, this.context.registers.values[TCPTIMER.index]! & TCPTIMER.DURATION.mask) * NS_PER_MS;
  }
}
