/** Whatever a guest programs, a frame has a defined, bounded outcome. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildFrame } from '../../../packet/testing.ts';
import type { FrameOffload } from '../../../ports/index.ts';
import { pf } from '../tables/index.ts';
import { ERROR, ONE_BUFFER, ReceiveHarness, STATUS } from './testing.ts';

const frame = buildFrame({ payload: new Uint8Array(100) });

test('a ring outside memory: nothing is stored, the head stays, nothing waits', () => {
  const rx = new ReceiveHarness();
  rx.ring(0);
  for (const high of [0x10, 0xffffffff]) {
    rx.set('RDBAH', high);
    rx.receive(frame);
    assert.equal(rx.head(0), 0);
    assert.equal(rx.engine.canReceive(), true);
  }
  assert.equal(rx.context.trace.of('igb_rx_drop_ring').length, 2);
});

test('a buffer outside memory: its descriptor is completed with RXE, as Linux discards a frame, and the next is good', () => {
  const rx = new ReceiveHarness();
  rx.ring(0);
  rx.memory.poke64(0x1_0000, 0xffff_ffff_0000);
  rx.receive(frame);
  rx.receive(frame);
  const { dwords, length } = rx.descriptor(0, 0);
  assert.equal(length, frame.length, 'not 0, by which Linux would take it for not done');
  assert.equal(dwords[2]! >>> 31, 1);
  assert.notEqual(dwords[2]! & STATUS.EOP, 0);
  assert.equal(dwords[2]! & ERROR.RXE, ERROR.RXE);
  assert.deepEqual(rx.descriptor(0, 1).data, frame);
});

test('a buffer at address 0 is skipped and completed', () => {
  const rx = new ReceiveHarness();
  rx.ring(0);
  rx.memory.poke64(0x1_0000, 0);
  rx.receive(frame);
  assert.equal(rx.descriptor(0, 0).dwords[2]! >>> 31, 0);
  assert.equal(rx.head(0), 1);
});

test('head or tail beyond the ring: no descriptors', () => {
  const rx = new ReceiveHarness();
  rx.ring(0, { srrctl: (ONE_BUFFER | pf.SRRCTL.DROP_EN.mask) >>> 0 });
  rx.set('RDT', 16);
  rx.receive(frame);
  rx.set('RDT', 15);
  rx.set('RDH', 0xffff);
  rx.receive(frame);
  assert.equal(rx.get('RQDPC'), 2);
});

test('a ring of length 0, or one too small for the frame even when it is empty, does not stop the port', () => {
  const rx = new ReceiveHarness();
  rx.ring(0);
  rx.set('RDLEN', 0);
  rx.receive(frame);
  assert.equal(rx.engine.canReceive(), true);
  rx.ring(0, { size: 8, srrctl: ONE_BUFFER & ~0x7f });
  rx.set('RCTL', rx.get('RCTL') | pf.RCTL.LPE.mask | (3 << pf.RCTL.BSIZE.shift));
  rx.receive(buildFrame({ payload: new Uint8Array(7 * 256 - 54) }));
  assert.equal(rx.head(0), 7);
  rx.set('RDH', 0);
  rx.receive(buildFrame({ payload: new Uint8Array(7 * 256 - 53) }));
  assert.equal(rx.head(0), 0);
  assert.equal(rx.engine.canReceive(), true);
});

test('a ring that is its own buffer ends', () => {
  const rx = new ReceiveHarness();
  rx.ring(0);
  for (let slot = 0; slot < 16; slot += 1) rx.memory.poke64(0x1_0000 + slot * 16, 0x1_0000);
  rx.set('RCTL', rx.get('RCTL') | pf.RCTL.LPE.mask);
  for (let n = 0; n < 40; n += 1) rx.receive(buildFrame({ payload: new Uint8Array(5000).fill(n) }));
  assert.ok(rx.head(0) < 16);
});

function lehmer(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 48271) % 0x7fffffff;
    return state % limit;
  };
}

test('random registers, descriptors and frames neither throw nor write outside memory', () => {
  const rx = new ReceiveHarness();
  const random = lehmer(20261);
  const names = [
    'RCTL',
    'CTRL',
    'CTRL_EXT',
    'MRQC',
    'VT_CTL',
    'RXCSUM',
    'RFCTL',
    'VET',
    'RLPML',
    'QDE',
    'VFRE',
    'RPLOLR',
    'VMOLR',
    'SRRCTL',
    'RDH',
    'RDT',
    'RDLEN',
    'RDBAL',
    'RXDCTL',
    'RETA',
    'RSSRK',
    'VLVF',
    'ETQF',
    'FTQF',
    'SPQF',
    'IMIR',
    'IMIREXT',
    'IMIRVP',
    'SYNQF',
    'DTXSWC',
  ] as const;
  const segmentations = ['none', 'none', 'tcp4', 'tcp6', 'udp'] as const;
  const bytes = new Uint8Array(70_000);
  for (let round = 0; round < 3000; round += 1) {
    if (round % 200 === 0) for (let queue = 0; queue < 16; queue += 1) rx.ring(queue);
    const name = names[random(names.length)]!;
    const kept = random(3) === 0 ? 0xffffffff : 0x03ffffff;
    rx.set(name, (random(0x7fffffff) ^ (random(2) << 31)) & kept, random(pf[name].count));
    rx.values[pf.RCTL.index]! |= pf.RCTL.EN.mask;
    rx.memory.poke32(0x1_0000 + random(0x4000) * 4, random(0x7fffffff));
    const sample = buildFrame({ version: random(2) === 0 ? 4 : 6, protocol: random(2) === 0 ? 'tcp' : 'udp' });
    bytes.set(sample);
    bytes[random(sample.length)] = random(256);
    const offload: FrameOffload = {
      needsChecksum: random(2) === 0,
      checksumStart: random(100) - 10,
      checksumOffset: random(100) - 10,
      segmentation: segmentations[random(segmentations.length)]!,
      headerLength: random(100),
      segmentSize: random(3000),
    };
    const length = random(8) === 0 ? random(bytes.length) : random(2000);
    if (random(4) === 0) rx.switched(bytes.subarray(0, length), random(2) === 0, random(8), random(256));
    else rx.engine.receive(bytes, 0, length, random(2) === 0 ? offload : undefined);
    if (random(4) === 0) rx.engine.tailWritten(random(16));
    if (random(16) === 0) rx.engine.controlWritten(random(17) - 1);
    if (random(4) === 0) rx.turn();
    rx.context.trace.emitted.length = 0;
    rx.interrupts.length = 0;
  }
  rx.engine.reset();
  rx.turn();
  assert.equal(rx.engine.canReceive(), true);
});

test('while the function is not bus master frames wait, even for a queue that drops, and come in order afterwards', () => {
  const rx = new ReceiveHarness();
  rx.ring(0, { srrctl: (ONE_BUFFER | pf.SRRCTL.DROP_EN.mask) >>> 0 });
  rx.memory.usable = false;
  const second = frame.map((byte, n) => (n < 40 ? byte : byte ^ 0xff));
  rx.receive(frame);
  rx.receive(second);
  rx.turn();
  assert.deepEqual([rx.head(0), rx.engine.canReceive()], [0, false]);
  rx.memory.usable = true;
  rx.engine.controlWritten(0);
  rx.turn();
  assert.deepEqual([rx.descriptor(0, 0).data, rx.descriptor(0, 1).data], [frame, second]);
  assert.deepEqual([rx.head(0), rx.get('RQDPC'), rx.engine.canReceive()], [2, 0, true]);
});

test('what cannot ever be stored is counted: RQDPC for a queue that may drop, MPC for one that may not', () => {
  const rx = new ReceiveHarness();
  for (const [register, value] of [
    ['RDLEN', 0],
    ['RDBAH', 0xffff],
  ] as const) {
    for (const [srrctl, counter] of [
      [(ONE_BUFFER | pf.SRRCTL.DROP_EN.mask) >>> 0, 'RQDPC'],
      [ONE_BUFFER, 'MPC'],
    ] as const) {
      rx.ring(0, { srrctl });
      rx.set(register, value);
      const before = rx.get(counter);
      rx.receive(frame);
      assert.equal(rx.get(counter), before + 1, `${register} ${counter}`);
      rx.set('RDBAH', 0);
    }
  }
});
