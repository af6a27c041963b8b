/** Rate limits in virtual time: bytes on the wire, that is frame, FCS and 20 (§5.6). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildFrame } from '../../../packet/testing.ts';
import { pf } from '../tables/index.ts';
import { command } from './descriptor.ts';
import { TransmitBench } from './testing.ts';

const { RTTBCNRC, RTTBCNRM, RTTDQSEL } = pf;

/** What igb_set_vf_rate_limit writes. */
function limit(bench: TransmitBench, queue: number, rateMbps: number, linkMbps = 1000): void {
  const whole = Math.floor(linkMbps / rateMbps);
  const fraction = Math.floor(((linkMbps - whole * rateMbps) * 2 ** 14) / rateMbps);
  bench.set('RTTDQSEL', queue);
  bench.engine.rateSelected();
  bench.set('RTTBCNRM', 0x14);
  bench.set('RTTBCNRC', rateMbps === 0 ? 0 : RTTBCNRC.RS_ENA.mask | (whole << RTTBCNRC.RF_INT.shift) | fraction);
  bench.engine.rateWritten();
}

interface Load {
  /** Puts a packet on a queue's ring, as two descriptors at most. */
  post(queue: number): void;
  /** Wire bytes, overhead included, of what left in one piece. */
  wireBytes(length: number): number;
}

function plainFrames(bench: TransmitBench, length: number): Load {
  const at = bench.place(new Uint8Array(length));
  const bits = command.DEXT | (3 << 20) | command.IFCS | command.EOP | command.RS;
  return {
    post: (queue) => void bench.post(at, 0, bits | length, 0, queue),
    wireBytes: (sent) => sent + 24,
  };
}

/** Keeps rings full for a while; returns the bytes that each queue put on the wire. */
function saturate(bench: TransmitBench, queues: readonly number[], load: Load, durationNs: number): number[] {
  const { clock, tasks } = bench.context;
  const endNs = clock.now() + durationNs;
  const bytes = queues.map(() => 0);
  const refill = () => {
    for (const queue of queues) {
      while ((bench.get('TDH', queue) - bench.get('TDT', queue) + 63) % 64 >= 2) load.post(queue);
      bench.engine.tailWritten(queue);
    }
  };
  refill();
  for (;;) {
    tasks.runAll();
    for (const sent of bench.sink.sent.splice(0))
      bytes[queues.indexOf(sent.queue)]! += load.wireBytes(sent.bytes.length);
    refill();
    const next = Math.min(...[...clock.armed].map((timer) => timer.deadlineNs));
    if (next > endNs) break;
    clock.advance(next - clock.now());
  }
  clock.advance(endNs - clock.now());
  tasks.runAll();
  return bytes;
}

function assertRate(bytes: number, durationNs: number, rateMbps: number): void {
  const measured = (bytes * 8000) / durationNs;
  assert.ok(Math.abs(measured / rateMbps - 1) < 0.05, `${measured} Mb/s instead of ${rateMbps}`);
}

for (const length of [60, 1514]) {
  for (const rate of [1, 3, 10, 64, 100, 333, 500, 999, 1000]) {
    test(`${rate} Mb/s of frames of ${length + 4} bytes, within 5 %`, () => {
      const bench = new TransmitBench();
      limit(bench, 0, rate);
      const frame = plainFrames(bench, length);
      const durationNs = Math.max(20e6, (length * 8000 * 50) / rate);
      saturate(bench, [0], frame, 5e6 + (length * 8000) / rate);
      const [bytes] = saturate(bench, [0], frame, durationNs);
      assertRate(bytes!, durationNs, rate);
    });
  }
}

test('each queue has its own limit: others go unhindered, v + 8 by its own setting', () => {
  const bench = new TransmitBench();
  limit(bench, 2, 10);
  limit(bench, 10, 50);
  const frame = plainFrames(bench, 1514);
  saturate(bench, [2, 10], frame, 20e6);
  const [slow, fast] = saturate(bench, [2, 10], frame, 200e6);
  assertRate(slow!, 200e6, 10);
  assertRate(fast!, 200e6, 50);
  for (let n = 0; n < 60; n += 1) frame.post(3);
  assert.equal(bench.go(3).filter(({ queue }) => queue === 3).length, 60, 'at once');
});

for (const whole of [false, true]) {
  test(`a segmented packet is paid for with the wire bytes of all its segments, ${whole ? 'left whole' : 'cut'}`, () => {
    const bench = new TransmitBench();
    limit(bench, 0, 100);
    bench.sink.offload = whole;
    const large = buildFrame({ payload: new Uint8Array(14480) });
    const at = bench.place(large);
    const bits = command.DEXT | (3 << 20) | command.IFCS | command.EOP | command.RS | command.TSE;
    const load: Load = {
      post: (queue) => {
        bench.postContext({ segmentSize: 1448 }, queue);
        bench.post(at, 0, bits | large.length, 0, queue);
      },
      wireBytes: (sent) => (sent === large.length ? 10 * (1448 + 54 + 24) : sent + 24),
    };
    saturate(bench, [0], load, 5e6);
    const [bytes] = saturate(bench, [0], load, 200e6);
    assertRate(bytes!, 200e6, 100);
  });
}

test('frames to pools are paid for too; dropped ones are not', () => {
  const bench = new TransmitBench();
  limit(bench, 0, 1);
  bench.sink.toPools = 'only';
  for (let n = 0; n < 10; n += 1) bench.postFrame(new Uint8Array(1514));
  bench.go(0);
  bench.context.clock.advance(13e6);
  bench.go(0);
  assert.equal(bench.sink.delivered.length, 2);
  const other = new TransmitBench();
  limit(other, 0, 1);
  for (let n = 0; n < 10; n += 1) other.postFrame(new Uint8Array(10));
  other.go(0);
  assert.equal(other.get('TDH'), 10);
});

test('late timers cost nothing, up to 10 ms; a queue that was idle may send 2 ms of its rate at once', () => {
  const bench = new TransmitBench();
  limit(bench, 0, 100);
  const frame = new Uint8Array(1514);
  const { clock } = bench.context;
  clock.advance(1e9);
  for (let n = 0; n < 60; n += 1) bench.postFrame(frame);
  const burst = bench.go(0).length;
  assert.ok(burst * 1538 * 80 <= 2.2e6 && burst > 10, `${burst} frames`);
  const armed = [...clock.armed];
  assert.equal(armed.length, 1);
  clock.nowNs += 3e6;
  const late = bench.go(0).length;
  assert.ok(Math.abs(late - 3e6 / (1538 * 80)) <= 2, `${late} frames`);
});

test('a new setting holds at once, also for what waits; 0 takes the limit away (igb_set_vf_rate_limit)', () => {
  const bench = new TransmitBench();
  limit(bench, 0, 1);
  for (let n = 0; n < 20; n += 1) bench.postFrame(new Uint8Array(1514));
  assert.ok(bench.go(0).length < 3);
  limit(bench, 0, 0);
  bench.context.tasks.runAll();
  assert.equal(bench.get('TDH'), 20);
  assert.equal(bench.context.clock.armed.size, 0);
});

test('RTTBCNRC shows the setting of the selected queue; a reset forgets all of them', () => {
  const bench = new TransmitBench();
  limit(bench, 1, 100);
  limit(bench, 2, 10);
  const shown = (queue: number) => {
    bench.set('RTTDQSEL', queue);
    bench.engine.rateSelected();
    return (bench.get('RTTBCNRC') & RTTBCNRC.RF_INT.mask) >>> RTTBCNRC.RF_INT.shift;
  };
  assert.deepEqual([shown(1), shown(2), shown(0), shown(1 + 16)], [10, 100, 0, 10]);
  bench.engine.reset();
  assert.deepEqual([shown(1), shown(2)], [0, 0]);
  assert.equal(RTTBCNRM.count + RTTDQSEL.count, 2);
});
