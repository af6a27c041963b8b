import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { buildFrame } from '../../../packet/testing.ts';
import { pf } from '../tables/index.ts';
import { makeTestPort } from '../testing-port.ts';
import { ReceiveHarness } from './testing.ts';

const { ETQF, RXDCTL } = pf;
const frame = buildFrame({ payload: new Uint8Array(50) });
const US = 1000;

let rx: ReceiveHarness;

beforeEach(() => {
  rx = new ReceiveHarness();
  rx.ring(0);
  rx.set('RXDCTL', RXDCTL.ENABLE.mask | (4 << RXDCTL.WTHRESH.shift));
  rx.quietUntilNs = 50 * US;
});

/** Descriptors of the ring that have DD; each must hold the frame then. */
function done(): number {
  let count = 0;
  for (let slot = 0; slot < 16; slot += 1) {
    if ((rx.descriptor(0, slot).dwords[2]! & 1) === 0 || rx.descriptor(0, slot).length !== frame.length) continue;
    assert.deepEqual(rx.descriptor(0, slot).data, frame);
    count += 1;
  }
  return count;
}

function receive(count: number): void {
  for (let n = 0; n < count; n += 1) rx.receive(frame);
  rx.turn();
}

test('WTHRESH descriptors are written back together, and then there is one interrupt', () => {
  receive(3);
  assert.deepEqual([done(), rx.interrupts], [0, []]);
  receive(3);
  assert.deepEqual([done(), rx.interrupts], [4, [0]]);
});

test('fewer when the interval of the interrupt is over', () => {
  receive(2);
  rx.context.clock.advance(49 * US);
  rx.turn();
  assert.deepEqual([done(), rx.interrupts], [0, []]);
  rx.context.clock.advance(1 * US);
  rx.turn();
  assert.deepEqual([done(), rx.interrupts], [2, [0]]);
  rx.context.clock.advance(1e9);
  rx.turn();
  assert.deepEqual(rx.interrupts, [0]);
});

test('while no interval runs nothing is held back, nor with a threshold of one', () => {
  rx.quietUntilNs = 0;
  receive(1);
  assert.equal(done(), 1);
  rx.quietUntilNs = 50 * US;
  rx.set('RXDCTL', RXDCTL.ENABLE.mask | (1 << RXDCTL.WTHRESH.shift));
  receive(1);
  assert.equal(done(), 2);
});

test('a frame that asks for an immediate interrupt takes those before it along', () => {
  receive(2);
  rx.set('ETQF', ETQF.FILTER_ENABLE.mask | ETQF.IMM_INT.mask | 0x800);
  receive(1);
  assert.deepEqual([done(), rx.interrupts], [3, [0]]);
});

test('a frame of more descriptors than can be held', () => {
  rx.set('RCTL', rx.get('RCTL') | pf.RCTL.LPE.mask | (3 << pf.RCTL.BSIZE.shift));
  rx.ring(1, { size: 64, srrctl: 1 << pf.SRRCTL.DESCTYPE.shift });
  rx.set('RXDCTL', RXDCTL.ENABLE.mask | RXDCTL.WTHRESH.mask, 1);
  rx.set('MRQC', 1 << pf.MRQC.DEF_Q.shift);
  rx.receive(buildFrame({ payload: new Uint8Array(9500) }));
  rx.turn();
  assert.equal(rx.head(1), 38);
  const written = (): number => {
    let slot = 0;
    while ((rx.descriptor(1, slot).dwords[2]! & 1) === 1 && rx.descriptor(1, slot).length <= 256) slot += 1;
    return slot;
  };
  assert.equal(written(), 33);
  rx.context.clock.advance(50 * US);
  assert.equal(written(), 38);
});

test('SWFLSH and a queue that is turned off write back what is held; a reset of the queue forgets it', () => {
  receive(1);
  rx.engine.flushWriteBacks(0);
  assert.equal(done(), 1);
  receive(1);
  rx.set('RXDCTL', 0);
  rx.engine.controlWritten(0);
  assert.equal(done(), 2);
  rx.set('RXDCTL', RXDCTL.ENABLE.mask | (4 << RXDCTL.WTHRESH.shift));
  receive(1);
  rx.engine.resetQueue(0);
  rx.context.clock.advance(1e9);
  rx.turn();
  assert.equal(done(), 2);
});

test('RXDCTL.SWFLSH of a port does it, and reads 0', () => {
  const { port, context } = makeTestPort();
  const memory = context.memory[0]!;
  const ring = memory.piece.base;
  const control = RXDCTL.ENABLE.mask | (8 << RXDCTL.WTHRESH.shift);
  for (const [register, value] of [
    [pf.CTRL, pf.CTRL.SLU.mask],
    [pf.RCTL, pf.RCTL.EN.mask | pf.RCTL.UPE.mask],
    [pf.EITR, 1000 << 2],
    [pf.IMS, pf.ICR.LSC.mask],
    [pf.ICS, pf.ICR.LSC.mask],
    [pf.SRRCTL, (1 << pf.SRRCTL.DESCTYPE.shift) | 2],
    [pf.RDBAL, ring],
    [pf.RDLEN, 0x400],
    [RXDCTL, control],
    [pf.RDT, 8],
  ] as const) {
    port.write(register.at, value);
  }
  port.receive(frame, 0, frame.length, undefined);
  context.tasks.runAll();
  assert.equal(memory.peek32(ring + 8), 0);
  port.write(RXDCTL.at, control | RXDCTL.SWFLSH.mask);
  assert.equal(memory.peek32(ring + 8) & 1, 1);
  assert.equal(port.read(RXDCTL.at), control);
});
