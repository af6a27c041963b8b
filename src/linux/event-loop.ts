/** The one loop of a device thread: descriptors, timers and marked work, in turns. */
import { noTrace } from '../ports/index.ts';
import type { Clock, Task, Tasks, Timer, Trace } from '../ports/index.ts';
import { BusyWait } from './busy-wait.ts';
import { close } from './descriptor.ts';
import { createEventFd, drain, signal, signalBy } from './event-fd.ts';
import { Epoll, EPOLLIN, type Ready } from './epoll.ts';
import { check, libc } from './libc.ts';
import { DurationHistogram } from './duration-histogram.ts';
import { TimerList } from './timer-list.ts';
import { loopTraceEvents } from './trace-events.ts';

const PR_SET_TIMERSLACK = 29;

/** Descriptors' worth of work for a task before the next one's go. */
const TASK_BUDGET = 256;
/** How long tasks may run before accesses are looked at again. */
const TASK_SLICE_NS = 200_000;
/** How long `run` stays while there is always something to do, before the thread's own event loop has its go. */
const BREATH_NS = 50_000_000;
// The global is a getter, which costs half as much as the clock itself.
const clock = performance;
/** A wake signal of at least this much means: stop for good. */
const STOP_COUNT = 2 ** 32;

export interface EventLoopOptions {
  /** Takes what a handler, timer, task or flusher threw. Without it the loop stops and `run` throws it. */
  readonly onError?: (error: unknown) => void;
  /** While there is much to do it may look on for more for some microseconds before it sleeps: see BusyWait. */
  readonly haltPolling?: boolean;
}

export class EventLoop implements Clock, Tasks {
  /** An eventfd: `wake` and `requestStop` on it, from any thread, end a `run` that waits. */
  readonly wakeFd: number;
  private readonly epoll: Epoll;
  private readonly onError: (error: unknown) => void;
  private readonly timers: TimerList;
  private readonly busyWait: BusyWait | undefined;
  private tasks: Task[];
  private waiting: Task[];
  private flushers: readonly (() => void)[];
  private trace: Trace;
  private turnEvent: number;
  private turnTimes: DurationHistogram | undefined;
  /** The turn at hand is not to be among them. */
  private unmeasured: boolean;
  private stopping: boolean;
  private woken: boolean;
  private failure: { readonly error: unknown } | undefined;

  constructor(options: EventLoopOptions = {}) {
    this.onError =
      options.onError ??
      ((error) => {
        this.failure ??= { error };
        this.stopping = true;
      });
    this.epoll = new Epoll(this.onError);
    this.timers = new TimerList();
    this.busyWait = options.haltPolling === true ? new BusyWait(this.epoll, () => this.now()) : undefined;
    this.tasks = [];
    this.waiting = [];
    this.flushers = [];
    this.trace = noTrace;
    this.turnEvent = 0;
    this.turnTimes = undefined;
    this.unmeasured = false;
    this.stopping = false;
    this.woken = false;
    this.failure = undefined;
    this.wakeFd = createEventFd();
    this.watch(this.wakeFd, EPOLLIN, () => {
      this.woken = true;
      this.leaveOutTurn();
      if (drain(this.wakeFd) >= STOP_COUNT) this.stopping = true;
    });
  }

  /** Has turns traced from now on. */
  traceTo(trace: Trace): void {
    this.trace = trace;
    this.turnEvent = trace.declare(loopTraceEvents).loop_turn;
  }

  /** `stop` was called or requested: `run` returns at once from now on. */
  get stopped(): boolean {
    return this.stopping;
  }

  /**
   * Calls `ready` in each turn in which the descriptor has one of the events of `interest` (EPOLLIN, EPOLLOUT), or an
   * error or hang-up, which cannot be left out while `interest` is not 0. With 0 nothing is heard of it. `guest`: what
   * comes is of a guest, which has time while it handles an interrupt.
   */
  watch(fd: number, interest: number, ready: Ready, guest = false): void {
    this.epoll.watch(fd, interest, ready, guest);
  }

  change(fd: number, interest: number): void {
    this.epoll.change(fd, interest);
  }

  /** Forgets a descriptor; before it is closed, and also while events of the same turn still wait for it. */
  unwatch(fd: number): void {
    this.epoll.unwatch(fd);
  }

  /** Has `flush` called at the end of every turn in which something happened. Returns what takes it out again. */
  atTurnEnd(flush: () => void): () => void {
    const entry = (): void => flush();
    this.flushers = [...this.flushers, entry];
    return () => {
      this.flushers = this.flushers.filter((other) => other !== entry);
    };
  }

  /** Somebody gets a reply in this turn, for which he waits. */
  replied(): void {
    this.busyWait?.replied();
  }

  /** A guest gets an interrupt in this turn, for which it may have waited. */
  interrupted(): void {
    this.busyWait?.interrupted();
  }

  /** Somebody sent something in this turn, and does not wait for anything. */
  posted(): void {
    this.busyWait?.posted();
  }

  /** Has the time of each turn noted from now on, but of those that `leaveOutTurn` names and those that only end `run`. */
  measureTurns(): DurationHistogram {
    this.turnTimes ??= new DurationHistogram();
    return this.turnTimes;
  }

  /** The turn at hand serves somebody who looks on: what it costs says nothing about the others. */
  leaveOutTurn(): void {
    this.unmeasured = true;
  }

  now(): number {
    return Math.round(clock.now() * 1e6);
  }

  arm(timer: Timer, deadlineNs: number): void {
    this.timers.arm(timer, deadlineNs);
  }

  disarm(timer: Timer): void {
    this.timers.disarm(timer);
  }

  mark(task: Task): void {
    if (task.marked) return;
    task.marked = true;
    this.tasks.push(task);
  }

  /** Makes `run` return, now and whenever it is called again. From the loop's own thread. */
  stop(): void {
    this.stopping = true;
  }

  /**
   * Runs turns until stopped or woken, and now and then returns by itself while it is busy: the thread's own event loop
   * must have its go, for messages and for the finalizers of unmapped memory. So call it again by setImmediate unless
   * `stopped`; `drive` does.
   */
  run(): void {
    check(libc.prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0), 'prctl');
    this.woken = false;
    const leaveAt = this.now() + BREATH_NS;
    let turns = 0;
    while (!this.stopping && !this.woken) {
      // Reading the clock costs as much as a small turn.
      if (this.turn(Infinity) && ++turns % 16 === 0 && this.now() > leaveAt) break;
    }
    this.throwFailure();
  }

  /** Runs until stopped, with the thread's own event loop in between. */
  async drive(): Promise<void> {
    while (!this.stopping) {
      this.run();
      await new Promise((resume) => setImmediate(resume));
    }
  }

  /** One turn that waits for at most `timeoutMs`; true when something happened. */
  runOnce(timeoutMs = 0): boolean {
    const happened = this.turn(timeoutMs * 1e6);
    this.throwFailure();
    return happened;
  }

  /** Ends the loop's own descriptors; no thread may wake it any more. */
  close(): void {
    this.stopping = true;
    this.unwatch(this.wakeFd);
    close(this.wakeFd);
    this.epoll.close();
  }

  private throwFailure(): void {
    if (this.failure === undefined) return;
    const { error } = this.failure;
    this.failure = undefined;
    throw error;
  }

  private turn(limitNs: number): boolean {
    const ready = this.wait(limitNs);
    const traced = this.trace.on[this.turnEvent] !== 0;
    const { turnTimes } = this;
    const beginNs = traced || turnTimes !== undefined ? this.now() : 0;
    if (ready > 0) this.epoll.dispatch(ready);
    const expired = this.timers.earliestNs < Infinity && this.expire();
    const worked = this.tasks.length > 0;
    if (worked) {
      const end = this.now() + TASK_SLICE_NS;
      this.workOnce(end);
      this.lookAgain();
      this.work(end);
    }
    if (ready === 0 && !expired && !worked) return false;
    const { flushers } = this;
    for (let i = 0; i < flushers.length; i++) {
      try {
        flushers[i]!();
      } catch (error) {
        this.onError(error);
      }
    }
    this.busyWait?.turned(worked);
    if (turnTimes !== undefined && !this.unmeasured) turnTimes.add(this.now() - beginNs);
    this.unmeasured = false;
    if (traced) this.trace.emit(this.turnEvent, ready, expired ? 1 : 0, worked ? 1 : 0, this.now() - beginNs);
    return true;
  }

  /**
   * What work has led to at once, before other work tells of it: a host answers a frame while it is being sent, and the guest
   * then gets one interrupt for both.
   */
  private lookAgain(): void {
    const ready = this.epoll.look();
    if (ready > 0) this.epoll.dispatch(ready);
  }

  private wait(limitNs: number): number {
    let waitNs = limitNs;
    if (this.tasks.length > 0) waitNs = 0;
    else if (this.timers.earliestNs < Infinity) {
      waitNs = Math.min(waitNs, Math.max(0, this.timers.earliestNs - this.now()));
    }
    if (waitNs === 0) return this.epoll.look();
    return this.busyWait === undefined ? this.epoll.sleep(waitNs) : this.busyWait.wait(waitNs);
  }

  private expire(): boolean {
    const now = this.now();
    let happened = false;
    // Bounded: a timer that arms itself for the past has its next go in the next turn.
    for (let left = this.timers.size; left > 0; left--) {
      const timer = this.timers.takeExpired(now);
      if (timer === undefined) break;
      happened = true;
      try {
        timer.expire();
      } catch (error) {
        this.onError(error);
      }
    }
    return happened;
  }

  /** Works until nothing is left, or time is up. */
  private work(end: number): void {
    while (this.tasks.length > 0 && this.now() < end) this.workOnce(end);
  }

  /** Every task that is marked has one go, as far as time allows, one in any case. */
  private workOnce(end: number): void {
    const round = this.tasks;
    this.tasks = this.waiting;
    this.waiting = round;
    let done = 0;
    do this.runTask(round[done++]!);
    while (done < round.length && this.now() < end);
    // Those that had no go come first in the next turn.
    if (done < round.length) this.tasks = [...round.slice(done), ...this.tasks];
    round.length = 0;
  }

  private runTask(task: Task): void {
    task.marked = false;
    try {
      if (task.run(TASK_BUDGET)) this.mark(task);
    } catch (error) {
      this.onError(error);
    }
  }
}

/** Ends one `run` that waits, from any thread. */
export function wake(wakeFd: number): void {
  signal(wakeFd);
}

/** Stops a loop for good, from any thread; before `worker.terminate()`, which cannot interrupt a thread that waits in the kernel. */
export function requestStop(wakeFd: number): void {
  signalBy(wakeFd, STOP_COUNT);
}

/** Stops the loop of a worker whenever this process ends by `process.exit` or an uncaught error. Returns what calls that off. */
export function stopAtExit(wakeFd: number): () => void {
  const listener = (): void => requestStop(wakeFd);
  process.on('exit', listener);
  return () => {
    process.off('exit', listener);
  };
}
