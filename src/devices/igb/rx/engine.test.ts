import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from '../../../packet/checksum.ts';
import { buildFrame, concatenate, fromHex, isConsistent } from '../../../packet/testing.ts';
import type { FrameOffload } from '../../../ports/index.ts';
import { pf } from '../tables/index.ts';
import { DROP_EN, ERROR, ONE_BUFFER, ReceiveHarness, STATUS } from './testing.ts';

const payload = (length: number): Uint8Array => Uint8Array.from({ length }, (_, n) => n * 7);

function offloadOf(options: Partial<FrameOffload>): FrameOffload {
  return {
    needsChecksum: false,
    checksumStart: 0,
    checksumOffset: 0,
    segmentation: 'none',
    headerLength: 0,
    segmentSize: 0,
    ...options,
  };
}

test('a frame lies in its buffer, its descriptor is done, and one interrupt tells of all frames of a turn', () => {
  const rx = new ReceiveHarness();
  rx.ring(0);
  const frame = buildFrame({ payload: payload(100) });
  for (let n = 0; n < 5; n += 1) rx.receive(frame);
  assert.deepEqual(rx.interrupts, [], 'not before the turn ends');
  rx.turn();
  assert.deepEqual(rx.interrupts, [0]);
  assert.equal(rx.head(0), 5);
  const { dwords, length, data } = rx.descriptor(0, 4);
  assert.equal(length, frame.length);
  assert.deepEqual(data, frame);
  assert.equal(dwords[0], 0x110, 'IPv4 and TCP, no hash');
  assert.equal(dwords[1], 7, 'the IP identification, while RXCSUM.PCSD is clear');
  assert.equal(dwords[2], STATUS.DD | STATUS.EOP | STATUS.IPCS | STATUS.L4CS | STATUS.IPIDV);
  assert.equal(rx.get('GPRC'), 5);
});

test('a short frame is padded with zeros to the minimum of the medium, and not counted as undersized', () => {
  const rx = new ReceiveHarness();
  rx.ring(0);
  rx.memory.piece.bytes.fill(
    0xee,
    rx.bufferAddress(0, 0) - rx.memory.piece.base,
    rx.bufferAddress(0, 1) - rx.memory.piece.base,
  );
  const frame = buildFrame();
  rx.receive(frame);
  assert.deepEqual(rx.descriptor(0, 0).data, concatenate(frame, new Uint8Array(60 - frame.length)));
  assert.equal(rx.get('RUC'), 0);
  rx.receive(frame.subarray(0, 13));
  assert.equal(rx.get('RUC'), 1);
  assert.equal(rx.head(0), 1);
});

test('with RCTL.SECRC clear the true FCS follows, also where a tag was taken out', () => {
  const rx = new ReceiveHarness();
  rx.set('RCTL', rx.get('RCTL') & ~pf.RCTL.SECRC.mask);
  rx.set('CTRL', pf.CTRL.VME.mask);
  rx.ring(0);
  const frame = buildFrame({ tags: [0x2064], payload: payload(200) });
  rx.receive(frame);
  const { data, dwords, tag } = rx.descriptor(0, 0);
  assert.equal(tag, 0x2064);
  assert.notEqual(dwords[2]! & STATUS.VP, 0);
  const fcs = crc32(frame, 0, frame.length);
  const end = [fcs & 0xff, (fcs >>> 8) & 0xff, (fcs >>> 16) & 0xff, fcs >>> 24];
  assert.deepEqual(data, concatenate(frame.subarray(0, 12), frame.subarray(16), end));
});

test('without CTRL.VME the tag stays in the frame and VP is clear, or Linux would see it twice', () => {
  const rx = new ReceiveHarness();
  rx.ring(0);
  const frame = buildFrame({ tags: [100], payload: payload(60) });
  rx.receive(frame);
  const { data, dwords, tag } = rx.descriptor(0, 0);
  assert.deepEqual(data, frame);
  assert.equal(dwords[2]! & STATUS.VP, 0);
  assert.equal(tag, 0);
});

test('a checksum left to do is completed in what the guest gets, and the bytes of the wire stay as they are', () => {
  const rx = new ReceiveHarness();
  rx.ring(0);
  const whole = buildFrame({ payload: payload(333) });
  const partial = whole.slice();
  // What Linux hands over: the folded sum of the pseudo-header, here 10.0.0.1, 10.0.0.2, 6, 353.
  const pseudo = 0x0a00 + 1 + 0x0a00 + 2 + 6 + 353;
  partial[14 + 20 + 16] = pseudo >>> 8;
  partial[14 + 20 + 17] = pseudo & 0xff;
  const before = partial.slice();
  rx.receive(partial, offloadOf({ needsChecksum: true, checksumStart: 34, checksumOffset: 16 }));
  assert.deepEqual(rx.descriptor(0, 0).data, whole);
  assert.deepEqual(partial, before);
  assert.equal(rx.descriptor(0, 0).dwords[2]! & (STATUS.L4CS | ERROR.L4E), STATUS.L4CS);
});

test('a large frame is cut into right segments, each a frame of its own', () => {
  const rx = new ReceiveHarness();
  rx.ring(0, { size: 32 });
  const large = buildFrame({ payload: payload(10_000), flags: 0x18 });
  rx.receive(large, offloadOf({ segmentation: 'tcp4', segmentSize: 1448, headerLength: 54 }));
  rx.turn();
  assert.equal(rx.head(0), 7);
  assert.deepEqual(rx.interrupts, [0]);
  assert.equal(rx.get('GPRC'), 7);
  const pieces: Uint8Array[] = [];
  for (let slot = 0; slot < 7; slot += 1) {
    const { data, dwords } = rx.descriptor(0, slot);
    const from = data.length === 60 ? data.subarray(0, 60) : data;
    assert.ok(isConsistent(from), `segment ${slot}`);
    assert.equal(dwords[2]! & STATUS.L4CS, STATUS.L4CS);
    pieces.push(data.subarray(54));
  }
  assert.deepEqual(concatenate(...pieces), payload(10_000));
});

test('RCTL.EN off: nothing is stored or counted', () => {
  const rx = new ReceiveHarness();
  rx.ring(0);
  rx.set('RCTL', rx.get('RCTL') & ~pf.RCTL.EN.mask);
  rx.receive(buildFrame());
  rx.turn();
  assert.equal(rx.head(0), 0);
  assert.equal(rx.get('GPRC'), 0);
  assert.equal(rx.engine.canReceive(), true, 'the wire is drained');
  assert.equal(rx.context.trace.of('igb_rx_drop_disabled').length, 1);
});

test('a queue without descriptors that may drop: RQDPC, and the wire goes on', () => {
  const rx = new ReceiveHarness();
  rx.ring(0, { available: 2, srrctl: (ONE_BUFFER | DROP_EN) >>> 0 });
  for (let n = 0; n < 5; n += 1) rx.receive(buildFrame());
  assert.equal(rx.get('RQDPC'), 3);
  assert.equal(rx.engine.canReceive(), true);
  rx.set('SRRCTL', ONE_BUFFER);
  rx.set('QDE', 1);
  rx.receive(buildFrame());
  assert.equal(rx.get('RQDPC'), 4, 'QDE is as good');
  assert.equal(rx.get('MPC') + rx.get('RNBC'), 0);
});

test('a queue that may not drop keeps its frames; they arrive in order once the tail moves, and the wire goes on', () => {
  const rx = new ReceiveHarness();
  rx.ring(0, { available: 1 });
  const frames = [1, 2, 3].map((n) => buildFrame({ payload: payload(100 * n) }));
  rx.receive(frames[0]!);
  assert.equal(rx.engine.canReceive(), true, 'room or not is known only when a frame comes');
  rx.receive(frames[1]!);
  assert.equal(rx.engine.canReceive(), false);
  rx.receive(frames[2]!);
  rx.turn();
  assert.equal(rx.get('RNBC'), 2);
  assert.ok(rx.interrupts.includes(`causes 0x${(pf.ICR.RXO.mask | pf.ICR.RXDMT0.mask).toString(16)}`));
  assert.equal(rx.context.wire.resumed, 0);
  rx.tail(0, 2);
  rx.turn();
  assert.equal(rx.head(0), 2);
  assert.equal(rx.engine.canReceive(), false, 'one waits still');
  rx.tail(0, 8);
  rx.turn();
  assert.equal(rx.context.wire.resumed, 1);
  assert.equal(rx.engine.canReceive(), true);
  for (const [slot, frame] of frames.entries()) assert.deepEqual(rx.descriptor(0, slot).data, frame);
  assert.equal(rx.get('MPC'), 0);
  assert.equal(rx.get('GPRC'), 3, 'each counts once');
});

test('a frame that comes between the tail write and the retry does not overtake those that wait', () => {
  const rx = new ReceiveHarness();
  rx.ring(0, { available: 0 });
  const frames = [1, 2].map((n) => buildFrame({ payload: payload(100 * n) }));
  rx.receive(frames[0]!);
  rx.tail(0, 8);
  rx.receive(frames[1]!);
  rx.turn();
  assert.deepEqual(rx.descriptor(0, 0).data, frames[0]);
  assert.deepEqual(rx.descriptor(0, 1).data, frames[1]);
});

test('frames for other queues pass a queue that is full', () => {
  const rx = new ReceiveHarness();
  rx.ring(0, { available: 0 });
  rx.ring(3);
  rx.set('RCTL', rx.get('RCTL'));
  rx.receive(buildFrame());
  rx.set('MRQC', 3 << pf.MRQC.DEF_Q.shift);
  rx.receive(buildFrame());
  assert.equal(rx.head(3), 1);
  assert.equal(rx.engine.canReceive(), false);
});

test('one queue that stays full does not use up the packet buffer for another that comes and goes', () => {
  const rx = new ReceiveHarness();
  const frame = buildFrame({ payload: payload(1400) });
  rx.ring(0, { available: 0 });
  rx.ring(3, { size: 16, available: 0 });
  rx.receive(frame);
  rx.set('MRQC', 3 << pf.MRQC.DEF_Q.shift);
  for (let round = 1; round <= 300; round += 1) {
    rx.receive(frame);
    rx.tail(3, round % 16);
    rx.turn();
    assert.equal(rx.head(3), round % 16);
  }
  assert.equal(rx.get('MPC'), 0);
  rx.tail(0, 1);
  rx.turn();
  assert.deepEqual(rx.descriptor(0, 0).data, frame);
});

test('a waiting frame goes when its queue is disabled, and when reception is', () => {
  for (const end of ['queue', 'port'] as const) {
    const rx = new ReceiveHarness();
    rx.ring(0, { available: 0 });
    rx.receive(buildFrame());
    assert.equal(rx.engine.canReceive(), false);
    if (end === 'queue') rx.set('RXDCTL', 0);
    else rx.set('RCTL', 0);
    rx.engine.controlWritten(end === 'queue' ? 0 : -1);
    rx.turn();
    assert.equal(rx.engine.canReceive(), true, end);
    assert.equal(rx.context.wire.resumed, 1, end);
  }
});

test('segments that find no descriptor wait; beyond the packet buffer frames are lost and MPC counts them', () => {
  const rx = new ReceiveHarness();
  rx.ring(0, { size: 32, available: 3 });
  const large = buildFrame({ payload: payload(20_000) });
  rx.receive(large, offloadOf({ segmentation: 'tcp4', segmentSize: 1448 }));
  assert.equal(rx.head(0), 3);
  assert.equal(rx.get('MPC'), 0);
  for (let n = 0; n < 200; n += 1) rx.receive(buildFrame({ payload: payload(1400) }));
  const lost = rx.get('MPC');
  assert.ok(lost > 0 && lost < 200, `${lost}`);
  assert.equal(rx.get('GPRC'), 14 + 200 - lost);
  let stored = 3;
  for (let turns = 0; turns < 100 && stored < 14 + 200 - lost; turns += 1) {
    const before = rx.head(0);
    rx.tail(0, (before + 9) % 32);
    rx.turn();
    stored += (rx.head(0) - before + 32) % 32;
  }
  assert.equal(stored, 14 + 200 - lost);
  assert.equal(rx.engine.canReceive(), true);
});

test('a frame over several buffers: only the last descriptor has EOP and status; too few free ones leave the ring alone', () => {
  const rx = new ReceiveHarness();
  rx.set('RCTL', rx.get('RCTL') | pf.RCTL.LPE.mask);
  rx.set('RLPML', 9216 + 18);
  rx.ring(0, { available: 6 });
  const frame = buildFrame({ payload: payload(9000 - 40) });
  rx.receive(frame);
  assert.equal(rx.head(0), 5);
  const parts = [0, 1, 2, 3, 4].map((slot) => rx.descriptor(0, slot));
  assert.deepEqual(
    parts.map((part) => part.dwords[2]! & 3),
    [1, 1, 1, 1, 3],
  );
  assert.deepEqual(concatenate(...parts.map((part) => part.data)), frame);
  rx.set('QDE', 1);
  rx.receive(frame);
  assert.equal(rx.head(0), 5);
  assert.equal(rx.get('RQDPC'), 1);
});

test('legacy descriptors have length and status where iPXE looks for them', () => {
  const rx = new ReceiveHarness();
  rx.ring(0, { srrctl: 2 });
  rx.set('CTRL', pf.CTRL.VME.mask);
  const frame = buildFrame({ tags: [5], payload: payload(80) });
  frame[frame.length - 1]! ^= 1;
  rx.receive(frame);
  const { dwords } = rx.descriptor(0, 0);
  assert.equal(dwords[0], rx.bufferAddress(0, 0));
  assert.equal(dwords[2]! & 0xffff, frame.length - 4);
  assert.equal(dwords[3]! & 0xff, STATUS.DD | STATUS.EOP | STATUS.VP | STATUS.IPCS | STATUS.L4CS);
  assert.equal((dwords[3]! >>> 8) & 0xff, 1 << 5, 'TCPE');
  assert.equal(dwords[3]! >>> 16, 5);
});

test('RXDMT0 comes when the free descriptors reach RDMTS times 16', () => {
  const rx = new ReceiveHarness();
  rx.ring(0, { size: 32, available: 18, srrctl: ONE_BUFFER | (1 << pf.SRRCTL.RDMTS.shift) });
  rx.receive(buildFrame());
  rx.turn();
  assert.deepEqual(rx.interrupts, [0]);
  rx.receive(buildFrame());
  rx.turn();
  assert.deepEqual(rx.interrupts, [0, 0, `causes 0x${pf.ICR.RXDMT0.mask.toString(16)}`]);
  rx.receive(buildFrame());
  rx.turn();
  assert.equal(rx.interrupts.length, 4, 'only on the way down');
});

test('what a driver sees of a jumbo frame without LPE: nothing, and ROC', () => {
  const rx = new ReceiveHarness();
  rx.ring(0);
  rx.receive(buildFrame({ payload: payload(1461) }));
  assert.equal(rx.head(0), 0);
  assert.equal(rx.get('ROC'), 1);
  rx.receive(buildFrame({ payload: payload(1460) }));
  assert.equal(rx.head(0), 1);
});

test('the ethtool loopback test: broadcast to DEF_Q, MRQC as with that many VFs', () => {
  const rx = new ReceiveHarness();
  rx.set('RCTL', pf.RCTL.EN.mask | pf.RCTL.BAM.mask | pf.RCTL.SECRC.mask);
  rx.set('MRQC', 7 << 3);
  rx.ring(7, { size: 256 });
  const frame = new Uint8Array(256).fill(0xff);
  frame[138] = 0xbe;
  frame[140] = 0xaf;
  for (let n = 0; n < 64; n += 1) rx.engine.loopback(frame, 0, frame.length, undefined);
  rx.turn();
  assert.equal(rx.head(7), 64);
  const { data, dwords } = rx.descriptor(7, 20);
  assert.deepEqual([data[3], data[138], data[140]], [0xff, 0xbe, 0xaf]);
  assert.equal(dwords[2], STATUS.DD | STATUS.EOP);
});

test('pause frames are kept from software unless RCTL.PMCF', () => {
  const rx = new ReceiveHarness();
  rx.ring(0);
  rx.set('FCAL', 0x00c28001);
  rx.set('FCAH', 0x0100);
  rx.set('FCT', 0x8808);
  rx.set('RCTL', rx.get('RCTL') | pf.RCTL.MPE.mask);
  const pause = fromHex(`0180c2000001 020000000009 8808 0001 ffff ${'00'.repeat(42)}`);
  rx.receive(pause);
  assert.equal(rx.head(0), 0);
  rx.set('RCTL', rx.get('RCTL') | pf.RCTL.PMCF.mask);
  rx.receive(pause);
  assert.equal(rx.head(0), 1);
});
