/** Ports that put a device's own work under its access guard: what a task, a timer or an arriving frame does is work. */
import {
  type Clock,
  type FrameOffload,
  makeTask,
  makeTimer,
  type Task,
  type Tasks,
  type Timer,
  type WirePort,
} from '../ports/index.ts';
import type { AccessGuard } from './access-guard.ts';

/** Runs a device's tasks as its work. Its tasks are few and live as long as it does. */
export class GuardedTasks implements Tasks {
  readonly #tasks: Tasks;
  readonly #guard: AccessGuard;
  readonly #outer: Map<Task, Task>;

  constructor(tasks: Tasks, guard: AccessGuard) {
    this.#tasks = tasks;
    this.#guard = guard;
    this.#outer = new Map();
  }

  mark(task: Task): void {
    if (task.marked) return;
    task.marked = true;
    this.#tasks.mark(this.#outer.get(task) ?? this.#wrap(task));
  }

  #wrap(task: Task): Task {
    const guard = this.#guard;
    const outer = makeTask((budget) => {
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
export class GuardedClock implements Clock {
  readonly #clock: Clock;
  readonly #guard: AccessGuard;
  readonly #outer: Map<Timer, Timer>;

  constructor(clock: Clock, guard: AccessGuard) {
    this.#clock = clock;
    this.#guard = guard;
    this.#outer = new Map();
  }

  now(): number {
    return this.#clock.now();
  }

  arm(timer: Timer, deadlineNs: number): void {
    timer.deadlineNs = deadlineNs;
    this.#clock.arm(this.#outer.get(timer) ?? this.#wrap(timer), deadlineNs);
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

/** Hands frames to a device as its work. */
export class GuardedWirePort implements WirePort {
  readonly #port: WirePort;
  readonly #guard: AccessGuard;

  constructor(port: WirePort, guard: AccessGuard) {
    this.#port = port;
    this.#guard = guard;
  }

  canReceive(): boolean {
    return this.#port.canReceive();
  }

  receive(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    const before = this.#guard.beginWork();
    try {
      this.#port.receive(bytes, offset, length, offload);
    } finally {
      this.#guard.endWork(before);
    }
  }

  carrierChanged(): void {
    const before = this.#guard.beginWork();
    try {
      this.#port.carrierChanged();
    } finally {
      this.#guard.endWork(before);
    }
  }
}
