/** Time that only commands move, and the device's work, done to the end before a command is answered. */
import type { Clock, Task, Tasks, Timer } from '../../ports/index.ts';

/** Descriptors' worth of work for a task before the next one's go. */
const TASK_BUDGET = 256;
/** Runs of tasks for one command. No device of ours needs that many: it keeps a mistake from hanging the test. */
const RUN_LIMIT = 1_000_000;
/** Timers that may expire within one step, for the same reason. */
const EXPIRY_LIMIT = 10_000_000;
/** Times beyond are not exact any more: 104 days. */
export const TIME_LIMIT_NS = Number.MAX_SAFE_INTEGER;

export class VirtualTime implements Clock, Tasks {
  /** Armed ones, in the order in which they were. */
  readonly #timers: Timer[];
  #tasks: Task[];
  #nowNs: number;
  /** Called between rounds of work: lets the outside in (frames that the device has now room for). True: something came. */
  between: () => boolean;

  constructor() {
    this.#timers = [];
    this.#tasks = [];
    this.#nowNs = 0;
    this.between = () => false;
  }

  now(): number {
    return this.#nowNs;
  }

  arm(timer: Timer, deadlineNs: number): void {
    this.disarm(timer);
    if (!(deadlineNs < Infinity)) return;
    timer.deadlineNs = Math.max(deadlineNs, this.#nowNs);
    this.#timers.push(timer);
  }

  disarm(timer: Timer): void {
    if (timer.deadlineNs === Infinity) return;
    timer.deadlineNs = Infinity;
    this.#timers.splice(this.#timers.indexOf(timer), 1);
  }

  mark(task: Task): void {
    if (task.marked) return;
    task.marked = true;
    this.#tasks.push(task);
  }

  /** Nanoseconds to the next timer, -1 where none is armed. */
  get untilNextNs(): number {
    const next = this.#next();
    return next === undefined ? -1 : next.deadlineNs - this.#nowNs;
  }

  /** The timer that is due first; of several the one armed first. */
  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.deadlineNs < next.deadlineNs) next = timer;
    return next;
  }

  /** Works until nothing is left to do at the present time; false where that did not end. */
  settle(): boolean {
    let left = RUN_LIMIT;
    do {
      while (this.#tasks.length > 0) {
        const round = this.#tasks;
        this.#tasks = [];
        for (const task of round) {
          task.marked = false;
          if (task.run(TASK_BUDGET)) this.mark(task);
        }
        left -= round.length;
        if (left < 0) return false;
      }
      left -= 1;
    } while (this.between());
    return true;
  }

  /** Moves time on, with every timer on the way at its own moment; false where that did not end. */
  advanceTo(targetNs: number): boolean {
    for (let left = EXPIRY_LIMIT; left > 0; left -= 1) {
      const next = this.#next();
      if (next === undefined || next.deadlineNs > targetNs) {
        this.#nowNs = Math.max(this.#nowNs, targetNs);
        return true;
      }
      this.#nowNs = next.deadlineNs;
      this.disarm(next);
      next.expire();
      if (!this.settle()) return false;
    }
    return false;
  }
}
