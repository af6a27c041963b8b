import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildFrame } from '../../packet/testing.ts';
import { addressOf, BROADCAST_ADDRESS, ethernet, PoolBench, STRANGER } from './switch/testing.ts';
import type { QueueRowFilter } from './queue-rows.ts';
import { trafficColumns } from './statistics.ts';
import { pf } from './tables/index.ts';
import { RecordingCapture } from './testing.ts';

/** Places of the frames since the last call, with `!` and the event in front of those that were dropped. */
function seen({ context }: PoolBench, capture: RecordingCapture): string[] {
  const names = new Map(Object.entries(context.events).map(([name, number]) => [number, name]));
  return capture.frames
    .splice(0)
    .map(({ where, reason }) => (reason < 0 ? where : `!${names.get(reason)!.slice('igb_'.length)} ${where}`));
}

/** A TCP frame from pool 0 to a stranger. */
function tcpFrame(payloadBytes: number): Uint8Array {
  const frame = buildFrame({ payload: new Uint8Array(payloadBytes).fill(7) });
  frame.set(ethernet(STRANGER).subarray(0, 12));
  return frame;
}

function makeBench(): { bench: PoolBench; capture: RecordingCapture } {
  const capture = new RecordingCapture();
  return { bench: new PoolBench(capture), capture };
}

test('a frame is seen where a queue sends it, at the wire, and in each queue that stores it', () => {
  const { bench, capture } = makeBench();
  bench.send(2, ethernet(STRANGER, { from: addressOf(2) }));
  assert.deepEqual(seen(bench, capture), ['out tx2 function 0 pool 2', 'out wire']);
  bench.port.setVfLive(3, true);
  bench.send(0, ethernet(addressOf(1)));
  assert.deepEqual(seen(bench, capture), ['out tx0 function 0 pool 0', 'in rx1 function 0 pool 1']);
  const frame = ethernet(addressOf(1));
  bench.receive(frame);
  assert.deepEqual(capture.frames[0]!.bytes, frame);
  assert.deepEqual(seen(bench, capture), ['in wire', 'in rx1 function 0 pool 1']);
});

test('queues of a VF are its function’s', () => {
  const { bench, capture } = makeBench();
  bench.context.queueFunction[1] = 2;
  bench.receive(ethernet(addressOf(1)));
  assert.deepEqual(seen(bench, capture), ['in wire', 'in rx1 function 2 pool 1']);
});

test('each loss is seen with its reason, and counted by reason and queue', () => {
  const { bench, capture } = makeBench();
  const { taps, events } = bench.context;
  bench.set('VT_CTL', bench.get('VT_CTL') | pf.VT_CTL.DIS_DEF_POOL.mask);
  bench.receive(ethernet(STRANGER));
  assert.deepEqual(seen(bench, capture), ['in wire', '!rx_drop_pool in']);
  bench.receive(ethernet(addressOf(1), { tag: 77 }));
  assert.deepEqual(seen(bench, capture), ['in wire', '!rx_drop_vlan in']);
  bench.set('RXDCTL', 0, 4);
  bench.receive(ethernet(addressOf(4)));
  assert.deepEqual(seen(bench, capture), ['in wire', '!rx_drop_queue in rx4 function 0 pool 4']);
  bench.set('DTXSWC', bench.get('DTXSWC') | (1 << (pf.DTXSWC.MAC_SPOOF.shift + 2)));
  bench.send(2, ethernet(STRANGER, { from: addressOf(5) }));
  assert.deepEqual(seen(bench, capture), ['!switch_drop_spoof out tx2 function 0 pool 2']);
  bench.send(2, new Uint8Array(10));
  assert.deepEqual(seen(bench, capture), ['!tx_drop_short out tx2 function 0 pool 2']);
  bench.port.setLink(false);
  bench.send(0, ethernet(STRANGER));
  bench.receive(ethernet(addressOf(1)));
  assert.deepEqual(seen(bench, capture), ['!tx_drop_link out tx0 function 0 pool 0', 'in wire', '!rx_drop_link in']);
  assert.equal(taps.lost(events.igb_rx_drop_pool, { queue: -1 }), 1);
  assert.equal(taps.lost(events.igb_rx_drop_queue, { queue: 4 }), 1);
  assert.equal(taps.lost(events.igb_rx_drop_queue, { queue: 3 }), 0);
  assert.equal(taps.lost(events.igb_switch_drop_spoof, { queue: 2 }), 1);
});

test('a full ring: what is kept waiting is not lost, what the packet buffer cannot hold is', () => {
  const { bench, capture } = makeBench();
  bench.set('QDE', 0);
  bench.stall(1);
  const { taps, events } = bench.context;
  const count = 100;
  for (let n = 0; n < count; n += 1) bench.receive(ethernet(addressOf(1), { length: 600 }));
  const lost = taps.lost(events.igb_rx_drop_buffer, { queue: 1 });
  assert.ok(lost > 0 && lost < count);
  assert.equal(capture.frames.filter(({ reason }) => reason === events.igb_rx_drop_buffer).length, lost);
  capture.frames.length = 0;
  bench.stalled = 0;
  for (let turn = 0; turn < 10; turn += 1) bench.where();
  assert.equal(capture.frames.filter(({ where }) => where === 'in rx1 function 0 pool 1').length, count - lost);
});

test('frames that wait when their queue or the port is reset, or receive is turned off, are lost and seen', () => {
  const resets: readonly ((bench: PoolBench) => void)[] = [
    ({ port }) => port.blocks.receive.resetQueue(1),
    (bench) => bench.set('CTRL', bench.get('CTRL') | pf.CTRL.RST.mask),
    (bench) => {
      bench.set('RCTL', bench.get('RCTL') & ~pf.RCTL.EN.mask);
      bench.where();
    },
  ];
  for (const reset of resets) {
    const { bench, capture } = makeBench();
    bench.set('QDE', 0);
    bench.stall(1);
    for (let n = 1; n <= 3; n += 1) {
      bench.context.trace.packet = n;
      bench.receive(ethernet(addressOf(1)));
    }
    bench.context.trace.packet = 0;
    assert.deepEqual(seen(bench, capture), ['in wire', 'in wire', 'in wire']);
    reset(bench);
    // What resets the port has turned its pools off.
    for (const drop of seen(bench, capture)) assert.match(drop, /^!rx_drop_reset in rx1 function 0( pool 1)?$/);
    const { taps, events, trace } = bench.context;
    assert.equal(taps.lost(events.igb_rx_drop_reset, { queue: 1 }), 3);
    const packets = (event: string): number[] =>
      trace.emitted.filter(({ name }) => name === event).map(({ packet }) => packet);
    assert.deepEqual(packets('igb_rx_drop_reset'), packets('igb_rx_wait'), 'each under its own number');
  }
});

test('frames that wait for a pool when it is turned off are lost and seen', () => {
  const { bench, capture } = makeBench();
  bench.set('QDE', 0);
  bench.stall(1);
  bench.receive(ethernet(addressOf(1)));
  bench.set('VFRE', bench.get('VFRE') & ~2);
  bench.where();
  assert.deepEqual(seen(bench, capture), ['in wire', '!rx_drop_pool in rx1 function 0 pool 1']);
});

test('a large packet is seen whole, with what is left to do; the wire gets its segments', () => {
  const { bench, capture } = makeBench();
  const frame = tcpFrame(4000);
  bench.postContext(0, (14 << 9) | 20, 1 << 11, (1448 << 16) | (20 << 8));
  bench.send(0, frame, { command: 1 << 31, options: 2 << 8 });
  const [packet, ...segments] = capture.frames;
  assert.deepEqual([packet!.where, packet!.length, packet!.bytes.length], ['out tx0 function 0 pool 0', 4054, 4054]);
  assert.deepEqual(packet!.bytes, frame, 'nothing is filled in');
  assert.deepEqual(packet!.offload, {
    needsChecksum: true,
    checksumStart: 34,
    checksumOffset: 16,
    segmentation: 'tcp4',
    headerLength: 54,
    segmentSize: 1448,
  });
  assert.deepEqual(
    segments.map(({ where, length, offload }) => [where, length, offload]),
    [1502, 1502, 1158].map((length) => ['out wire', length, undefined]),
  );
});

test('a large packet is seen whole where nothing but its queue is, wherever its bytes lie', () => {
  for (const placed of [false, true]) {
    const capture = new RecordingCapture();
    capture.on.set([0, 1, 0]);
    const bench = new PoolBench(capture, placed);
    const frame = tcpFrame(4000);
    // Not what a packet before has left in the arena.
    frame.fill(placed ? 1 : 2, 100);
    bench.postContext(0, (14 << 9) | 20, 1 << 11, (1448 << 16) | (20 << 8));
    bench.send(0, frame, { command: 1 << 31, options: 2 << 8 });
    assert.deepEqual(capture.frames[0]!.bytes, frame);
  }
});

test('a checksum that is left to do is not filled in where the queue is seen', () => {
  const { bench, capture } = makeBench();
  const frame = tcpFrame(100);
  frame[50] = 0xaa;
  bench.postContext(0, (14 << 9) | 20, 1 << 11, 20 << 8);
  bench.send(0, frame, { options: 2 << 8 });
  const [packet, wire] = capture.frames;
  assert.deepEqual(packet!.bytes, frame);
  assert.deepEqual([packet!.offload!.needsChecksum, packet!.offload!.segmentation], [true, 'none']);
  assert.notDeepEqual(wire!.bytes, frame);
});

test('a packet whose data cannot be read is seen without bytes', () => {
  const { bench, capture } = makeBench();
  bench.memory.poke64(0x1_0000, 0x7fff_0000_0000);
  bench.memory.poke32(0x1_0008, 0x2b300000 | 100);
  bench.memory.poke32(0x1_000c, 100 << 14);
  bench.set('TDT', 1, 0);
  bench.context.tasks.runAll();
  const [lost] = capture.frames;
  assert.deepEqual([lost!.reason, lost!.length, lost!.bytes.length], [bench.context.events.igb_tx_drop_dma, 100, 0]);
});

test('while nobody captures, frames are not shown and losses are counted all the same', () => {
  const { bench, capture } = makeBench();
  capture.on.fill(0);
  bench.send(0, ethernet(STRANGER));
  bench.set('RXDCTL', 0, 4);
  bench.receive(ethernet(addressOf(4)));
  assert.equal(capture.frames.length, 0);
  assert.equal(bench.context.taps.lost(bench.context.events.igb_rx_drop_queue, { queue: 4 }), 1);
});

test('traffic counts by queue, apart for those of a VF, and nothing clears it', () => {
  const { bench } = makeBench();
  const { statistics } = bench.port.blocks;
  const counts = (filter: QueueRowFilter): number[] =>
    trafficColumns.map((_, column) => statistics.traffic(column, filter));
  bench.send(0, ethernet(BROADCAST_ADDRESS));
  bench.context.queueFunction[1] = 2;
  bench.receive(ethernet(addressOf(1), { length: 100 }));
  assert.deepEqual(counts({ queue: 0 }), [0, 0, 0, 0, 1, 60, 1, 60]);
  assert.deepEqual(counts({ fn: 2 }), [1, 100, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(counts({ queue: 1, fn: 0 }), [0, 0, 1, 60, 0, 0, 0, 0]);
  assert.deepEqual(counts({ pool: 1 }), [1, 100, 1, 60, 0, 0, 0, 0]);
  bench.port.reset('software');
  assert.deepEqual(counts({ queue: 1 }), [1, 100, 1, 60, 0, 0, 0, 0]);
});
