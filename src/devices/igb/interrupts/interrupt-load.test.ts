/** Interrupts of a guest that takes long to handle them: fewer where packets keep coming, none late where they do not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InterruptLoad } from './interrupt-load.ts';
import { pf } from '../tables/index.ts';
import { makeTestContext } from '../testing.ts';

const US = 1000;
const INTERVAL_NS = 50 * US;
const HANDLING_NS = 30 * US;
/** A hold of a guest that is not known to go on. */
const SHORT_NS = 10 * HANDLING_NS;
const VECTOR = 3;
const OTHER_VECTOR = 4;
const QUEUE = 2;
const RING = 256;

function setUp(queue = QUEUE) {
  const context = makeTestContext();
  const { clock } = context;
  const { values } = context.registers;
  const load = new InterruptLoad(context);
  for (const length of [pf.RDLEN, pf.TDLEN]) values[length.index + queue * length.step] = RING * 16;
  const writeBack = (count: number, transmit = false): boolean => {
    const register = transmit ? pf.TDH : pf.RDH;
    const at = register.index + queue * register.step;
    values[at] = (values[at]! + count) % RING;
    return load.wroteBack(VECTOR, queue, transmit);
  };
  /** One interrupt of what so many turns wrote back, and its handling; returns for how long the vector is held from its message on. */
  const interrupt = (turns: number, handlingNs = HANDLING_NS, intervalNs = INTERVAL_NS): number => {
    for (let n = 0; n < turns; n += 1) writeBack(1);
    const sentNs = clock.now();
    load.sent(VECTOR, sentNs, false);
    clock.advance(handlingNs);
    load.unmasked(VECTOR, intervalNs);
    return Math.max(load.heldUntilNs[VECTOR]! - sentNs, 0);
  };
  const flood = (): void => {
    for (let n = 0; n < 4; n += 1) interrupt(3);
  };
  clock.advance(1000 * US);
  return { ...context, load, writeBack, interrupt, flood };
}

test('a flooded guest has nine times as long for itself as it took to handle an interrupt', () => {
  const { interrupt, flood } = setUp();
  assert.equal(interrupt(3), 0, 'once is no flood');
  flood();
  assert.equal(interrupt(3), SHORT_NS);
  assert.equal(interrupt(3, 2 * US), 20 * US, 'a guest that is fast hardly waits');
});

test('one turn for each interrupt, as of somebody who asks and waits, is no flood, and ends one', () => {
  const { interrupt, flood } = setUp();
  for (let n = 0; n < 50; n += 1) assert.equal(interrupt(1), 0);
  flood();
  let held = 0;
  while (interrupt(1) > 0) held += 1;
  assert.ok(held < 10, `held ${held} times`);
});

test('a flood is over once nothing came for 8 ms', () => {
  const { interrupt, flood, clock } = setUp();
  flood();
  clock.advance(7900 * US);
  assert.ok(interrupt(3) > 0);
  clock.advance(8100 * US);
  assert.equal(interrupt(3), 0);
});

test('held for 32 intervals of EITR at most, for 2 ms in any case, and not at all where EITR is 0', () => {
  const { interrupt, flood } = setUp();
  flood();
  assert.equal(interrupt(3, 1000 * US, 10 * US), 320 * US);
  assert.equal(interrupt(3, 1000 * US, 500 * US), 2000 * US);
  assert.equal(interrupt(3, 1000 * US, 0), 0);
});

/** A flooded queue, and messages that are held until their time: sending ends so long before; for how long the next one is held. */
function setUpHolds(transmit = true) {
  const made = setUp();
  const { load, clock, interrupt, flood, writeBack } = made;
  const handled = (): number => {
    const sentNs = clock.now();
    load.sent(VECTOR, sentNs, true);
    clock.advance(HANDLING_NS);
    load.unmasked(VECTOR, INTERVAL_NS);
    return load.heldUntilNs[VECTOR]! - sentNs;
  };
  const hold = (silentNs: number): number => {
    writeBack(1, transmit);
    clock.advance(load.heldUntilNs[VECTOR]! - clock.now() - silentNs);
    writeBack(1, transmit);
    clock.advance(silentNs);
    return handled();
  };
  flood();
  assert.equal(interrupt(3), SHORT_NS);
  return { ...made, hold, handled };
}

test('held twice as long while the guest sends until the end of it, and no longer once it falls silent before', () => {
  const { hold } = setUpHolds();
  assert.equal(hold(SHORT_NS / 4), SHORT_NS, 'silent for a quarter of it');
  assert.equal(hold(SHORT_NS / 10), 2 * SHORT_NS, 'for a tenth');
  assert.equal(hold(0), 2 * SHORT_NS, 'not longer still');
  assert.equal(hold(SHORT_NS / 2), SHORT_NS, 'for a quarter of what is twice as long');
});

test('what comes from outside until the end makes no hold longer', () => {
  const { hold } = setUpHolds(false);
  for (let n = 0; n < 10; n += 1) assert.equal(hold(0), SHORT_NS);
});

test('what left before its time does not make the next hold shorter, a flood that is over does', () => {
  const { clock, interrupt, flood, writeBack, hold, handled } = setUpHolds();
  assert.equal(hold(0), 2 * SHORT_NS);
  writeBack(1);
  writeBack(RING / 4);
  assert.equal(handled(), 2 * SHORT_NS, 'a quarter of the ring came');
  clock.advance(8100 * US);
  assert.equal(interrupt(3), 0);
  flood();
  assert.equal(interrupt(3), SHORT_NS);
});

test('a quarter of a ring is the most that waits, on either side, also where the ring begins anew', () => {
  for (const transmit of [false, true]) {
    const { interrupt, flood, writeBack } = setUp();
    flood();
    for (let round = 0; round < 10; round += 1) {
      assert.ok(interrupt(3) > 0);
      assert.equal(writeBack(RING / 4 - 1, transmit), false);
      assert.equal(writeBack(1, transmit), true);
    }
  }
});

test('a driver that does not mask its vector is not held; nor is one whose vector was reset', () => {
  const { load, clock, interrupt, flood, writeBack } = setUp();
  for (let n = 0; n < 20; n += 1) {
    writeBack(1);
    writeBack(1);
    load.sent(VECTOR, clock.now(), false);
    clock.advance(HANDLING_NS);
    assert.equal(load.heldUntilNs[VECTOR], 0);
  }
  flood();
  assert.ok(interrupt(3) > 0);
  load.forget(VECTOR);
  assert.equal(load.heldUntilNs[VECTOR], 0);
  assert.equal(interrupt(3), 0);
});

test('a queue whose IVAR entry names no vector of the chip is counted nowhere', () => {
  const { load } = setUp();
  for (let n = 0; n < 3; n += 1) assert.equal(load.wroteBack(31, QUEUE, false), false);
});

test('what one turn did to both rings of a queue is one turn', () => {
  const { interrupt, writeBack } = setUp();
  for (let n = 0; n < 50; n += 1) {
    writeBack(1, true);
    assert.equal(interrupt(1), 0);
  }
});

/** Messages of one turn each, of a queue whose sides have a vector each; which of them are held, and by how much more they tell then. */
function exchange(turnsWhileHeld: number, messages: number, descriptors: number): boolean[] {
  const { load, clock, registers } = setUp();
  const { values } = registers;
  const turn = (): void => {
    for (const [register, count, vector] of [
      [pf.TDH, descriptors, VECTOR],
      [pf.RDH, 1, OTHER_VECTOR],
    ] as const) {
      const at = register.index + QUEUE * register.step;
      values[at] = (values[at]! + count) % RING;
      load.wroteBack(vector, QUEUE, register === pf.TDH);
    }
  };
  const held: boolean[] = [];
  for (let n = 0; n < messages; n += 1) {
    turn();
    const waited = [VECTOR, OTHER_VECTOR].map((vector) => load.heldUntilNs[vector]! > clock.now());
    assert.equal(waited[0], waited[1], 'both sides wait, or none');
    if (waited[0]) for (let more = 1; more < turnsWhileHeld; more += 1) turn();
    held.push(waited[0]!);
    for (const vector of [VECTOR, OTHER_VECTOR]) load.sent(vector, clock.now(), waited[0]!);
    clock.advance(HANDLING_NS);
    for (const vector of [VECTOR, OTHER_VECTOR]) load.unmasked(vector, INTERVAL_NS);
  }
  return held;
}

test('a guest that goes on while an interrupt is held is held soon, though its interrupts told of one turn each', () => {
  for (const descriptors of [17, 4]) {
    const held = exchange(3, 20, descriptors);
    assert.deepEqual(held, [false, ...Array.from({ length: 19 }, () => true)], `${descriptors} descriptors each`);
  }
});

test('a guest that waits for its answer is tried ever more seldom, and one that sends little never', () => {
  const held = exchange(1, 4000, 45);
  assert.ok(held.indexOf(true) >= 0);
  assert.ok(held.filter(Boolean).length <= 12, `${held.filter(Boolean).length} of 4000 held`);
  assert.ok(!held.slice(2, 10).includes(true));
  assert.ok(!exchange(1, 4000, 3).includes(true));
});

test('a vector that told of nothing says nothing of any queue', () => {
  const { load, interrupt, flood } = setUp(0);
  flood();
  load.forget(OTHER_VECTOR);
  assert.ok(interrupt(3) > 0);
});

test('turns from before a vector was reset are forgotten', () => {
  const { load, interrupt, writeBack } = setUp();
  writeBack(1);
  load.forget(VECTOR);
  // One more of several turns each would be a flood after four.
  for (let n = 0; n < 3; n += 1) interrupt(n === 0 ? 1 : 3);
  assert.equal(interrupt(3), 0);
});
