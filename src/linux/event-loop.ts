/** The one loop of a device thread: descriptors, timers and marked work, in turns. */
import { noTrace } from '../ports/index.ts';
import type { Clock, Task, Tasks, Timer, Trace } from '../ports/index.ts';
import { EINTR } from './errors.ts';
import { close } from './descriptor.ts';
import { createEventFd, drain, signal, signalBy } from './event-fd.ts';
import { check, errno, fail, libc } from './libc.ts';
import { DurationHistogram } from './duration-histogram.ts';
import { HaltPolling } from './halt-polling.ts';
import { NativeBlock } from './native-block.ts';
import { TimerList } from './timer-list.ts';
import { loopTraceEvents } from './trace-events.ts';

export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const PR_SET_TIMERSLACK = 29;

/** Events taken from the kernel in one turn; the rest comes in the next. */
const EVENTS_PER_TURN = 64;
/** struct epoll_event is packed on x86-64: events, then 64 bits of ours (descriptor, generation). */
const EVENT_DWORDS = 3;
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

type Ready = (events: number) => void;

export interface EventLoopOptions {
  /** Takes what a handler, timer, task or flusher threw. Without it the loop stops and `run` throws it. */
  readonly onError?: (error: unknown) => void;
  /** While there is much to do it may look on for more for some microseconds before it sleeps: see HaltPolling. */
  readonly haltPolling?: boolean;
}

export class EventLoop implements Clock, Tasks {
  /** An eventfd: `wake` and `requestStop` on it, from any thread, end a `run` that waits. */
  readonly wakeFd: number;
  private readonly epollFd: number;
  private readonly onError: (error: unknown) => void;
  private readonly events: NativeBlock;
  private readonly eventsAddress: number;
  private readonly control: NativeBlock;
  private readonly timeout: NativeBlock;
  private readonly timeoutAddress: number;
  private readonly handlers: (Ready | undefined)[];
  private readonly interests: number[];
  private readonly generations: number[];
  private readonly timers: TimerList;
  private readonly polling: HaltPolling | undefined;
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
    this.events = new NativeBlock(EVENTS_PER_TURN * EVENT_DWORDS * 4);
    this.eventsAddress = this.events.address;
    this.control = new NativeBlock(16);
    this.timeout = new NativeBlock(16);
    this.timeoutAddress = this.timeout.address;
    this.handlers = [];
    this.interests = [];
    this.generations = [];
    this.timers = new TimerList();
    this.polling = options.haltPolling === true ? new HaltPolling() : undefined;
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
    this.epollFd = check(libc.epoll_create1(EPOLL_CLOEXEC), 'epoll_create1');
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
   * error or hang-up, which cannot be left out while `interest` is not 0. With 0 nothing is heard of it.
   */
  watch(fd: number, interest: number, ready: Ready): void {
    if (this.handlers[fd] !== undefined) throw new Error(`descriptor ${fd} is watched already`);
    this.generations[fd] = ((this.generations[fd] ?? 0) + 1) >>> 0;
    this.interests[fd] = 0;
    this.handlers[fd] = ready;
    try {
      this.change(fd, interest);
    } catch (error) {
      this.handlers[fd] = undefined;
      throw error;
    }
  }

  change(fd: number, interest: number): void {
    if (this.handlers[fd] === undefined) throw new Error(`descriptor ${fd} is not watched`);
    const before = this.interests[fd]!;
    if (before === interest) return;
    const operation = before === 0 ? EPOLL_CTL_ADD : interest === 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    this.control.words[0] = interest;
    this.control.words[1] = fd;
    this.control.words[2] = this.generations[fd]!;
    check(libc.epoll_ctl(this.epollFd, operation, fd, this.control.address), 'epoll_ctl');
    this.interests[fd] = interest;
  }

  /** Forgets a descriptor; before it is closed, and also while events of the same turn still wait for it. */
  unwatch(fd: number): void {
    if (this.handlers[fd] === undefined) return;
    this.change(fd, 0);
    this.handlers[fd] = undefined;
  }

  /** Has `flush` called at the end of every turn in which something happened. Returns what takes it out again. */
  atTurnEnd(flush: () => void): () => void {
    const entry = (): void => flush();
    this.flushers = [...this.flushers, entry];
    return () => {
      this.flushers = this.flushers.filter((other) => other !== entry);
    };
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
    close(this.epollFd);
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
    if (ready > 0) this.dispatch(ready);
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
    const ready = this.look();
    if (ready > 0) this.dispatch(ready);
  }

  private wait(limitNs: number): number {
    let waitNs = limitNs;
    if (this.tasks.length > 0) waitNs = 0;
    else if (this.timers.earliestNs < Infinity) {
      waitNs = Math.min(waitNs, Math.max(0, this.timers.earliestNs - this.now()));
    }
    if (waitNs === 0) return this.look();
    return this.polling === undefined ? this.sleep(waitNs) : this.waitLooking(waitNs, this.polling);
  }

  /** Looks on for as long as that is worth it, then sleeps. */
  private waitLooking(waitNs: number, polling: HaltPolling): number {
    let now = this.now();
    const until = now + waitNs;
    if (polling.windowNs > 0) {
      const end = Math.min(until, now + polling.windowNs);
      let longestNs = 0;
      do {
        const count = this.look();
        const before = now;
        now = this.now();
        longestNs = Math.max(longestNs, now - before);
        if (count > 0) {
          polling.found(longestNs);
          return count;
        }
      } while (now < end);
      if (now >= until) return 0;
    }
    const count = this.sleep(until - now);
    polling.slept(this.now() - now);
    return count;
  }

  /** Events that are there now. */
  private look(): number {
    return this.checked(libc.epoll_wait(this.epollFd, this.eventsAddress, EVENTS_PER_TURN, 0));
  }

  /** Waits in the kernel for events. */
  private sleep(waitNs: number): number {
    if (waitNs === Infinity)
      return this.checked(libc.epoll_wait(this.epollFd, this.eventsAddress, EVENTS_PER_TURN, -1));
    this.timeout.setPointer(0, Math.floor(waitNs / 1e9));
    this.timeout.setPointer(2, Math.ceil(waitNs % 1e9));
    return this.checked(libc.epoll_pwait2(this.epollFd, this.eventsAddress, EVENTS_PER_TURN, this.timeoutAddress, 0));
  }

  private checked(count: number): number {
    if (count !== -1) return count;
    if (errno() !== EINTR) fail('epoll_wait');
    return 0;
  }

  private dispatch(count: number): void {
    const { words } = this.events;
    for (let i = 0; i < count; i++) {
      const at = i * EVENT_DWORDS;
      const fd = words[at + 1]!;
      const handler = this.handlers[fd];
      // A handler before this one may have closed the descriptor, and another may have got its number.
      if (handler === undefined || this.generations[fd] !== words[at + 2] || this.interests[fd] === 0) continue;
      try {
        handler(words[at]!);
      } catch (error) {
        this.onError(error);
      }
    }
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
