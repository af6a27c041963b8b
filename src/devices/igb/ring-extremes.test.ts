/** Rings and their registers at the extremes, on a port with a second queue in order: defined, traced, and over when put right. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildFrame } from '../../packet/testing.ts';
import { command } from './tx/descriptor.ts';
import { pf } from './tables/index.ts';
import { makeTestPort } from './testing-port.ts';

const TRANSMIT = { low: pf.TDBAL, high: pf.TDBAH, length: pf.TDLEN, head: pf.TDH, tail: pf.TDT, control: pf.TXDCTL };
const RECEIVE = { low: pf.RDBAL, high: pf.RDBAH, length: pf.RDLEN, head: pf.RDH, tail: pf.RDT, control: pf.RXDCTL };
type Side = typeof TRANSMIT | typeof RECEIVE;
type Name = keyof Side;

const BASE = 0x1_0000;
const END = BASE + 0x10_0000;
const BUFFERS = BASE + 0x8_0000;
const DESCRIPTORS = 64;
const frame = buildFrame({ payload: new Uint8Array(200) });
const DATA = command.DEXT | (3 << 20) | command.EOP | command.RS | command.IFCS;

/** What differs from a ring of 64 descriptors at its place; and whether descriptors there can be read at all. */
const EXTREMES: readonly (readonly [string, Partial<Record<Name, number>>])[] = [
  ['a ring that leaves memory half-way', { low: END - 32 * 16 }],
  ['a ring behind memory', { low: END }],
  ['the highest address', { low: 0xffff_ff80, high: 0xffff_ffff }],
  ['an address beyond 2^53', { high: 0x0020_0001 }],
  ['address 0', { low: 0 }],
  ['no length', { length: 0 }],
  ['one descriptor', { length: 16 }],
  ['65535 descriptors', { length: 0xffff0 }],
  ['a tail beyond the ring', { tail: DESCRIPTORS }],
  ['the largest tail', { tail: 0xffff }],
  ['a head beyond the ring', { head: DESCRIPTORS }],
  ['the largest head and tail', { head: 0xffff, tail: 0xffff }],
  ['a head behind the tail', { head: 40, tail: 8 }],
  ['a head at the tail', { head: 8, tail: 8 }],
];

function setUp() {
  const { port, context } = makeTestPort();
  const memory = context.memory[0]!;
  const program = (side: Side, queue: number, differs: Partial<Record<Name, number>> = {}): void => {
    const ring = BASE + queue * 0x1000 + (side === TRANSMIT ? 0 : 0x8000);
    const usual = { low: ring, high: 0, length: DESCRIPTORS * 16, head: 0, tail: 16, control: 0x0200_0000 };
    for (let slot = 0; slot < DESCRIPTORS; slot += 1) {
      const words = side === TRANSMIT ? [BUFFERS, 0, DATA | frame.length, 0] : [BUFFERS + 0x1000, 0, 0, 0];
      words.forEach((word, n) => memory.poke32(ring + slot * 16 + n * 4, word));
    }
    port.write(side.control.at + queue * 0x40, 0);
    for (const name of ['low', 'high', 'length', 'head', 'tail', 'control'] as const) {
      port.write(side[name].at + queue * 0x40, { ...usual, ...differs }[name]);
    }
  };
  memory.pokeBytes(BUFFERS, frame);
  port.write(pf.CTRL.at, pf.CTRL.SLU.mask);
  port.write(pf.TCTL.at, pf.TCTL.EN.mask);
  port.write(pf.RCTL.at, pf.RCTL.EN.mask | pf.RCTL.UPE.mask | pf.RCTL.SECRC.mask);
  for (const queue of [0, 1]) port.write(pf.SRRCTL.at + queue * 0x40, (1 << pf.SRRCTL.DESCTYPE.shift) | 2);
  const run = (): void => {
    context.tasks.runAll();
    context.clock.advance(1e6);
    context.tasks.runAll();
  };
  /** Receives into a queue without pools. */
  const receive = (queue: number): void => {
    port.write(pf.MRQC.at, queue << pf.MRQC.DEF_Q.shift);
    port.receive(frame, 0, frame.length, undefined);
    run();
  };
  const head = (side: Side, queue: number): number => port.read(side.head.at + queue * 0x40);
  return { port, context, program, run, receive, head };
}

for (const [what, differs] of EXTREMES) {
  test(`${what}: the queue beside it works, and so does this one when it is put right`, () => {
    const { port, context, program, run, receive, head } = setUp();
    program(TRANSMIT, 0, differs);
    program(RECEIVE, 0, differs);
    program(TRANSMIT, 1);
    program(RECEIVE, 1);
    for (let n = 0; n < 8; n += 1) receive(0);
    run();
    assert.equal(head(TRANSMIT, 1), 16);
    assert.ok(context.wire.sent.length >= 16 && context.wire.sent.length <= 16 + DESCRIPTORS, 'no more than there are');
    receive(1);
    assert.equal(head(RECEIVE, 1), 1);
    context.wire.sent.length = 0;
    program(TRANSMIT, 0);
    run();
    assert.deepEqual([context.wire.sent.length, head(TRANSMIT, 0)], [16, 16]);
    program(RECEIVE, 0);
    run();
    const waited = head(RECEIVE, 0);
    receive(0);
    assert.equal(head(RECEIVE, 0), waited + 1);
    assert.equal(port.canReceive(), true);
  });
}

test('a receive ring, a transmit ring and their buffers at one place: each packet is taken once, and it ends', () => {
  const { context, program, run, receive, head } = setUp();
  program(RECEIVE, 0, { low: BASE });
  program(TRANSMIT, 0, { low: BASE });
  for (let slot = 0; slot < DESCRIPTORS; slot += 1) context.memory[0]!.poke32(BASE + slot * 16, BASE);
  for (let n = 0; n < 16; n += 1) receive(0);
  run();
  assert.ok(head(RECEIVE, 0) <= 16 && head(TRANSMIT, 0) <= 16);
  assert.ok(context.wire.sent.length <= 16);
});

test('rings moved, shrunk and turned off while frames wait for them: what waits is stored in the new ring or lost, once', () => {
  const { port, program, run, receive, head } = setUp();
  program(RECEIVE, 0, { tail: 0 });
  for (let n = 0; n < 5; n += 1) receive(0);
  assert.deepEqual([head(RECEIVE, 0), port.canReceive()], [0, false]);
  port.write(pf.RDBAL.at, BASE + 0x4000);
  port.write(pf.RDLEN.at, 8 * 16);
  port.write(pf.RDT.at, 3);
  run();
  assert.deepEqual([head(RECEIVE, 0), port.canReceive()], [3, false]);
  port.write(pf.RDLEN.at, 2 * 16);
  port.write(pf.RDT.at, 1);
  run();
  assert.equal(head(RECEIVE, 0), 3, 'a head beyond the ring');
  port.write(pf.RXDCTL.at, 0);
  run();
  assert.equal(port.canReceive(), true);
});
