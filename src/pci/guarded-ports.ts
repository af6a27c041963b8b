/**
 * Ports that put a device's own work under its access guard: what a task, a timer or an arriving frame does is work. Each can stop
 * the device: its work then stands still, and so does its time, while accesses to it are still answered. `cont` goes on from there.
 */
import {
  type Clock,
  type FrameOffload,
  type FrameRun,
  makeTask,
  makeTimer,
  type Task,
  type Tasks,
  type Timer,
  type WirePort,
} from '../ports/index.ts';
import type { AccessGuard } from './access-guard.ts';

/** What can hold up a device's own work. */
export interface Stoppable {
  stop(): void;
  cont(): void;
}

/** Runs a device's tasks as its work. Its tasks are few and live as long as it does. */
export class GuardedTasks implements Tasks, Stoppable {
  readonly #tasks: Tasks;
  readonly #guard: AccessGuard;
  readonly #outer: Map<Task, Task>;
  /** Marked tasks that wait for `cont`. */
  #held: Task[];
  #stopped: boolean;

  constructor(tasks: Tasks, guard: AccessGuard) {
    this.#tasks = tasks;
    this.#guard = guard;
    this.#outer = new Map();
    this.#held = [];
    this.#stopped = false;
  }

  mark(task: Task): void {
    if (task.marked) return;
    task.marked = true;
    this.#pass(task);
  }

  stop(): void {
    this.#stopped = true;
  }

  cont(): void {
    this.#stopped = false;
    const held = this.#held;
    this.#held = [];
    for (const task of held) this.#pass(task);
  }

  #pass(task: Task): void {
    if (this.#stopped) this.#held.push(task);
    else this.#tasks.mark(this.#outer.get(task) ?? this.#wrap(task));
  }

  #wrap(task: Task): Task {
    const guard = this.#guard;
    const outer = makeTask((budget) => {
      if (this.#stopped) {
        this.#held.push(task);
        return false;
      }
      task.marked = false;
      const before = guard.beginWork();
      try {
        const more = task.run(budget);
        if (more) task.marked = true;
        return more;
      } finally {
        guard.endWork(before);
      }
    });
    this.#outer.set(task, outer);
    return outer;
  }
}

/** Fires a device's timers as its work. */
export class GuardedClock implements Clock, Stoppable {
  readonly #clock: Clock;
  readonly #guard: AccessGuard;
  readonly #outer: Map<Timer, Timer>;
  #stopped: boolean;
  /** The device's time while it is stopped. */
  #stoppedNs: number;
  /** How far its time is behind the clock's: as long as it was stopped. */
  #behindNs: number;

  constructor(clock: Clock, guard: AccessGuard) {
    this.#clock = clock;
    this.#guard = guard;
    this.#outer = new Map();
    this.#stopped = false;
    this.#stoppedNs = 0;
    this.#behindNs = 0;
  }

  now(): number {
    return this.#stopped ? this.#stoppedNs : this.#clock.now() - this.#behindNs;
  }

  arm(timer: Timer, deadlineNs: number): void {
    timer.deadlineNs = deadlineNs;
    const outer = this.#outer.get(timer) ?? this.#wrap(timer);
    if (!this.#stopped) this.#clock.arm(outer, deadlineNs + this.#behindNs);
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stoppedNs = this.now();
    this.#stopped = true;
    for (const outer of this.#outer.values()) this.#clock.disarm(outer);
  }

  cont(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#behindNs = this.#clock.now() - this.#stoppedNs;
    for (const [timer, outer] of this.#outer) {
      if (timer.deadlineNs < Infinity) this.#clock.arm(outer, timer.deadlineNs + this.#behindNs);
    }
  }

  disarm(timer: Timer): void {
    timer.deadlineNs = Infinity;
    const outer = this.#outer.get(timer);
    if (outer !== undefined) this.#clock.disarm(outer);
  }

  #wrap(timer: Timer): Timer {
    const guard = this.#guard;
    const outer = makeTimer(() => {
      timer.deadlineNs = Infinity;
      const before = guard.beginWork();
      try {
        timer.expire();
      } finally {
        guard.endWork(before);
      }
    });
    this.#outer.set(timer, outer);
    return outer;
  }
}

/** Hands frames to a device as its work. A stopped device cannot receive: wires keep their frames, and want a `resume` after `cont`. */
export class GuardedWirePort implements WirePort, Stoppable {
  readonly #port: WirePort;
  readonly #guard: AccessGuard;
  #stopped: boolean;
  /** It changed while the device was stopped. */
  #carrierChanged: boolean;

  constructor(port: WirePort, guard: AccessGuard) {
    this.#port = port;
    this.#guard = guard;
    this.#stopped = false;
    this.#carrierChanged = false;
  }

  stop(): void {
    this.#stopped = true;
  }

  cont(): void {
    this.#stopped = false;
    if (this.#carrierChanged) this.carrierChanged();
  }

  canReceive(): boolean {
    return !this.#stopped && this.#port.canReceive();
  }

  receive(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    const before = this.#guard.beginWork();
    try {
      this.#port.receive(bytes, offset, length, offload);
    } finally {
      this.#guard.endWork(before);
    }
  }

  receiveRun(run: FrameRun): number {
    if (this.#stopped || this.#port.receiveRun === undefined) return 0;
    const before = this.#guard.beginWork();
    try {
      return this.#port.receiveRun(run);
    } finally {
      this.#guard.endWork(before);
    }
  }

  beginRun(frames: number): void {
    this.#port.beginRun?.(frames);
  }

  endRun(): void {
    this.#port.endRun?.();
  }

  carrierChanged(): void {
    this.#carrierChanged = this.#stopped;
    if (this.#stopped) return;
    const before = this.#guard.beginWork();
    try {
      this.#port.carrierChanged();
    } finally {
      this.#guard.endWork(before);
    }
  }
}
