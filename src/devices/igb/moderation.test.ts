/** EITR under a flood, with the port's own queues and a driver that acknowledges like Linux' NAPI. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildFrame } from '../../packet/testing.ts';
import { pf } from './tables/index.ts';
import { makeTestPort } from './testing-port.ts';

const RING_BYTES = 0x1000;
const DESCRIPTORS = RING_BYTES / 16;
const LINUX_GPIE = 0xc0000011;
const frame = buildFrame({ payload: new Uint8Array(60) });

/** Receives a frame each `gapNs` for `durationNs`; returns the messages sent, and how many found no new frame. */
function flood(intervalUs: number, gapNs: number, durationNs: number) {
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
  /** The handler polls, gives its buffers back and unmasks its vector. */
  const handle = (): void => {
    for (const vector of irq.take()) {
      assert.equal(vector, 1);
      messages += 1;
      const head = port.read(pf.RDH.at);
      if (head === seen) spurious += 1;
      seen = head;
      port.write(pf.RDT.at, (head + DESCRIPTORS - 1) % DESCRIPTORS);
      port.write(pf.EIMS.at, 2);
    }
  };
  for (let atNs = 0; atNs < durationNs; atNs += gapNs) {
    port.receive(frame, 0, frame.length, undefined);
    tasks.runAll();
    handle();
    clock.advance(gapNs);
    tasks.runAll();
    handle();
  }
  return { messages, spurious, frames: Math.ceil(durationNs / gapNs) };
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
