import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IgbChip } from '../chip.ts';
import type { IgbPortOptions } from '../port.ts';
import { ReceiveStamps } from './receive-stamps.ts';
import { ReceivedFrame } from '../rx/frame.ts';
import { STATUS as RX_STATUS } from '../rx/offload.ts';
import { pf } from '../tables/index.ts';
import { makeTestPort } from '../testing-port.ts';

const { DAQF, ETQF, FTQF, IMIR, IMIREXT, RCTL, RXSATRH, RXSATRL, RXSTMPH, RXSTMPL, SPQF, TSYNCRXCFG, TSYNCRXCTL } = pf;
const { EN, TYPE, VALID } = TSYNCRXCTL;

/** Message types of version 2. */
const [SYNC, DELAY_REQ, PDELAY_RESP, FOLLOW_UP, ANNOUNCE] = [0, 1, 3, 8, 11];

function setUp(options: Partial<IgbPortOptions> = {}) {
  const { port, context } = makeTestPort({ port: options });
  port.write(pf.CTRL.at, pf.CTRL.SLU.mask);
  port.write(RCTL.at, RCTL.EN.mask | RCTL.UPE.mask | RCTL.MPE.mask | RCTL.SECRC.mask);
  port.write(pf.TIMINCA.at, 0x0180_0000);
  /** As Linux programs it: EtherType filter 3, 5-tuple filter 3 (igb_ptp_set_timestamp_mode). */
  port.write(ETQF.at + 12, ETQF.FILTER_ENABLE.mask | ETQF.TIMESTAMP.mask | 0x88f7);
  port.write(FTQF.at + 12, 0x68008011);
  port.write(SPQF.at + 12, 0x3f01);
  port.write(IMIR.at + 12, 0x3f01);
  port.write(IMIREXT.at + 12, IMIREXT.SIZE_BP.mask | IMIREXT.CTRL_BP.mask);
  const select = (type: number, config = 0): void => {
    port.write(TSYNCRXCFG.at, config);
    port.write(TSYNCRXCTL.at, EN.mask | (type << TYPE.shift));
  };
  const held = (): boolean => (port.read(TSYNCRXCTL.at) & VALID.mask) !== 0;
  /** True if the frame was stamped; the stamp is read then as Linux reads it. */
  const stamps = (frame: Uint8Array): boolean => {
    port.receive(frame, 0, frame.length, undefined);
    const stamped = held();
    port.read(RXSTMPL.at);
    port.read(RXSTMPH.at);
    assert.equal(held(), false, 'released by RXSTMPH');
    return stamped;
  };
  return { port, context, select, held, stamps };
}

function message(type: number, version = 2): Uint8Array {
  const ptp = new Uint8Array(44);
  ptp[0] = version === 2 ? type : 0;
  ptp[1] = version;
  for (let n = 20; n < 30; n += 1) ptp[n] = 0xa0 + n;
  ptp.set([0x12, 0x34], 30);
  if (version === 1) ptp[32] = type;
  return ptp;
}

function layer2(type: number, version = 2): Uint8Array {
  const frame = new Uint8Array(60);
  frame.set([0x01, 0x1b, 0x19, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0x88, 0xf7]);
  frame.set(message(type, version), 14);
  return frame;
}

function udp(type: number, options: { version?: number; source?: number; destination?: number } = {}): Uint8Array {
  const { version = 2, source = 319, destination = 319 } = options;
  const frame = new Uint8Array(14 + 28 + 44);
  frame.set([0x01, 0, 0x5e, 0, 1, 0x81, 2, 0, 0, 0, 0, 1, 0x08, 0]);
  frame.set([0x45, 0, 0, 72, 0, 0, 0, 0, 1, 17, 0, 0, 10, 0, 0, 1, 224, 0, 1, 129], 14);
  frame.set([source >> 8, source & 0xff, destination >> 8, destination & 0xff, 0, 52, 0, 0], 34);
  frame.set(message(type, version), 42);
  return frame;
}

test('event messages of version 2, over Ethernet and UDP (TYPE 5, what Linux uses for ptp4l)', () => {
  const { select, stamps } = setUp();
  select(5);
  for (const make of [layer2, udp]) {
    for (const type of [SYNC, DELAY_REQ, PDELAY_RESP]) assert.equal(stamps(make(type)), true);
    for (const type of [FOLLOW_UP, ANNOUNCE]) assert.equal(stamps(make(type)), false);
  }
  assert.equal(stamps(layer2(SYNC, 1)), false);
});

test('version 1 over UDP, by the control byte (TYPE 1: HWTSTAMP_FILTER_PTP_V1_L4_SYNC and DELAY_REQ)', () => {
  const { select, stamps } = setUp();
  select(1, 0);
  assert.equal(stamps(udp(0, { version: 1 })), true);
  assert.equal(stamps(udp(1, { version: 1 })), false);
  select(1, 1);
  assert.equal(stamps(udp(1, { version: 1 })), true);
  assert.equal(stamps(udp(1)), false);
  assert.equal(stamps(layer2(1, 1)), false);
});

test('one message of version 2: over Ethernet only (TYPE 0), or over both (TYPE 2), by TSYNCRXCFG.MSGT', () => {
  const { select, stamps } = setUp();
  select(0, DELAY_REQ << 8);
  assert.deepEqual([stamps(layer2(DELAY_REQ)), stamps(layer2(SYNC)), stamps(udp(DELAY_REQ))], [true, false, false]);
  select(2, DELAY_REQ << 8);
  assert.deepEqual([stamps(layer2(DELAY_REQ)), stamps(layer2(SYNC)), stamps(udp(DELAY_REQ))], [true, false, true]);
});

test('a filter must mark the packet; ports and addresses of the 5-tuple filter count', () => {
  const { port, select, stamps } = setUp();
  select(5);
  assert.equal(stamps(udp(SYNC, { destination: 320 })), false);
  assert.equal(stamps(udp(SYNC, { source: 1024 })), false);
  port.write(FTQF.at + 12, 0xe8008011);
  assert.equal(stamps(udp(SYNC, { source: 1024 })), true, 'any source port');
  port.write(FTQF.at + 12, 0xa8008011);
  assert.equal(stamps(udp(SYNC)), false, 'another destination address');
  port.write(DAQF.at + 12, 0x810100e0);
  assert.equal(stamps(udp(SYNC)), true);
  port.write(FTQF.at + 12, 0xf0000000);
  port.write(ETQF.at + 12, 0);
  assert.deepEqual([stamps(udp(SYNC)), stamps(layer2(SYNC))], [false, false], 'as Linux turns it off');
});

test('off, of no known type, too short: no stamp; TYPE 4 stamps everything', () => {
  const { port, select, stamps } = setUp();
  port.write(TSYNCRXCTL.at, 5 << TYPE.shift);
  assert.equal(stamps(layer2(SYNC)), false);
  select(7);
  assert.equal(stamps(layer2(SYNC)), false);
  select(5);
  assert.equal(stamps(udp(SYNC).subarray(0, 74)), false);
  select(4);
  assert.equal(stamps(new Uint8Array(60)), true);
});

test('the stamp is of the time when a frame arrived, not of when it was known for what it is', () => {
  const { port, context, select } = setUp();
  select(5);
  port.write(pf.TIMADJL.at, 0);
  const stamps = new ReceiveStamps(context.registers.values, port.blocks.time);
  const bytes = layer2(SYNC);
  const frame = new ReceivedFrame();
  frame.take(bytes, 0, bytes.length);
  frame.headers.parse(bytes, 0, bytes.length);
  frame.etherTypeFilter = 3;
  context.clock.advance(1600);
  const expected = (context.clock.now() - 1e9) * 2 ** 19;
  stamps.arrives();
  context.clock.advance(160_000);
  assert.equal(stamps.received(frame), true);
  assert.equal(port.read(RXSTMPL.at), expected % 2 ** 32);
  assert.equal(port.read(RXSTMPH.at), Math.floor(expected / 2 ** 32));
});

test('a frame that the other port is just sending arrived when it left', () => {
  const chip = new IgbChip();
  const { port: other, context: around } = makeTestPort({ port: { chip } });
  other.write(pf.TSYNCTXCTL.at, pf.TSYNCTXCTL.EN.mask);
  const { port, context, select } = setUp({ chip });
  select(5);
  port.write(pf.TIMADJL.at, 0);
  const expected = (context.clock.now() - 1e9) * 2 ** 19;
  const frame = layer2(SYNC);
  const arrives = (): number => {
    context.clock.advance(16_000);
    port.receive(frame, 0, frame.length, undefined);
    port.read(RXSTMPL.at);
    return port.read(RXSTMPH.at);
  };
  assert.equal(around.clock.now(), context.clock.now(), 'as of one card');
  other.blocks.time.txStamp();
  assert.equal(arrives(), Math.floor(expected / 2 ** 32));
  other.blocks.time.departed();
  assert.equal(arrives(), Math.floor((expected + 32_000 * 2 ** 19) / 2 ** 32));
});

test('the stamp, and whose packet it was; a second packet leaves it alone until it is read', () => {
  const { port, context, select, held } = setUp();
  select(5);
  context.clock.advance(1600);
  port.write(pf.TIMADJL.at, 0);
  const first = layer2(SYNC);
  const expected = (context.clock.now() - 1e9) * 2 ** 19;
  port.receive(first, 0, first.length, undefined);
  context.clock.advance(1600);
  const second = udp(SYNC);
  second[42 + 31] = 0x99;
  port.receive(second, 0, second.length, undefined);
  assert.equal(port.read(RXSTMPL.at), expected % 2 ** 32);
  assert.equal(port.read(RXSATRL.at), 0xb7b6b5b4);
  assert.equal(held(), true);
  assert.equal(port.read(RXSATRH.at), 0x3412b9b8);
  assert.equal(held(), false, 'QEMU releases by RXSATRH');
});

test('the descriptor of a stamped packet says so (TS)', () => {
  const { port, context, select } = setUp();
  const memory = context.memory[0]!;
  const base = memory.piece.base;
  for (let slot = 0; slot < 8; slot += 1) memory.view.setUint32(slot * 16, base + 0x1000 * (slot + 1), true);
  port.write(pf.SRRCTL.at, (1 << pf.SRRCTL.DESCTYPE.shift) | 2);
  port.write(pf.RDBAL.at, base);
  port.write(pf.RDLEN.at, 128);
  port.write(pf.RXDCTL.at, pf.RXDCTL.ENABLE.mask);
  port.write(pf.RDT.at, 7);
  select(5);
  for (const frame of [layer2(FOLLOW_UP), layer2(SYNC)]) port.receive(frame, 0, frame.length, undefined);
  const status = (slot: number): number => memory.view.getUint32(slot * 16 + 8, true);
  assert.equal(status(0) & (RX_STATUS.DD | RX_STATUS.TS), RX_STATUS.DD);
  assert.equal(status(1) & (RX_STATUS.DD | RX_STATUS.TS), RX_STATUS.DD | RX_STATUS.TS);
});

test('a stamped packet that had to wait for a descriptor still says so in it (Linux reads RXSTMP only then)', () => {
  const { port, context, select, held } = setUp();
  const ring = 0x1_0000;
  port.write(pf.RDBAL.at, ring);
  port.write(pf.RDLEN.at, 128);
  port.write(pf.SRRCTL.at, (1 << pf.SRRCTL.DESCTYPE.shift) | 2);
  port.write(pf.RXDCTL.at, pf.RXDCTL.ENABLE.mask);
  context.memory[0]!.poke64(ring, 0x2_0000);
  select(5);
  const frame = layer2(SYNC);
  port.receive(frame, 0, frame.length, undefined);
  context.tasks.runAll();
  assert.equal(held(), true);
  port.write(pf.RDT.at, 4);
  context.tasks.runAll();
  assert.notEqual(context.memory[0]!.peek32(ring + 8) & RX_STATUS.TS, 0);
});
