/** Frames that waited in the packet buffer end on the short way as they do on the long one. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { arena } from '../../../packet/arena.ts';
import { randomFrom } from '../../../packet/testing-random.ts';
import { buildFrame } from '../../../packet/testing.ts';
import { pf } from '../tables/index.ts';
import { FastPath } from './fast-path.ts';
import { DROP_EN, ONE_BUFFER, ReceiveHarness } from './testing.ts';

const skip = arena.simd === undefined && 'no WebAssembly: there is no short way';
const SIZE = 32;
const SEEDS = 20;

type Random = ReturnType<typeof randomFrom>;

function pick<Value>(below: Random, ...values: readonly Value[]): Value {
  return values[below(values.length)]!;
}

/** A flow's frames, most of them alike: some are damaged, tagged, of another flow, longer, for a group, or too short. */
function frameOf(below: Random): Uint8Array {
  const payload = new Uint8Array(pick(below, 18, 18, 18, 300, 1400)).fill(below(256));
  const frame = buildFrame({ payload, version: pick(below, 4, 4, 6), protocol: pick(below, 'udp', 'udp', 'tcp') });
  if (below(6) === 0) frame[frame.length - 1]! ^= 1;
  if (below(8) === 0) frame[0]! |= 1;
  if (below(8) === 0) return frame.slice(0, 40);
  return frame;
}

/** Rings with few descriptors, a flood, and tails that move by some at a time; what can be seen after each turn. */
function run(seed: number, rx: ReceiveHarness): (string | number)[] {
  const below = randomFrom(seed);
  rx.engine.reset();
  rx.set('MRQC', 0);
  const pooled = below(3) === 0;
  if (pooled) {
    rx.set('MRQC', 3);
    rx.set('VFRE', 0xff);
    for (let pool = 0; pool < 8; pool += 1)
      rx.set('VMOLR', pf.VMOLR.ROPE.mask | pf.VMOLR.BAM.mask | pf.VMOLR.MPME.mask, pool);
  } else if (below(2) === 0) {
    rx.set('MRQC', 2 | (0x3f << 16));
    for (let entry = 0; entry < 32; entry += 1) rx.set('RETA', below(2) * 0x0101_0101, entry);
  }
  rx.context.settings.version += 1;
  for (const queue of [0, 1])
    rx.ring(queue, { size: SIZE, available: below(4), srrctl: ONE_BUFFER | pick(below, 0, 0, 0, DROP_EN) });
  const seen: (string | number)[] = [];
  for (let turn = 0; turn < 8; turn += 1) {
    rx.engine.beginRun(8);
    for (let frames = below(60); frames > 0; frames -= 1) rx.receive(frameOf(below));
    rx.engine.endRun();
    rx.turn();
    for (const queue of [0, 1]) if (below(3) > 0) give(rx, queue, below(SIZE));
    rx.turn();
    seen.push(`${rx.interrupts.splice(0).join(' ')} ${rx.engine.canReceive()}`);
    for (const queue of [0, 1]) for (let slot = 0; slot < SIZE; slot += 1) seen.push(described(rx, queue, slot));
  }
  return [...seen, ...rx.values];
}

function described(rx: ReceiveHarness, queue: number, slot: number): string {
  const { dwords, data } = rx.descriptor(queue, slot);
  return `${queue}.${slot}: ${dwords.join(' ')} ${Buffer.from(data).toString('latin1')}`;
}

/** The driver has read all of a ring, and offers so many descriptors. */
function give(rx: ReceiveHarness, queue: number, count: number): void {
  const head = rx.head(queue);
  for (let slot = head; slot < head + count; slot += 1) rx.post(queue, slot % SIZE);
  rx.tail(queue, (head + count) % SIZE);
}

test('frames that waited are stored as on the long way', { skip }, () => {
  const [one, other] = [new ReceiveHarness(true), new ReceiveHarness(true)];
  one.context.trace.on.fill(0);
  other.context.trace.on.fill(0);
  other.context.trace.on[other.context.events.igb_rx_frame] = 1;
  const waited = mock.method(FastPath.prototype, 'storeWaiting');
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const [short, long] = [run(seed, one), run(seed, other)];
    const differs = short.findIndex((value, at) => value !== long[at]);
    assert.equal(differs, -1, `seed ${seed}, ${differs}: ${short[differs]} instead of ${long[differs]}`);
  }
  const runs = waited.mock.calls.map(({ result }) => result!);
  assert.ok(runs.filter((stored) => stored > 3).length > SEEDS, `${runs.length} runs`);
  mock.restoreAll();
});

test('a flood that has to wait all the time fills the packet buffer, and the rings in order', { skip }, () => {
  const rx = new ReceiveHarness(true);
  rx.context.trace.on.fill(0);
  rx.context.settings.version += 1;
  rx.ring(0, { size: SIZE, available: 0 });
  let sent = 0;
  let seen = 0;
  for (let turn = 0; turn < 600; turn += 1) {
    for (let frames = 16; frames > 0 && sent - seen < 600; frames -= 1) {
      rx.receive(buildFrame({ protocol: 'udp', payload: Uint8Array.of(sent, sent >>> 8, ...new Uint8Array(18)) }));
      sent += 1;
    }
    const before = rx.head(0);
    give(rx, 0, 16);
    rx.turn();
    const stored = (rx.head(0) - before + SIZE) % SIZE;
    for (let slot = before; slot < before + stored; slot += 1) {
      const { data } = rx.descriptor(0, slot % SIZE);
      assert.equal(data[42]! | (data[43]! << 8), seen & 0xffff);
      seen += 1;
    }
  }
  assert.equal(rx.get('MPC'), 0);
  assert.equal(rx.get('GPRC'), sent);
  assert.ok(sent > 9000);
});
