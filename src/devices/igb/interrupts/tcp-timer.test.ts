import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../tables/index.ts';
import { makeTestPort } from '../testing-port.ts';

const { DURATION, KICK_START, COUNT_ENABLE, COUNT_FINISH, LOOP } = pf.TCPTIMER;
const MS = 1e6;

function setUp(mode: 'msix' | 'msi') {
  const { port, context } = makeTestPort({ interrupts: mode });
  const irq = context.interruptPorts[0]!;
  irq.take();
  const start = (value: number): void => port.write(pf.TCPTIMER.at, value);
  return { port, irq, clock: context.clock, start };
}

test('without MSI-X vectors: EICR.TCP_TIMER after so many milliseconds, once', () => {
  const { port, irq, clock, start } = setUp('msi');
  port.write(pf.EIMS.at, pf.EICR.TCP_TIMER.mask);
  start(KICK_START.mask | COUNT_ENABLE.mask | 7);
  assert.equal(port.read(pf.TCPTIMER.at), COUNT_ENABLE.mask | 7, 'KICK_START reads 0');
  clock.advance(7 * MS - 1);
  assert.deepEqual(irq.take(), []);
  clock.advance(1);
  assert.deepEqual(irq.take(), ['msi']);
  assert.equal(port.read(pf.EICR.at), pf.EICR.TCP_TIMER.mask);
  clock.advance(100 * MS);
  assert.deepEqual(irq.take(), []);
});

test('with them: the vector of IVAR_MISC, again and again with LOOP', () => {
  const { port, irq, clock, start } = setUp('msix');
  port.write(pf.GPIE.at, pf.GPIE.MULTIPLE_MSIX.mask);
  for (const register of [pf.EIMS, pf.EIAC]) port.write(register.at, 1 << 4);
  start(KICK_START.mask | COUNT_ENABLE.mask | LOOP.mask | 10);
  clock.advance(35 * MS);
  assert.deepEqual(irq.take(), [], 'no valid byte, no vector');
  port.write(pf.IVAR_MISC.at, 0x84);
  clock.advance(30 * MS);
  assert.deepEqual(irq.take(), [4, 4, 4]);
});

test('COUNT_ENABLE holds and continues the count, COUNT_FINISH interrupts at once, a reset ends it', () => {
  const { port, irq, clock, start } = setUp('msi');
  port.write(pf.EIMS.at, pf.EICR.TCP_TIMER.mask);
  start(KICK_START.mask | COUNT_ENABLE.mask | 4);
  clock.advance(3 * MS);
  start(4);
  clock.advance(50 * MS);
  assert.deepEqual(irq.take(), []);
  start(COUNT_ENABLE.mask | 4);
  clock.advance(MS);
  assert.deepEqual(irq.take(), ['msi']);
  port.read(pf.EICR.at);
  start(COUNT_FINISH.mask | 4);
  assert.deepEqual(irq.take(), ['msi']);
  start(KICK_START.mask | COUNT_ENABLE.mask | LOOP.mask | DURATION.mask);
  port.write(pf.CTRL.at, pf.CTRL.RST.mask);
  assert.equal(port.read(pf.TCPTIMER.at), 0);
  port.write(pf.EIMS.at, pf.EICR.TCP_TIMER.mask);
  clock.advance(1e9);
  assert.deepEqual(irq.take(), []);
});

test('a duration of 0 with LOOP does not loop without end', () => {
  const { port, irq, clock, start } = setUp('msi');
  port.write(pf.EIMS.at, pf.EICR.TCP_TIMER.mask);
  start(KICK_START.mask | COUNT_ENABLE.mask | LOOP.mask);
  clock.advance(3 * MS);
  assert.deepEqual(irq.take(), ['msi'], 'EICR is not acknowledged');
});
