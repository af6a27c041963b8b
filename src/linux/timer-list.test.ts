import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { makeTimer, type Timer } from '../ports/index.ts';
import { TimerList } from './timer-list.ts';

test('any sequence of arm and disarm leaves each armed timer once, taken in the order of deadlines', () => {
  const step = fc.record({ timer: fc.nat(7), deadline: fc.oneof(fc.nat(50), fc.constant(Infinity)) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(60), (steps, now) => {
      const list = new TimerList();
      const timers: Timer[] = Array.from({ length: 8 }, () => makeTimer(() => undefined));
      for (const { timer, deadline } of steps) {
        if (deadline === Infinity) list.disarm(timers[timer]!);
        else list.arm(timers[timer]!, deadline);
      }
      const expected = timers.map((timer) => timer.deadlineNs).filter((deadline) => deadline <= now);
      assert.equal(list.size, timers.filter((timer) => timer.deadlineNs !== Infinity).length);
      const rest = timers.map((timer) => timer.deadlineNs).filter((deadline) => deadline > now);
      assert.ok(list.earliestNs <= Math.min(Infinity, ...expected, ...rest), 'never late');
      if (list.size === 0) assert.equal(list.earliestNs, Infinity, 'nobody is waited for');
      const taken: number[] = [];
      const before = new Map(timers.map((timer) => [timer, timer.deadlineNs]));
      for (let timer = list.takeExpired(now); timer !== undefined; timer = list.takeExpired(now)) {
        assert.equal(timer.deadlineNs, Infinity);
        taken.push(before.get(timer)!);
      }
      assert.deepEqual(
        taken,
        expected.sort((a, b) => a - b),
      );
      assert.ok(list.earliestNs > now && list.earliestNs <= Math.min(Infinity, ...rest));
    }),
  );
});
