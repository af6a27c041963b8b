import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../tables/index.ts';
import { makeTestContext } from '../testing.ts';
import { Throttle } from './throttle.ts';

const US = 1000;

function setUp() {
  const context = makeTestContext();
  const sent: { vector: number; atUs: number }[] = [];
  let stands = true;
  const throttle = new Throttle(context, (vector) => {
    if (stands) sent.push({ vector, atUs: context.clock.now() / US });
    return stands;
  });
  const writeEitr = (vector: number, value: number): void => {
    const before = context.registers.write(pf.EITR.index + vector, value);
    throttle.written(vector, value, before);
  };
  return { ...context, sent, throttle, writeEitr, causeGone: () => (stands = false) };
}

test('an interval of 0 sends every request at once (§6.7)', () => {
  const { throttle, sent, clock } = setUp();
  throttle.request(3);
  throttle.request(3);
  assert.equal(sent.length, 2);
  assert.equal(clock.armed.size, 0);
});

test('EITR 648 is 162 µs: Linux writes microseconds shifted by 2, not the 1024 ns units of QEMU (contradiction 4)', () => {
  const { throttle, sent, clock, writeEitr } = setUp();
  writeEitr(1, 648);
  throttle.request(1);
  throttle.request(1);
  clock.advance(161 * US);
  assert.equal(sent.length, 1);
  clock.advance(US);
  assert.deepEqual(
    sent.map(({ atUs }) => atUs),
    [0, 162],
  );
});

test('at the end of an interval nothing is sent without an event that waited (§11.2)', () => {
  const { throttle, sent, clock, writeEitr } = setUp();
  writeEitr(0, 100 << 2);
  throttle.request(0);
  clock.advance(1000 * US);
  assert.equal(sent.length, 1);
  throttle.request(0);
  assert.equal(sent.length, 2, 'and the next one goes at once');
});

test('many events in one interval make one message, and start one interval more', () => {
  const { throttle, sent, clock, writeEitr } = setUp();
  writeEitr(2, 50 << 2);
  for (let n = 0; n < 100; n += 1) throttle.request(2);
  clock.advance(50 * US);
  throttle.request(2);
  clock.advance(49 * US);
  assert.equal(sent.length, 2);
  clock.advance(US);
  assert.equal(sent.length, 3);
});

test('vectors have intervals of their own', () => {
  const { throttle, sent, writeEitr } = setUp();
  writeEitr(24, 50 << 2);
  throttle.request(24);
  throttle.request(24);
  throttle.request(23);
  assert.deepEqual(
    sent.map(({ vector }) => vector),
    [24, 23],
  );
});

test('a write with CNT_INGR leaves the running interval alone, one without ends it (igb_write_itr sets it)', () => {
  const { throttle, sent, clock, writeEitr, registers } = setUp();
  writeEitr(0, 100 << 2);
  throttle.request(0);
  throttle.request(0);
  writeEitr(0, ((10 << 2) | 0x8000_0000) >>> 0);
  assert.equal(registers.values[pf.EITR.index], 10 << 2, 'bit 31 does not read back');
  clock.advance(99 * US);
  assert.equal(sent.length, 1);
  clock.advance(US);
  assert.equal(sent.length, 2);
  throttle.request(0);
  writeEitr(0, 500 << 2);
  assert.equal(sent.length, 3, 'the waiting one goes at once');
});

test('a cause that was acknowledged while it waited sends nothing and starts no interval', () => {
  const { throttle, sent, clock, writeEitr, causeGone } = setUp();
  writeEitr(0, 100 << 2);
  throttle.request(0);
  throttle.request(0);
  causeGone();
  clock.advance(200 * US);
  assert.equal(sent.length, 1);
});

test('a reset forgets what waits: QEMU sends it instead (§11.2)', () => {
  const { throttle, sent, clock, writeEitr } = setUp();
  writeEitr(0, 100 << 2);
  throttle.request(0);
  throttle.request(0);
  throttle.reset();
  clock.advance(US);
  assert.equal(sent.length, 1);
  throttle.request(0);
  assert.equal(sent.length, 2, 'the interval is over');
  assert.equal(clock.armed.size, 0);
});

test('a low-latency interrupt does not wait, and starts the interval anew (§6.8)', () => {
  const { throttle, sent, clock, writeEitr } = setUp();
  writeEitr(0, 100 << 2);
  throttle.request(0);
  clock.advance(10 * US);
  throttle.request(0);
  throttle.hasten(0);
  throttle.hasten(0);
  throttle.request(0);
  clock.advance(200 * US);
  assert.deepEqual(
    sent.map(({ atUs }) => atUs),
    [0, 10, 110],
  );
});

test('with EITR.LLI_EN and GPIE.LL_INTERVAL low-latency interrupts need credits, which come back at that rate', () => {
  const { throttle, sent, clock, writeEitr, registers } = setUp();
  const eitr = (): number => registers.values[pf.EITR.index]!;
  registers.values[pf.GPIE.index] = 5 << pf.GPIE.LL_INTERVAL.shift;
  writeEitr(0, (8000 << 2) | pf.EITR.LLI_EN.mask | (2 << pf.EITR.LL_COUNTER.shift));
  throttle.request(0);
  for (let n = 0; n < 6; n += 1) {
    throttle.request(0);
    throttle.hasten(0);
  }
  assert.equal(sent.length, 3, 'two credits');
  clock.advance(19 * US);
  throttle.hasten(0);
  assert.equal(sent.length, 3);
  clock.advance(1 * US);
  throttle.hasten(0);
  assert.equal(sent.length, 4);
  clock.advance(4000 * US);
  throttle.request(0);
  throttle.hasten(0);
  assert.equal(eitr() & pf.EITR.LL_COUNTER.mask, 30 << pf.EITR.LL_COUNTER.shift, 'at most 31, one taken');
  writeEitr(0, (0x8000_0000 | (10 << 2)) >>> 0);
  assert.equal(eitr() & pf.EITR.LL_COUNTER.mask, 30 << pf.EITR.LL_COUNTER.shift, 'CNT_INGR leaves credits alone');
});
