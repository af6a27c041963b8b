/** EITR under a flood, with the port's own queues and a driver that acknowledges like Linux' NAPI. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildFrame } from '../../../packet/testing.ts';
import { pf } from '../tables/index.ts';
import { makeTestPort } from '../testing-port.ts';

const RING_BYTES = 0x1000;
const DESCRIPTORS = RING_BYTES / 16;
const LINUX_GPIE = 0xc0000011;
const frame = buildFrame({ payload: new Uint8Array(60) });

/**
 * Receives a frame each `gapNs` for `durationNs`, by a guest that takes `handlingNs` for an interrupt; returns the messages sent, and how
 * many found no new frame.
 */
function flood(intervalUs: number, gapNs: number, durationNs: number, handlingNs = 0) {
  const { port, context } = makeTestPort();
  const { clock, tasks } = context;
  const memory = context.memory[0]!;
  const irq = context.interruptPorts[0]!;
  const ring = memory.piece.base;
  for (let slot = 0; slot < DESCRIPTORS; slot += 1) memory.poke64(ring + slot * 16, ring + RING_BYTES);
  port.write(pf.CTRL.at, pf.CTRL.SLU.mask);
  port.write(pf.GPIE.at, LINUX_GPIE);
  port.write(pf.IVAR.at, 0x81);
  for (const register of [pf.EIAC, pf.EIAM, pf.EIMS]) port.write(register.at, 2);
  port.write(pf.EITR.at + 4, intervalUs << 2);
  port.write(pf.SRRCTL.at, (1 << pf.SRRCTL.DESCTYPE.shift) | 2);
  port.write(pf.RDBAL.at, ring);
  port.write(pf.RDLEN.at, RING_BYTES);
  port.write(pf.RXDCTL.at, pf.RXDCTL.ENABLE.mask);
  port.write(pf.RDT.at, DESCRIPTORS - 1);
  port.write(pf.RCTL.at, pf.RCTL.EN.mask | pf.RCTL.UPE.mask | pf.RCTL.SECRC.mask);
  irq.take();
  let messages = 0;
  let spurious = 0;
  let seen = 0;
  let handledAtNs = Infinity;
  /** The handler polls, gives its buffers back and unmasks its vector. */
  const handle = (): void => {
    for (const vector of irq.take()) {
      assert.equal(vector, 1);
      messages += 1;
      handledAtNs = clock.now() + handlingNs;
    }
    if (clock.now() < handledAtNs) return;
    handledAtNs = Infinity;
    const head = port.read(pf.RDH.at);
    if (head === seen) spurious += 1;
    seen = head;
    port.write(pf.RDT.at, (head + DESCRIPTORS - 1) % DESCRIPTORS);
    port.write(pf.EIMS.at, 2);
  };
  for (let atNs = 0; atNs < durationNs; atNs += gapNs) {
    port.receive(frame, 0, frame.length, undefined);
    tasks.runAll();
    handle();
    clock.advance(gapNs);
    tasks.runAll();
    handle();
  }
  return {
    messages,
    spurious,
    frames: Math.ceil(durationNs / gapNs),
    missed: port.read(pf.MPC.at) + port.read(pf.RNBC.at),
  };
}

test('interrupts a second are within 5 % of what EITR says under flood, and none is spurious', () => {
  for (const intervalUs of [14, 49, 162, 245, 1000]) {
    const { messages, spurious } = flood(intervalUs, 2_000, 100e6);
    const expected = 100_000 / intervalUs;
    assert.ok(Math.abs(messages / expected - 1) < 0.05, `${intervalUs} µs: ${messages}, not ${expected}`);
    assert.equal(spurious, 0);
  }
});

test('frames further apart than the interval interrupt each at once; without an interval every turn does', () => {
  for (const intervalUs of [50, 0]) {
    const { messages, spurious, frames } = flood(intervalUs, 60_000, 30e6);
    assert.deepEqual([messages, spurious], [frames, 0]);
  }
});

test('a guest that takes long for an interrupt gets fewer than EITR says, and no frame is lost for it', () => {
  const { messages, spurious, frames, missed } = flood(49, 20_000, 200e6, 80_000);
  // After 80 µs of handling it is held until 800 µs after the message.
  assert.ok(Math.abs(messages / 250 - 1) < 0.1, `${messages} messages`);
  assert.deepEqual([spurious, missed, frames], [0, 0, 10_000]);
});

test('a ring that fills ends the wait', () => {
  const { messages, missed } = flood(49, 2_000, 100e6, 80_000);
  // 80 µs of handling, then a quarter of the ring, which is 64 frames 2 µs apart.
  assert.ok(Math.abs(messages / (100_000 / 208) - 1) < 0.1, `${messages} messages`);
  assert.equal(missed, 0);
});
