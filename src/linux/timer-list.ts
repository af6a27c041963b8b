import type { Timer } from '../ports/index.ts';

/**
 * Armed timers, a few hundred at most and re-armed far more often than they expire: so an unordered list with the
 * earliest deadline beside it. A timer is in the list while its deadline is finite.
 */
export class TimerList {
  /** No timer is due before this; Infinity when none is armed. May be early after a disarm that leaves others. */
  earliestNs: number;
  private readonly timers: Timer[];

  constructor() {
    this.earliestNs = Infinity;
    this.timers = [];
  }

  arm(timer: Timer, deadlineNs: number): void {
    if (!(deadlineNs < Infinity)) {
      this.disarm(timer);
      return;
    }
    if (timer.deadlineNs === Infinity) this.timers.push(timer);
    timer.deadlineNs = deadlineNs;
    if (deadlineNs < this.earliestNs) this.earliestNs = deadlineNs;
  }

  disarm(timer: Timer): void {
    if (timer.deadlineNs === Infinity) return;
    timer.deadlineNs = Infinity;
    const index = this.timers.indexOf(timer);
    const last = this.timers.pop();
    if (last !== undefined && last !== timer) this.timers[index] = last;
    // From an empty list nothing is taken, which would set this right: the loop would never sleep again.
    if (this.timers.length === 0) this.earliestNs = Infinity;
  }

  /**
   * Takes the timer with the earliest deadline out where that is at most `nowNs`, and sets `earliestNs` right.
   * The caller runs it.
   */
  takeExpired(nowNs: number): Timer | undefined {
    if (this.earliestNs > nowNs) return undefined;
    let first: Timer | undefined;
    let second = Infinity;
    for (const timer of this.timers) {
      if (first === undefined || timer.deadlineNs < first.deadlineNs) {
        if (first !== undefined) second = first.deadlineNs;
        first = timer;
      } else if (timer.deadlineNs < second) {
        second = timer.deadlineNs;
      }
    }
    if (first === undefined || first.deadlineNs > nowNs) {
      this.earliestNs = first?.deadlineNs ?? Infinity;
      return undefined;
    }
    this.earliestNs = second;
    this.disarm(first);
    return first;
  }

  get size(): number {
    return this.timers.length;
  }
}
