import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildFrame } from '../../../packet/testing.ts';
import { pf } from '../tables/index.ts';
import { command } from './descriptor.ts';
import { dropReason } from './drops.ts';
import { TransmitBench } from './testing.ts';

const frame = buildFrame({ payload: new Uint8Array(100).fill(7) });
const DONE = command.EOP | command.RS;

test('a tail write only marks work; the frame, DD, the head and one interrupt follow (§5.2)', () => {
  const bench = new TransmitBench();
  const at = bench.postFrame(frame);
  bench.engine.tailWritten(0);
  assert.deepEqual([bench.sink.sent.length, bench.isDone(at)], [0, false]);
  assert.deepEqual(bench.go(), [{ queue: 0, bytes: frame, offload: undefined }]);
  assert.deepEqual([bench.isDone(at), bench.get('TDH'), bench.interrupts], [true, 1, [0]]);
});

test('DD comes only where RS asks for it, and without RS no interrupt', () => {
  const bench = new TransmitBench();
  const first = bench.postFrame(frame, command.EOP);
  assert.equal(bench.go().length, 1);
  assert.deepEqual([bench.isDone(first), bench.interrupts], [false, []]);
  const second = bench.postFrame(frame, command.EOP);
  const third = bench.postFrame(frame);
  assert.equal(bench.go().length, 2);
  assert.deepEqual([bench.isDone(second), bench.isDone(third), bench.interrupts], [false, true, [0]]);
});

test('one interrupt for a queue and run, after all write-backs', () => {
  const bench = new TransmitBench();
  const posted = [3, 3, 3, 9].map((queue) => bench.postFrame(frame, DONE, 0, queue));
  const doneThen: boolean[] = [];
  bench.interrupts.push = () => doneThen.push(...posted.map((at) => bench.isDone(at)));
  bench.go(3, 9);
  assert.deepEqual(
    doneThen,
    Array.from({ length: 8 }, () => true),
  );
});

test('head write-back stores the head behind the descriptor instead of DD (TDWBAL b0)', () => {
  const bench = new TransmitBench();
  bench.set('TDWBAL', 0x8_0000 | 1);
  const at = bench.postFrame(frame);
  bench.postFrame(frame);
  bench.go();
  assert.deepEqual([bench.memory.peek32(0x8_0000), bench.isDone(at)], [2, false]);
});

test('a packet waits for its EOP, also over the end of the ring', () => {
  const bench = new TransmitBench();
  bench.set('TDH', 62);
  bench.set('TDT', 62);
  bench.postFrame(frame.subarray(0, 50), 0);
  bench.postFrame(frame.subarray(50, 60), command.RS);
  assert.equal(bench.go().length, 0);
  assert.equal(bench.get('TDH'), 62);
  bench.postFrame(frame.subarray(60));
  assert.deepEqual(bench.go()[0]!.bytes, frame);
  assert.equal(bench.get('TDH'), 1);
  assert.equal(bench.isDone(bench.ringOf(0) + 63 * 16), true);
});

test('a queue runs only with TCTL.EN, TXDCTL.ENABLE and, in VMDq mode, VFTE; setting them later starts it (§5.1)', () => {
  const conditions = [
    (bench: TransmitBench, on: boolean) => bench.set('TCTL', on ? pf.TCTL.EN.mask : 0),
    (bench: TransmitBench, on: boolean) => bench.set('TXDCTL', on ? pf.TXDCTL.ENABLE.mask : 0, 9),
    (bench: TransmitBench, on: boolean) => bench.set('VFTE', on ? 2 : 0xfd),
  ];
  for (const condition of conditions) {
    const bench = new TransmitBench();
    bench.set('MRQC', 3);
    condition(bench, false);
    bench.postFrame(frame, DONE, 0, 9);
    assert.equal(bench.go(9).length, 0);
    condition(bench, true);
    bench.engine.controlWritten(9);
    bench.context.tasks.runAll();
    assert.equal(bench.sink.sent.length, 1);
  }
});

test('VFTE does not count outside VMDq mode, and TXDCTL.SWFLSH reads 0', () => {
  const bench = new TransmitBench();
  bench.set('VFTE', 0);
  bench.postFrame(frame);
  assert.equal(bench.go().length, 1);
  bench.set('TXDCTL', pf.TXDCTL.ENABLE.mask | pf.TXDCTL.SWFLSH.mask);
  bench.engine.controlWritten(0);
  assert.equal(bench.get('TXDCTL'), pf.TXDCTL.ENABLE.mask);
});

test('queues take turns within a budget', () => {
  const bench = new TransmitBench();
  for (let n = 0; n < 60; n += 1) for (const queue of [0, 5]) bench.postFrame(frame, DONE, 0, queue);
  bench.engine.tailWritten(0);
  bench.engine.tailWritten(5);
  assert.equal(bench.engine.run(80), true);
  const queues = bench.sink.sent.map((sent) => sent.queue);
  assert.deepEqual([queues.lastIndexOf(0), queues.indexOf(5), queues.length], [31, 32, 40]);
  bench.context.tasks.runAll(40);
  assert.equal(bench.sink.sent.length, 120);
});

test('a queue works in the memory of the function that owns it', () => {
  const bench = new TransmitBench(true);
  bench.context.queueFunction[2] = 3;
  const at = bench.postFrame(frame, DONE, 0, 2);
  const own = bench.context.memory[3]!;
  own.piece.bytes.set(bench.memory.piece.bytes);
  bench.memory.piece.bytes.fill(0);
  assert.deepEqual(bench.go(2)[0]!.bytes, frame);
  assert.deepEqual([own.peek32(at + 12), bench.isDone(at)], [1, false]);
});

test('legacy descriptors: length, EOP, RS, and the tag and checksum start survive the write-back (iPXE, §3.2)', () => {
  const bench = new TransmitBench();
  const at = bench.post(bench.place(frame), 0, command.EOP | command.IFCS | command.RS | frame.length, 0x1234_2200);
  assert.deepEqual(bench.go()[0]!.bytes, frame);
  assert.equal(bench.memory.peek32(at + 12), 0x1234_2201);
});

test('empty buffers, and a context between the buffers of a packet, which then holds for it', () => {
  const bench = new TransmitBench();
  bench.postFrame(frame.subarray(0, 0), command.VLE);
  bench.postFrame(frame.subarray(0, 70), command.VLE);
  bench.postContext({ vlanTag: 6 });
  bench.postFrame(frame.subarray(70), command.VLE);
  const { bytes } = bench.go()[0] ?? { bytes: new Uint8Array(0) };
  assert.equal(bytes.length, 0);
  bench.postFrame(frame.subarray(0, 0), DONE | command.VLE);
  const sent = bench.go()[0]!;
  assert.deepEqual(sent.bytes.subarray(16), frame.subarray(12));
  assert.deepEqual([...sent.bytes.subarray(12, 16)], [0x81, 0, 0, 6]);
});

test('an unknown descriptor type is consumed, traced and written back', () => {
  const bench = new TransmitBench();
  const at = bench.post(0, 0, command.DEXT | (7 << 20) | DONE, 0);
  bench.postFrame(frame);
  assert.equal(bench.go().length, 1);
  assert.equal(bench.isDone(at), true);
  assert.deepEqual(bench.context.trace.of('igb_guest_error_tx_descriptor'), [[0, 0, 7, undefined]]);
});

test('head or tail beyond the ring, no ring, a ring outside memory: nothing happens, and it is traced', () => {
  const broken: [string, (bench: TransmitBench) => void][] = [
    ['igb_guest_error_tail', (bench) => bench.set('TDT', 64)],
    ['igb_guest_error_head', (bench) => bench.set('TDH', 0xffff)],
    ['igb_guest_error_head', (bench) => bench.set('TDLEN', 0)],
    ['igb_guest_error_dma', (bench) => bench.set('TDBAH', 0xffffffff)],
  ];
  for (const [event, damage] of broken) {
    const bench = new TransmitBench();
    bench.postFrame(frame);
    damage(bench);
    assert.equal(bench.go().length, 0);
    assert.equal(bench.context.trace.of(event).length, 1);
    assert.deepEqual(bench.interrupts, []);
  }
});

test('a ring that no single piece holds is read descriptor by descriptor', () => {
  const bench = new TransmitBench();
  bench.set('TDBAL', bench.memory.piece.base + bench.memory.piece.length - 128);
  const last = bench.memory.piece.base + bench.memory.piece.length - 128;
  [bench.place(frame), 0, (command.DEXT | (3 << 20) | command.IFCS | DONE | frame.length) >>> 0, 0].forEach((word, n) =>
    bench.memory.poke32(last + n * 4, word),
  );
  bench.set('TDT', 1);
  assert.deepEqual(bench.go()[0]!.bytes, frame);
  assert.equal(bench.isDone(last), true);
});

test('a chain without EOP is thrown away up to its EOP, written back, and the next packet goes out', () => {
  const bench = new TransmitBench();
  bench.set('TDLEN', 1024 * 16);
  bench.set('TDBAL', 0x10_0000);
  bench.set('TXDCTL', 0, 0);
  const base = 0x10_0000;
  const buffer = bench.place(frame);
  const put = (n: number, bits: number): void => {
    const words = [buffer, 0, command.DEXT | (3 << 20) | command.IFCS | command.RS | bits | 4, 0];
    words.forEach((word, at) => bench.memory.poke32(base + n * 16 + at * 4, word));
  };
  bench.set('TXDCTL', pf.TXDCTL.ENABLE.mask);
  for (let n = 0; n < 700; n += 1) put(n, 0);
  bench.set('TDT', 700);
  assert.equal(bench.go().length, 0);
  assert.equal(bench.get('TDH'), 700);
  assert.equal(bench.isDone(base + 699 * 16), true);
  put(700, command.EOP);
  bench.memory.poke32(base + 701 * 16, buffer);
  bench.memory.poke32(base + 701 * 16 + 8, command.DEXT | (3 << 20) | command.IFCS | DONE | frame.length);
  bench.set('TDT', 702);
  assert.deepEqual(bench.go()[0]!.bytes, frame);
  assert.equal(bench.engine.drops[dropReason.endless], 1);
});

test('a reset forgets contexts and marked work', () => {
  const bench = new TransmitBench();
  bench.postContext({ vlanTag: 5 });
  bench.go();
  bench.postFrame(frame, DONE | command.VLE);
  bench.engine.tailWritten(0);
  bench.engine.reset();
  bench.context.tasks.runAll();
  assert.equal(bench.sink.sent.length, 0);
  const [sent] = bench.go();
  assert.deepEqual([...sent!.bytes.subarray(12, 16)], [0x81, 0, 0, 0]);
});
