import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { buildFrame } from '../../../packet/testing.ts';
import { pf } from '../tables/index.ts';
import { makeTestPort } from '../testing-port.ts';
import { command } from './descriptor.ts';
import { TransmitBench } from './testing.ts';

const { TDWBAL, TXDCTL } = pf;
const frame = buildFrame({ payload: new Uint8Array(100).fill(7) });
const UNREPORTED = command.EOP;
const HEAD_AT = 0x8_0000;
const US = 1000;

let bench: TransmitBench;

beforeEach(() => {
  bench = new TransmitBench();
  bench.set('TXDCTL', TXDCTL.ENABLE.mask | (4 << TXDCTL.WTHRESH.shift));
  bench.quietUntilNs = 50 * US;
});

const post = (count: number, bits?: number): number[] =>
  Array.from({ length: count }, () => bench.postFrame(frame, bits));
const done = (addresses: readonly number[]): number => addresses.filter((at) => bench.isDone(at)).length;
const head = (): number => bench.memory.peek32(HEAD_AT);

test('WTHRESH descriptors are written back together, with or without RS', () => {
  const posted = post(3, UNREPORTED);
  bench.go();
  assert.deepEqual([done(posted), bench.interrupts, bench.get('TDH')], [0, [], 3]);
  posted.push(...post(2));
  bench.go();
  assert.deepEqual([done(posted), bench.interrupts], [4, [0]]);
});

test('fewer are written back when the interval of the interrupt is over, and it follows', () => {
  const posted = post(2);
  bench.go();
  bench.context.clock.advance(49 * US);
  assert.equal(done(posted), 0);
  bench.context.clock.advance(1 * US);
  bench.context.tasks.runAll();
  assert.deepEqual([done(posted), bench.interrupts], [2, [0]]);
  bench.context.clock.advance(1e9);
  bench.context.tasks.runAll();
  assert.deepEqual(bench.interrupts, [0]);
});

test('while no interval runs nothing is held back', () => {
  bench.quietUntilNs = 0;
  const posted = post(1);
  bench.go();
  assert.deepEqual([done(posted), bench.interrupts], [1, [0]]);
});

test('SWFLSH and a queue that is turned off write back what is held; a reset forgets it', () => {
  const { port, context } = makeTestPort();
  const memory = context.memory[0]!;
  const ring = memory.piece.base;
  const write = (register: { at: number }, value: number): void => port.write(register.at, value);
  const held = TXDCTL.ENABLE.mask | (8 << TXDCTL.WTHRESH.shift);
  const send = (): (() => boolean) => {
    const slot = port.read(pf.TDT.at);
    for (const [n, word] of [0x1_8000, 0, 60 | command.DEXT | (3 << 20) | command.EOP | command.RS, 0].entries()) {
      memory.poke32(ring + slot * 16 + n * 4, word);
    }
    write(pf.TDT, slot + 1);
    context.tasks.runAll();
    return () => memory.peek32(ring + slot * 16 + 12) === 1;
  };
  const start = (): void => {
    write(pf.CTRL, pf.CTRL.SLU.mask);
    write(pf.GPIE, pf.GPIE.MULTIPLE_MSIX.mask);
    write(pf.IVAR, 0x8100);
    write(pf.EIMS, 2);
    port.write(pf.EITR.at + 4, 1000 << 2);
    write(pf.EICS, 2);
    write(pf.TDBAL, ring);
    write(pf.TDLEN, 0x400);
    write(pf.TCTL, pf.TCTL.EN.mask);
    write(TXDCTL, held);
  };
  start();
  const first = send();
  assert.equal(first(), false);
  write(TXDCTL, held | TXDCTL.SWFLSH.mask);
  assert.equal(first(), true);
  assert.equal(port.read(TXDCTL.at), held, 'SWFLSH reads 0');
  const second = send();
  assert.equal(second(), false);
  write(TXDCTL, 0);
  assert.equal(second(), true);
  write(TXDCTL, held);
  const third = send();
  write(pf.CTRL, pf.CTRL.RST.mask);
  context.clock.advance(1e9);
  context.tasks.runAll();
  assert.equal(third(), false);
});

test('a stored head waits for WTHRESH, and with SN_WB for the end of the interval at most', () => {
  bench.set('TDWBAL', HEAD_AT | TDWBAL.HEAD_WB.mask);
  post(2);
  bench.go();
  bench.context.clock.advance(1e9);
  assert.equal(head(), 0);
  post(2);
  bench.go();
  assert.equal(head(), 4);
  bench.set('TDWBAL', HEAD_AT | TDWBAL.HEAD_WB.mask | TDWBAL.SN_WB.mask);
  bench.quietUntilNs = bench.context.clock.now() + 50 * US;
  post(1);
  bench.go();
  assert.equal(head(), 4);
  bench.context.clock.advance(50 * US);
  assert.equal(head(), 5);
});

test('SN_WB stores the head at the end of the interval though no descriptor has RS', () => {
  bench.set('TXDCTL', TXDCTL.ENABLE.mask);
  bench.set('TDWBAL', HEAD_AT | TDWBAL.HEAD_WB.mask | TDWBAL.SN_WB.mask);
  post(40, UNREPORTED);
  bench.go();
  assert.equal(head(), 0);
  bench.context.clock.advance(50 * US);
  assert.equal(head(), 40);
});

test('what is held stays so while the function is not bus master', () => {
  const posted = post(2);
  bench.go();
  bench.memory.usable = false;
  bench.context.clock.advance(50 * US);
  bench.memory.usable = true;
  assert.equal(done(posted), 0);
  bench.quietUntilNs = 0;
  bench.engine.controlWritten(0);
  assert.equal(done(posted), 2);
});
