import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { crc32c } from '../../../packet/index.ts';
import { buildFrame, concatenate, isConsistent, naiveSum } from '../../../packet/testing.ts';
import { pf } from '../tables/index.ts';
import { command, l4Type, option } from './descriptor.ts';
import { dropReason } from './drops.ts';
import { TransmitBench } from './testing.ts';

const DONE = command.EOP | command.RS;
const payload = Uint8Array.from({ length: 3000 }, (_, n) => (n * 13) & 0xff);

/** Length and checksum fields as a driver leaves them for TSO: no IP length, the pseudo-header's sum without length. */
function prepareTso(frame: Uint8Array, version: 4 | 6): Uint8Array {
  const prepared = frame.slice();
  const l4 = version === 4 ? 34 : 54;
  if (version === 4) prepared.fill(0, 16, 18).fill(0, 24, 26);
  else prepared.fill(0, 18, 20);
  const addresses = version === 4 ? frame.subarray(26, 34) : frame.subarray(22, 54);
  const sum = naiveSum([...addresses, 0, 6]);
  prepared[l4 + 16] = sum >>> 8;
  prepared[l4 + 17] = sum & 0xff;
  return prepared;
}

function segmentsOf(version: 4 | 6, size: number): Uint8Array[] {
  const count = Math.ceil(payload.length / size);
  return Array.from({ length: count }, (_, n) =>
    buildFrame({
      version,
      flags: n === count - 1 ? 0x18 : 0x10,
      sequence: 1000 + n * size,
      identification: 7 + n,
      payload: payload.subarray(n * size, n * size + size),
    }),
  );
}

test('TSO for IPv4 and IPv6, gathered from several buffers, each segment counted (§5.4, §5.11)', () => {
  for (const version of [4, 6] as const) {
    const bench = new TransmitBench();
    bench.postContext({ ipLength: version === 4 ? 20 : 40, segmentSize: 1448 });
    const frame = prepareTso(buildFrame({ version, payload, flags: 0x18 }), version);
    bench.postPieces(frame, 1000, DONE | command.TSE, option.TXSM | option.IXSM);
    const sent = bench.go();
    assert.deepEqual(
      sent.map(({ bytes }) => bytes),
      segmentsOf(version, 1448),
    );
    assert.deepEqual([bench.get('TSCTC'), bench.get('GPTC'), bench.interrupts], [1, 3, [0]]);
  }
});

test('the masks of DTXTCPFLGL and DTXTCPFLGH decide about flags', () => {
  const bench = new TransmitBench();
  bench.set('DTXTCPFLGL', 0x0002_0001);
  bench.set('DTXTCPFLGH', 0x0004);
  bench.postContext({ segmentSize: 1000 });
  bench.postFrame(prepareTso(buildFrame({ payload, flags: 0xfff }), 4), DONE | command.TSE);
  assert.deepEqual(
    bench.go().map(({ bytes }) => ((bytes[46]! & 0xf) << 8) | bytes[47]!),
    [1, 2, 4],
  );
  bench.sink.offload = true;
  bench.set('TDT', bench.get('TDH'));
  bench.postContext({ segmentSize: 1000 });
  bench.postFrame(prepareTso(buildFrame({ payload, flags: 0xfff }), 4), DONE | command.TSE);
  assert.equal(bench.go().length, 3, 'a wire that segments would have other flags');
});

test('UDP segmentation makes datagrams', () => {
  const bench = new TransmitBench();
  bench.postContext({ l4Type: l4Type.UDP, l4Length: 8, segmentSize: 1200 });
  bench.postFrame(buildFrame({ protocol: 'udp', payload }), DONE | command.TSE);
  const sent = bench.go();
  assert.deepEqual(
    sent.map(({ bytes }) => bytes.length),
    [1242, 1242, 642],
  );
  assert.ok(sent.every(({ bytes, offload }) => isConsistent(bytes) && offload === undefined));
});

test('in a tunnel the placed sum counts and only the outer header is updated (Linux GSO_PARTIAL)', () => {
  const inner = buildFrame({ payload }).subarray(14);
  const outer = buildFrame({ protocol: 'sctp' }).subarray(0, 34);
  const frame = concatenate(outer, [0, 0, 8, 0], inner);
  frame[23] = 47;
  const sum = naiveSum([...inner.subarray(12, 20), 0, 6]);
  frame.set([sum >>> 8, sum & 0xff], 34 + 4 + 20 + 16);
  const bench = new TransmitBench();
  bench.sink.offload = true;
  bench.postContext({ ipLength: 44, segmentSize: 1500 });
  bench.postFrame(frame, DONE | command.TSE);
  const sent = bench.go();
  assert.equal(sent.length, 2);
  for (const { bytes } of sent) {
    assert.equal(naiveSum(bytes.subarray(14, 34)), 0xffff);
    assert.equal(bytes[16]! * 256 + bytes[17]!, bytes.length - 14);
    const transport = bytes.subarray(58);
    const pseudo = [...inner.subarray(12, 20), 0, 6, transport.length >>> 8, transport.length & 0xff];
    assert.equal(naiveSum([...pseudo, ...transport]), 0xffff);
  }
});

test('TXSM and IXSM: any driver seed in the field gives the right checksums (§5.4)', () => {
  const bench = new TransmitBench();
  fc.assert(
    fc.property(
      fc.constantFrom<4 | 6>(4, 6),
      fc.constantFrom<'tcp' | 'udp'>('tcp', 'udp'),
      fc.uint8Array({ minLength: 6, maxLength: 300 }),
      fc.nat(0xffff),
      fc.boolean(),
      (version, protocol, content, seed, tag) => {
        const right = buildFrame({ version, protocol, payload: content, tags: tag ? [77] : [] });
        const frame = buildFrame({ version, protocol, payload: content });
        const field = (version === 4 ? 34 : 54) + (protocol === 'tcp' ? 16 : 6);
        frame.set([seed >>> 8, seed & 0xff], field);
        if (version === 4) frame.set([seed & 0xff, seed >>> 8], 24);
        const kind = protocol === 'tcp' ? l4Type.TCP : l4Type.UDP;
        bench.postContext({ l4Type: kind, ipLength: version === 4 ? 20 : 40, vlanTag: 77, slot: 1 });
        bench.postFrame(frame, DONE | (tag ? command.VLE : 0), option.TXSM | option.IXSM | (1 << 4));
        assert.deepEqual(bench.go()[0]!.bytes.subarray(0, right.length), right);
      },
    ),
  );
});

test('TXSM on something that is no IP packet sums from the placed seed', () => {
  const bench = new TransmitBench();
  const frame = buildFrame({ payload: [1, 2, 3, 4, 5, 6] });
  frame[14] = 0x15;
  frame.set([0x12, 0x34], 50);
  bench.postContext({});
  bench.postFrame(frame, DONE, option.TXSM | option.IXSM);
  const { bytes } = bench.go()[0]!;
  const expected = ~naiveSum(frame.subarray(34)) & 0xffff;
  frame.set([expected >>> 8, expected & 0xff], 50);
  assert.deepEqual(bytes, frame);
});

test('TXSM for SCTP stores CRC32c at byte 8 of its header, padding not included', () => {
  const bench = new TransmitBench();
  bench.sink.offload = true;
  const frame = buildFrame({ protocol: 'sctp', payload: [1, 2, 3, 4] });
  bench.postContext({ l4Type: l4Type.SCTP });
  bench.postFrame(concatenate(frame, [9, 9]), DONE, option.TXSM);
  const [sent] = bench.go();
  assert.equal(sent!.offload, undefined);
  const crc = crc32c(frame, 34, 16);
  assert.deepEqual(
    [...sent!.bytes.subarray(42, 46)],
    [0, 8, 16, 24].map((shift) => (crc >>> shift) & 0xff),
  );
});

test('legacy IC: the sum from CSS to the end at CSO, and VLE with the tag of dword 3 (§3.2)', () => {
  const bench = new TransmitBench();
  const right = buildFrame({ payload: [1, 2, 3, 4, 5, 6], tags: [0x2009] });
  const frame = buildFrame({ payload: [1, 2, 3, 4, 5, 6] });
  const pseudo = naiveSum([...frame.subarray(26, 34), 0, 6, 0, 26]);
  frame.set([pseudo >>> 8, pseudo & 0xff], 50);
  const bits = DONE | command.IFCS | command.IC | command.VLE | (50 << 16);
  bench.post(bench.place(frame), 0, bits | frame.length, (0x2009 << 16) | (34 << 8));
  bench.post(bench.place(frame), 0, DONE | command.IFCS | command.IC | (59 << 16) | frame.length, 34 << 8);
  assert.deepEqual(
    bench.go().map(({ bytes }) => bytes),
    [right, frame],
  );
});

/** The tag that a frame of queue 9 leaves with, -1 for none. */
function tagOf(rule: number, bits: number, mode: number): number {
  const bench = new TransmitBench();
  bench.set('MRQC', mode);
  bench.set('VMVIR', rule, 1);
  bench.set('VET', 0x88a8_8100);
  bench.postContext({ vlanTag: 5 }, 9);
  bench.postFrame(buildFrame({ payload: new Uint8Array(60) }), DONE | bits, 0, 9);
  const { bytes } = bench.go(9)[0]!;
  return bytes[12] === 0x81 && bytes[13] === 0 ? bytes[14]! * 256 + bytes[15]! : -1;
}

test('VMVIR goes before VLE in VMDq mode: always, never, or as the descriptor says (§5.3)', () => {
  const always = pf.VMVIR.ALWAYS.mask | 9;
  const never = pf.VMVIR.NEVER.mask | 9;
  const plain = [tagOf(0, 0, 3), tagOf(0, command.VLE, 3), tagOf(always, command.VLE, 0)];
  assert.deepEqual(plain, [-1, 5, 5]);
  const ruled = [tagOf(always, 0, 3), tagOf(always, command.VLE, 3), tagOf(never, command.VLE, 5)];
  assert.deepEqual(ruled, [9, 9, -1]);
});

test('with CTRL_EXT.EXT_VLAN the inserted tag goes behind an outer tag in the data (VET.EXT)', () => {
  const bench = new TransmitBench();
  bench.set('VET', 0x88a8_8100);
  bench.set('CTRL_EXT', pf.CTRL_EXT.EXT_VLAN.mask);
  const outer = buildFrame({ tags: [7], payload: new Uint8Array(60) });
  outer.set([0x88, 0xa8], 12);
  bench.postContext({ vlanTag: 5, macLength: 18 });
  bench.postFrame(outer, DONE | command.VLE);
  const sent = bench.go()[0]!.bytes;
  assert.deepEqual([...sent.subarray(12, 22)], [0x88, 0xa8, 0, 7, 0x81, 0, 0, 5, 8, 0]);
  assert.deepEqual([sent.subarray(0, 16), sent.subarray(20)], [outer.subarray(0, 16), outer.subarray(16)]);
  const plain = buildFrame({ payload: new Uint8Array(60) });
  bench.postFrame(plain, DONE | command.VLE);
  assert.deepEqual([...bench.go()[0]!.bytes.subarray(12, 18)], [0x81, 0, 0, 5, 8, 0]);
});

test('padding to 60 with TCTL.PSP, none without; a packet without IFCS goes out whole (§5.5)', () => {
  const bench = new TransmitBench();
  const short = buildFrame({ protocol: 'udp', payload: [1] });
  bench.postFrame(short);
  const padded = concatenate(short, new Uint8Array(60 - short.length));
  assert.deepEqual(
    bench.go().map(({ bytes }) => bytes),
    [padded],
  );
  const long = concatenate(new Uint8Array(60).fill(7), new Uint8Array(4));
  bench.post(bench.place(long), 0, command.DEXT | (3 << 20) | DONE | long.length, 0);
  assert.deepEqual(bench.go()[0]!.bytes, long, 'as QEMU has it');
  bench.set('TCTL', pf.TCTL.EN.mask);
  bench.postFrame(short);
  assert.deepEqual(bench.go()[0]!.bytes, short);
});

test('TCP segmentation left to the wire: whole packet, lengths, pseudo-header sum, tag in the bytes', () => {
  for (const version of [4, 6] as const) {
    const bench = new TransmitBench();
    bench.sink.offload = true;
    const ipLength = version === 4 ? 20 : 40;
    bench.postContext({ ipLength, segmentSize: 1448, vlanTag: 5 });
    bench.postFrame(
      prepareTso(buildFrame({ version, payload, flags: 0x18 }), version),
      DONE | command.TSE | command.VLE,
    );
    const sent = bench.go();
    assert.equal(sent.length, 1);
    const l4 = 18 + ipLength;
    assert.deepEqual(sent[0]!.offload, {
      needsChecksum: true,
      checksumStart: l4,
      checksumOffset: 16,
      segmentation: version === 4 ? 'tcp4' : 'tcp6',
      headerLength: l4 + 20,
      segmentSize: 1448,
    });
    const whole = buildFrame({ version, payload, flags: 0x18, tags: [5] });
    const addresses = version === 4 ? whole.subarray(30, 38) : whole.subarray(26, 58);
    const seed = naiveSum([...addresses, 0, 6, 3020 >>> 8, 3020 & 0xff]);
    whole.set([seed >>> 8, seed & 0xff], l4 + 16);
    assert.deepEqual(sent[0]!.bytes, whole);
    assert.deepEqual([bench.get('GPTC'), bench.get('TSCTC')], [3, 1]);
  }
});

test('UDP segmentation left to the wire: lengths and pseudo-header sum of one large datagram', () => {
  const bench = new TransmitBench();
  bench.sink.offload = true;
  const frame = buildFrame({ protocol: 'udp', payload });
  const expected = frame.slice();
  const seed = naiveSum([...frame.subarray(26, 34), 0, 17, 3008 >>> 8, 3008 & 0xff]);
  expected.set([seed >>> 8, seed & 0xff], 40);
  // What drivers leave there does not count.
  frame.fill(9, 16, 18).fill(9, 24, 26).fill(9, 38, 42);
  bench.postContext({ l4Type: l4Type.UDP, l4Length: 8, segmentSize: 1200 });
  bench.postFrame(frame, DONE | command.TSE);
  const sent = bench.go();
  assert.equal(sent.length, 1);
  assert.deepEqual(sent[0]!.bytes, expected);
  assert.deepEqual(sent[0]!.offload, {
    needsChecksum: true,
    checksumStart: 34,
    checksumOffset: 6,
    segmentation: 'udp',
    headerLength: 42,
    segmentSize: 1200,
  });
  assert.deepEqual([bench.get('GPTC'), bench.get('TSCTC')], [3, 1]);
  // A kernel would take its headers for shorter than the driver says.
  bench.postContext({ l4Type: l4Type.UDP, l4Length: 12, segmentSize: 1200 });
  bench.postFrame(frame, DONE | command.TSE);
  assert.equal(bench.go().length, 3);
});

test('a packet of very many segments is cut here, in turns, whatever the wire would take', () => {
  const bench = new TransmitBench();
  bench.sink.offload = true;
  bench.postContext({ segmentSize: 11 });
  bench.postFrame(prepareTso(buildFrame({ payload, flags: 0x18 }), 4), DONE | command.TSE);
  assert.equal(bench.go().length, Math.ceil(payload.length / 11));
  bench.postContext({ segmentSize: 12 });
  bench.postFrame(prepareTso(buildFrame({ payload, flags: 0x18 }), 4), DONE | command.TSE);
  assert.equal(bench.go().length, 1, 'of 250 segments');
});

test('a checksum left to the wire: the field holds the pseudo-header sum', () => {
  const bench = new TransmitBench();
  bench.sink.offload = true;
  const frame = buildFrame({ protocol: 'udp', payload: new Uint8Array(50) });
  bench.postContext({ l4Type: l4Type.UDP });
  bench.postFrame(frame, DONE, option.TXSM);
  bench.postFrame(concatenate(frame, [1]), DONE, option.TXSM);
  bench.postFrame(frame);
  const [first, padded, plain] = bench.go();
  assert.deepEqual([first!.offload?.checksumStart, first!.offload?.checksumOffset], [34, 6]);
  assert.equal(first!.offload?.segmentation, 'none');
  const seed = naiveSum([...frame.subarray(26, 34), 0, 17, 0, 58]);
  assert.equal(first!.bytes[40]! * 256 + first!.bytes[41]!, seed);
  assert.deepEqual([padded!.offload, isConsistent(padded!.bytes), plain!.offload], [undefined, true, undefined]);
});

test('a TSO frame that fits one segment, or is beyond 64 KB, is cut here', () => {
  const bench = new TransmitBench();
  bench.sink.offload = true;
  bench.postContext({ segmentSize: 3000 });
  bench.postFrame(prepareTso(buildFrame({ payload, flags: 0x18 }), 4), DONE | command.TSE);
  assert.deepEqual(bench.go(), [{ queue: 0, bytes: buildFrame({ payload, flags: 0x18 }), offload: undefined }]);
  bench.postContext({ segmentSize: 8000 });
  const header = prepareTso(buildFrame(), 4);
  bench.postFrame(header, command.TSE);
  const block = new Uint8Array(35_000);
  bench.postFrame(block, 0);
  bench.postFrame(block);
  const sent = bench.go();
  assert.deepEqual(
    [sent.length, sent.every(({ bytes, offload }) => offload === undefined && isConsistent(bytes))],
    [9, true],
  );
});

test('packets that cannot be sent are dropped, counted and traced, with DD written', () => {
  const tso = prepareTso(buildFrame({ payload }), 4);
  const plain = buildFrame({ payload });
  const cases: [keyof typeof dropReason, string, (bench: TransmitBench) => void][] = [
    ['short', 'igb_tx_drop_short', (bench) => bench.postFrame(new Uint8Array(0))],
    ['short', 'igb_tx_drop_short', (bench) => bench.postFrame(plain.subarray(0, 13))],
    ['oversize', 'igb_guest_error_tx_length', (bench) => bench.postFrame(new Uint8Array(9733))],
    ['oversize', 'igb_guest_error_tx_length', (bench) => bench.postFrame(new Uint8Array(9729))],
    [
      'oversize',
      'igb_guest_error_tx_length',
      (bench) => bench.postPieces(new Uint8Array(262_145), 60_000, DONE | command.TSE),
    ],
    ['unreadable', 'igb_tx_drop_dma', (bench) => bench.post(0, 0xffffffff, command.DEXT | (3 << 20) | DONE | 100, 0)],
    ['segmentSize', 'igb_guest_error_tx_segment_size', (bench) => bench.postFrame(tso, DONE | command.TSE)],
    ['offload', 'igb_tx_drop_malformed', (bench) => bench.postFrame(tso, DONE | command.TSE, 1 << 4)],
    ['offload', 'igb_tx_drop_malformed', (bench) => bench.postFrame(plain.subarray(0, 40), DONE, option.TXSM)],
  ];
  for (const [reason, event, post] of cases) {
    const bench = new TransmitBench();
    bench.postContext({});
    bench.postContext({ slot: 1, ipLength: 8, segmentSize: 1000 });
    post(bench);
    const tail = bench.get('TDT');
    assert.equal(bench.go().length, 0, reason);
    assert.equal(bench.engine.drops[dropReason[reason]], 1, reason);
    assert.equal(bench.context.trace.of(event).length, 1, event);
    assert.deepEqual([bench.isDone(bench.ringOf(0) + (tail - 1) * 16), bench.interrupts], [true, [0]]);
    bench.postFrame(plain);
    assert.equal(bench.go().length, 1);
  }
});

test('segments beyond 9.5 KB are dropped, a jumbo frame of just that size is not', () => {
  const bench = new TransmitBench();
  bench.postContext({ segmentSize: 9728 - 53 });
  bench.postFrame(concatenate(prepareTso(buildFrame(), 4), new Uint8Array(20_000)), DONE | command.TSE);
  bench.postFrame(new Uint8Array(9728));
  assert.deepEqual([bench.go().length, bench.engine.drops[dropReason.oversize]], [1, 1]);
});

test('a packet of very many segments is sent in several turns, between which others go; its segments are right', () => {
  const bench = new TransmitBench();
  const payload = Uint8Array.from({ length: 40_000 }, (_, n) => n * 7);
  const frame = buildFrame({ payload, flags: 0x19 });
  bench.postContext({ segmentSize: 50, l4Type: 1 });
  bench.postFrame(frame, DONE | command.TSE, 0);
  const other = buildFrame({ payload: new Uint8Array(60) });
  bench.postFrame(other, DONE, 0, 9);
  bench.engine.tailWritten(0);
  const sent = bench.go(9);
  const segments = sent.filter(({ queue }) => queue === 0).map(({ bytes }) => bytes);
  const position = sent.findIndex(({ queue }) => queue === 9);
  assert.ok(position <= 256, `the other waited for ${position} segments`);
  assert.equal(segments.length, 800);
  assert.ok(segments.every((bytes) => isConsistent(bytes)));
  assert.deepEqual(concatenate(...segments.map((bytes) => bytes.subarray(54))), payload);
  assert.deepEqual(
    [0, 1, 256, 799].map((n) => segments[n]![47]! & 9),
    [0, 0, 0, 9],
  );
  assert.deepEqual([bench.get('TSCTC'), bench.get('GPTC'), bench.get('TDH'), bench.interrupts], [1, 801, 2, [9, 0]]);
});

test('such a packet starts anew when its queue was off meanwhile', () => {
  const bench = new TransmitBench();
  bench.postContext({ segmentSize: 50, l4Type: 1 });
  bench.postFrame(buildFrame({ payload: new Uint8Array(20_000) }), DONE | command.TSE, 0);
  bench.engine.tailWritten(0);
  bench.engine.run(256);
  assert.equal(bench.sink.sent.splice(0).length, 256);
  bench.set('TXDCTL', 0);
  bench.engine.controlWritten(0);
  bench.set('TXDCTL', pf.TXDCTL.ENABLE.mask);
  bench.engine.controlWritten(0);
  assert.equal(bench.go().length, 400);
});

test('time stamps are asked for where descriptor and TSYNCTXCTL say so (§5.10)', () => {
  const bench = new TransmitBench();
  bench.postFrame(buildFrame(), DONE | command.TSTAMP);
  bench.go();
  bench.set('TSYNCTXCTL', pf.TSYNCTXCTL.EN.mask);
  bench.postFrame(buildFrame(), DONE | command.TSTAMP);
  bench.postFrame(buildFrame());
  bench.go();
  assert.equal(bench.stamps, 1);
});

test('a stamp is taken as the frame leaves, and of none that does not', () => {
  const bench = new TransmitBench();
  bench.set('TSYNCTXCTL', pf.TSYNCTXCTL.EN.mask);
  // The tag makes it too long.
  bench.postFrame(new Uint8Array(9728), DONE | command.TSTAMP | command.VLE);
  assert.deepEqual([bench.go().length, bench.stamps], [0, 0]);
  let before: unknown;
  const transmit = bench.sink.transmit.bind(bench.sink);
  bench.sink.transmit = (...frame) => {
    before = [bench.stamps, bench.departing];
    transmit(...frame);
  };
  bench.postFrame(buildFrame(), DONE | command.TSTAMP);
  bench.go();
  assert.deepEqual([before, bench.stamps, bench.departing], [[1, true], 1, false]);
});

test('any ring content is consumed without throwing, in bounded work', () => {
  const word = fc.oneof(
    fc.nat(0xffffffff),
    fc.constantFrom(0x2230_0000, 0x2220_0000, 0xab30_0100, 0x2b30_003c, 0x6f30_0200),
  );
  const buffer = fc.integer({ min: 0x1_0000, max: 0x20_0000 });
  const bench = new TransmitBench();
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.oneof(word, buffer), fc.oneof(fc.constant(0), word), word, word), { maxLength: 60 }),
      fc.boolean(),
      fc.constantFrom(0, 3),
      (descriptors, offload, mode) => {
        bench.engine.reset();
        bench.set('TDH', 0);
        bench.set('TDT', 0);
        bench.sink.offload = offload;
        bench.set('MRQC', mode);
        for (const words of descriptors) bench.post(...words);
        for (const { bytes } of bench.go()) assert.ok(bytes.length >= 60 && bytes.length <= 0x4_0004);
        const complete = descriptors.findLastIndex(
          ([, , word2]) => (word2 & command.EOP) !== 0 && (word2 & command.DEXT) === 0,
        );
        assert.ok(bench.get('TDH') > complete || bench.get('TDH') === bench.get('TDT'));
      },
    ),
    { numRuns: 150 },
  );
});

test('a packet for pools and a wire that takes it whole: whole there, segments here, counted once', () => {
  const bench = new TransmitBench();
  bench.sink.offload = true;
  bench.sink.toPools = 'too';
  bench.postContext({ segmentSize: 1000 });
  bench.postFrame(buildFrame({ payload: new Uint8Array(2500) }), command.EOP | command.RS | command.TSE);
  const sent = bench.go();
  assert.deepEqual(
    sent.map(({ bytes, offload }) => [bytes.length, offload?.segmentation]),
    [[2554, 'tcp4']],
  );
  assert.deepEqual(
    bench.sink.delivered.map(({ bytes, checksumsKnown }) => [bytes.length, isConsistent(bytes), checksumsKnown]),
    [
      [1054, true, true],
      [1054, true, true],
      [554, true, true],
    ],
  );
  assert.deepEqual([bench.get('GPTC'), bench.get('TSCTC')], [3, 1]);
});

test('checksums are vouched for only where the receiver finds the same packet', () => {
  const bench = new TransmitBench();
  bench.sink.toPools = 'only';
  const frame = buildFrame({ payload: [1, 2, 3] });
  const send = (bytes: Uint8Array, options: number, l4: number) => {
    bench.postContext({ l4Type: l4 });
    bench.postFrame(bytes, command.EOP | command.RS, options);
    bench.go();
    return bench.sink.delivered.splice(0)[0]!.checksumsKnown;
  };
  assert.equal(send(frame, option.TXSM, 1), true);
  assert.equal(send(frame, 0, 1), false, 'the driver made it');
  assert.equal(send(frame, option.TXSM, 0), false, 'the context says UDP, the IP header TCP');
  const fragment = frame.slice();
  fragment[20] = 0x20;
  assert.equal(send(fragment, option.TXSM, 1), false, 'a fragment');
  assert.equal(send(buildFrame({ version: 6, payload: [1] }), option.TXSM, 1), false, 'IPLEN is that of IPv4');
});
