import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, makeTask, makeTimer, type Task, type Tasks, type Timer } from '../ports/index.ts';
import { AccessGuard } from './access-guard.ts';
import { GuardedClock, GuardedTasks, GuardedWirePort } from './guarded-ports.ts';

/** Runs tasks like the device thread does. */
class Runner implements Tasks {
  readonly queue: Task[] = [];

  mark(task: Task): void {
    if (task.marked) return;
    task.marked = true;
    this.queue.push(task);
  }

  runOne(): void {
    const task = this.queue.shift()!;
    task.marked = false;
    if (task.run(256)) this.mark(task);
  }
}

test('a task runs under the guard, again while it has work left, and can be marked from within', () => {
  const runner = new Runner();
  const guard = new AccessGuard();
  const tasks = new GuardedTasks(runner, guard);
  const seen: boolean[] = [];
  const answers = [true, false, false];
  const task = makeTask(() => {
    seen.push(guard.busy);
    if (seen.length === 2) tasks.mark(task);
    return answers.shift()!;
  });
  tasks.mark(task);
  tasks.mark(task);
  assert.equal(runner.queue.length, 1);
  runner.runOne();
  assert.equal(task.marked, true, 'as it has work left');
  while (runner.queue.length > 0) runner.runOne();
  assert.deepEqual(seen, [true, true, true]);
  assert.equal(guard.busy, false);
  assert.equal(task.marked, false);
});

test('a task that throws does not leave the guard closed', () => {
  const runner = new Runner();
  const guard = new AccessGuard();
  const tasks = new GuardedTasks(runner, guard);
  tasks.mark(
    makeTask(() => {
      throw new Error('ours');
    }),
  );
  assert.throws(() => runner.runOne(), /ours/);
  assert.equal(guard.busy, false);
});

test('a timer fires under the guard and keeps its deadline in step', () => {
  const armed: Timer[] = [];
  const clock: Clock = {
    now: () => 5,
    arm: (timer, deadlineNs) => {
      timer.deadlineNs = deadlineNs;
      if (!armed.includes(timer)) armed.push(timer);
    },
    disarm: (timer) => void armed.splice(armed.indexOf(timer), 1),
  };
  const guard = new AccessGuard();
  const guarded = new GuardedClock(clock, guard);
  const seen: [boolean, number][] = [];
  const timer = makeTimer(() => seen.push([guard.busy, timer.deadlineNs]));
  guarded.arm(timer, 100);
  guarded.arm(timer, 200);
  assert.equal(timer.deadlineNs, 200);
  assert.equal(armed.length, 1);
  armed[0]!.expire();
  assert.deepEqual(seen, [[true, Infinity]]);
  guarded.arm(timer, 300);
  guarded.disarm(timer);
  assert.equal(armed.length, 0);
  assert.equal(timer.deadlineNs, Infinity);
});

test('stopped, tasks wait in their order, also one that had more to do, and time does not pass for timers', () => {
  const runner = new Runner();
  const guard = new AccessGuard();
  const tasks = new GuardedTasks(runner, guard);
  const done: string[] = [];
  let left = 2;
  const long = makeTask(() => {
    done.push('long');
    left -= 1;
    return left > 0;
  });
  const short = makeTask(() => {
    done.push('short');
    return false;
  });
  tasks.mark(long);
  runner.runOne();
  tasks.stop();
  tasks.mark(short);
  tasks.mark(short);
  while (runner.queue.length > 0) runner.runOne();
  assert.deepEqual(done, ['long']);
  assert.ok(long.marked && short.marked);
  tasks.cont();
  while (runner.queue.length > 0) runner.runOne();
  assert.deepEqual(done, ['long', 'short', 'long']);
});

test('stopped, time stands still; timers fire that much later, whenever they were armed', () => {
  let now = 1000;
  const armed = new Map<Timer, number>();
  const clock: Clock = {
    now: () => now,
    arm: (timer, deadlineNs) => void armed.set(timer, deadlineNs),
    disarm: (timer) => void armed.delete(timer),
  };
  const guarded = new GuardedClock(clock, new AccessGuard());
  const early = makeTimer(() => undefined);
  const late = makeTimer(() => undefined);
  const never = makeTimer(() => undefined);
  guarded.arm(early, 1100);
  guarded.arm(never, 1100);
  guarded.stop();
  assert.equal(armed.size, 0);
  now = 6000;
  assert.equal(guarded.now(), 1000);
  guarded.arm(late, 1500);
  guarded.disarm(never);
  assert.equal(armed.size, 0);
  guarded.cont();
  assert.equal(guarded.now(), 1000);
  assert.deepEqual([...armed.values()], [6100, 6500]);
  guarded.arm(early, 1200);
  assert.deepEqual([...armed.values()], [6200, 6500]);
});

test('stopped, a device takes no frame, and hears of the carrier when it goes on', () => {
  const heard: string[] = [];
  const port = new GuardedWirePort(
    { canReceive: () => true, receive: () => undefined, carrierChanged: () => void heard.push('carrier') },
    new AccessGuard(),
  );
  port.stop();
  assert.equal(port.canReceive(), false);
  port.carrierChanged();
  assert.deepEqual(heard, []);
  port.cont();
  assert.deepEqual(heard, ['carrier']);
  assert.equal(port.canReceive(), true);
  port.stop();
  port.cont();
  assert.deepEqual(heard, ['carrier']);
});
