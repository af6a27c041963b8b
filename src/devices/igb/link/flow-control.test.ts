import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../tables/index.ts';
import { RING_DESCRIPTORS, TestDriver } from '../testing-driver.ts';
import { makeTestPort, TEST_MAC } from '../testing-port.ts';

const PAUSE_ADDRESS = [0x01, 0x80, 0xc2, 0x00, 0x00, 0x01];
const PARTNER = [0x02, 0, 0, 0, 0, 9];
/** 512 bits at 1000 Mb/s. */
const QUANTUM_NS = 512;

function controlFrame(time: number, { to = PAUSE_ADDRESS, opcode = 1 } = {}): Uint8Array {
  const frame = new Uint8Array(60);
  frame.set([...to, ...PARTNER, 0x88, 0x08, 0, opcode, time >>> 8, time & 0xff]);
  return frame;
}

function dataFrame(length = 1000): Uint8Array {
  const frame = new Uint8Array(length).fill(7);
  frame.set(TEST_MAC);
  frame.set(PARTNER, 6);
  frame.set([8, 0], 12);
  return frame;
}

/** An open driver with both directions of flow control on, as Linux has them with an ordinary partner. */
function openPort(control = pf.CTRL.RFCE.mask | pf.CTRL.TFCE.mask) {
  const { port, context } = makeTestPort();
  const driver = new TestDriver({ port, context }, 'msix');
  driver.probe();
  driver.open();
  driver.sleep(1000);
  driver.update(pf.CTRL, 0, control);
  for (const counter of [pf.XOFFRXC, pf.XONRXC, pf.FCRUC, pf.XOFFTXC, pf.XONTXC, pf.TPT, pf.GPTC]) driver.read(counter);
  const { sent } = context.wire;
  return {
    port,
    context,
    driver,
    /** From the partner. */
    receive(frame: Uint8Array) {
      const taken = port.canReceive();
      if (taken) port.receive(frame, 0, frame.length, undefined);
      context.tasks.runAll();
      return taken;
    },
    send() {
      driver.send(dataFrame(64));
      context.tasks.runAll();
    },
    /** Frames on the wire since the last call: times of pause frames, lengths of others. */
    take: () =>
      sent.splice(0).map(({ bytes }) => {
        const isPause = bytes[12] === 0x88 && bytes[13] === 0x08;
        return isPause ? `pause ${(bytes[16]! << 8) | bytes[17]!}` : `frame ${bytes.length}`;
      }),
  };
}

test('XOFF stops transmission for its time, to the nanosecond; STATUS.TXOFF says so meanwhile', () => {
  const { context, driver, receive, send, take } = openPort();
  receive(controlFrame(100));
  assert.notEqual(driver.read(pf.STATUS) & pf.STATUS.TXOFF.mask, 0);
  send();
  context.clock.advance(100 * QUANTUM_NS - 1);
  context.tasks.runAll();
  assert.deepEqual(take(), []);
  context.clock.advance(1);
  context.tasks.runAll();
  assert.deepEqual(take(), ['frame 64']);
  assert.equal(driver.read(pf.STATUS) & pf.STATUS.TXOFF.mask, 0);
  assert.equal(driver.read(pf.XOFFRXC), 1);
});

test('XON ends a pause; a later XOFF replaces the time of an earlier one', () => {
  const { context, driver, receive, send, take } = openPort();
  receive(controlFrame(0xffff));
  send();
  receive(controlFrame(0));
  assert.deepEqual(take(), ['frame 64']);
  assert.equal(driver.read(pf.XONRXC), 1);
  receive(controlFrame(0xffff));
  receive(controlFrame(2));
  send();
  context.clock.advance(2 * QUANTUM_NS);
  context.tasks.runAll();
  assert.deepEqual(take(), ['frame 64']);
});

test('a quantum is 512 bit times: at 100 Mb/s it lasts ten times as long', () => {
  const { context, driver, receive, send, take } = openPort();
  driver.update(pf.CTRL, pf.CTRL.SPEED.mask, pf.CTRL.FRCSPD.mask | (1 << pf.CTRL.SPEED.shift));
  receive(controlFrame(10));
  send();
  context.clock.advance(10 * 5120 - 1);
  context.tasks.runAll();
  assert.deepEqual(take(), []);
  context.clock.advance(1);
  context.tasks.runAll();
  assert.deepEqual(take(), ['frame 64']);
});

test('pause frames to our own address count as well, those to others are no business of ours', () => {
  const { driver, receive, send, take } = openPort();
  receive(controlFrame(9, { to: [...PARTNER] }));
  send();
  assert.deepEqual(take(), ['frame 64']);
  receive(controlFrame(9, { to: [...TEST_MAC] }));
  send();
  assert.deepEqual(take(), []);
  assert.equal(driver.read(pf.XOFFRXC), 1);
});

test('without RFCE, and with another opcode, nothing stops: FCRUC', () => {
  const { driver, receive, send, take } = openPort(0);
  receive(controlFrame(9));
  send();
  assert.deepEqual(take(), ['frame 64']);
  assert.equal(driver.read(pf.FCRUC), 1);
  driver.update(pf.CTRL, 0, pf.CTRL.RFCE.mask);
  receive(controlFrame(9, { opcode: 2 }));
  send();
  assert.deepEqual(take(), ['frame 64']);
  assert.deepEqual([driver.read(pf.FCRUC), driver.read(pf.XOFFRXC)], [1, 0]);
});

test('taking RFCE away, or a reset, ends a pause', () => {
  const { driver, receive, send, take, context } = openPort();
  receive(controlFrame(0xffff));
  send();
  driver.update(pf.CTRL, pf.CTRL.RFCE.mask, 0);
  context.tasks.runAll();
  assert.deepEqual(take(), ['frame 64']);
  driver.update(pf.CTRL, 0, pf.CTRL.RFCE.mask);
  receive(controlFrame(0xffff));
  driver.write(pf.CTRL, driver.read(pf.CTRL) | pf.CTRL.RST.mask);
  assert.equal(driver.read(pf.STATUS) & pf.STATUS.TXOFF.mask, 0);
});

test('the packet buffer over FCRTH sends XOFF once, below FCRTL XON; nothing is lost, the wire goes on until it is full', () => {
  const { driver, receive, take } = openPort();
  for (let n = 0; n < RING_DESCRIPTORS - 1; n += 1) assert.ok(receive(dataFrame()));
  assert.deepEqual(take(), []);
  let waiting = 0;
  while (take().length === 0) {
    assert.ok(receive(dataFrame()), 'taken below the threshold');
    waiting += 1;
    assert.ok(waiting < 60, 'XOFF is due');
  }
  assert.ok(waiting * 1024 > 0xd000 && (waiting - 1) * 1024 <= 0xd010, `${waiting} frames`);
  assert.equal(driver.read(pf.XOFFTXC), 1);
  while (receive(dataFrame())) waiting += 1;
  assert.equal(waiting, 64, 'RXPBS is 64 KB');
  assert.deepEqual(take(), [], 'the partner still has its pause time');
  driver.sleep(1);
  assert.equal(driver.receiveAll().length, RING_DESCRIPTORS - 1);
  driver.sleep(1);
  assert.deepEqual(take(), ['pause 0']);
  assert.equal(driver.read(pf.XONTXC), 1);
  assert.equal(driver.receiveAll().length, waiting);
  assert.equal(driver.read(pf.MPC), 0);
  assert.equal(driver.read(pf.TPT), 2);
  assert.equal(driver.read(pf.GPTC), 0, 'pause frames are no packets of the host');
});

test('a wire that was told to wait goes on once half of the packet buffer is free', () => {
  const { context, driver, receive } = openPort();
  while (receive(dataFrame()));
  const { resumed } = context.wire;
  driver.receiveAll(31);
  context.tasks.runAll();
  assert.equal(context.wire.resumed, resumed, '33 KB wait');
  driver.receiveAll(2);
  context.tasks.runAll();
  assert.equal(context.wire.resumed, resumed + 1);
});

test('XOFF as it looks on the wire', () => {
  const { context, driver, receive } = openPort();
  driver.write(pf.FCTTV, 0x1234);
  while (receive(dataFrame()));
  const [frame] = context.wire.sent;
  const expected = new Uint8Array(60);
  expected.set([...PAUSE_ADDRESS, ...TEST_MAC, 0x88, 0x08, 0, 1, 0x12, 0x34]);
  assert.deepEqual(frame!.bytes, expected);
});

test('FCRTV: XOFF is repeated while the buffer stays full, when the pause time is down to it', () => {
  const { context, driver, receive, take } = openPort();
  driver.write(pf.FCTTV, 1000);
  driver.write(pf.FCRTV, 400);
  while (receive(dataFrame()));
  take();
  context.clock.advance(600 * QUANTUM_NS - 1);
  assert.deepEqual(take(), []);
  context.clock.advance(1);
  assert.deepEqual(take(), ['pause 1000']);
  context.clock.advance(1200 * QUANTUM_NS);
  assert.deepEqual(take(), ['pause 1000', 'pause 1000']);
  driver.receiveAll();
  context.tasks.runAll();
  assert.deepEqual(take(), ['pause 0']);
  context.clock.advance(1e9);
  assert.deepEqual(take(), []);
});

test('a reset forgets what was repeated', () => {
  const { context, driver, receive, take } = openPort();
  driver.write(pf.FCRTV, 400);
  while (receive(dataFrame()));
  driver.update(pf.CTRL, 0, pf.CTRL.RST.mask);
  take();
  context.clock.advance(1e9);
  assert.deepEqual(take(), []);
});

test('XOFF goes out again when frames still come after its time', () => {
  const { context, driver, receive, take } = openPort();
  driver.write(pf.FCTTV, 1000);
  while (take().length === 0) receive(dataFrame());
  context.clock.advance(1000 * QUANTUM_NS - 1);
  receive(dataFrame());
  assert.deepEqual(take(), []);
  context.clock.advance(1);
  receive(dataFrame());
  assert.deepEqual(take(), ['pause 1000']);
});

test('without FCRTL.XONE no XON is sent; without TFCE the wire is held at the first frame that waits', () => {
  const full = openPort();
  while (full.receive(dataFrame()));
  full.take();
  full.driver.write(pf.FCRTL, 0xd000);
  full.driver.receiveAll();
  full.driver.sleep(0);
  assert.deepEqual(full.take(), []);
  const silent = openPort(0);
  for (let n = 0; n < RING_DESCRIPTORS; n += 1) assert.ok(silent.receive(dataFrame()));
  assert.equal(silent.receive(dataFrame()), false);
  assert.deepEqual(silent.take(), []);
});

test('small frames fill the buffer by their number', () => {
  const { receive, driver } = openPort();
  let taken = 0;
  while (receive(dataFrame(60))) taken += 1;
  assert.equal(taken, RING_DESCRIPTORS - 1 + 1024);
  assert.equal(driver.read(pf.MPC), 0);
});

test('with pools a queue that does not keep up stops nobody', () => {
  const { driver, receive, take, context } = openPort();
  driver.write(pf.MRQC, 3);
  driver.write(pf.VFRE, 1);
  driver.write(pf.VMOLR, pf.VMOLR.AUPE.mask | pf.VMOLR.BAM.mask);
  driver.write(pf.RAH, driver.read(pf.RAH) | (1 << 18));
  for (let n = 0; n < RING_DESCRIPTORS + 100; n += 1) assert.ok(receive(dataFrame()));
  context.tasks.runAll();
  assert.ok(driver.read(pf.MPC) > 0);
  assert.deepEqual(take(), []);
});

test('SWXOFF sends one XOFF and clears itself', () => {
  const { driver, take, context } = openPort(0);
  driver.update(pf.TCTL, 0, pf.TCTL.SWXOFF.mask);
  assert.equal(driver.read(pf.TCTL) & pf.TCTL.SWXOFF.mask, 0);
  assert.deepEqual(take(), ['pause 65535']);
  assert.equal(driver.read(pf.XOFFTXC), 1);
  context.wire.setCarrier(false);
  driver.update(pf.TCTL, 0, pf.TCTL.SWXOFF.mask);
  assert.deepEqual(take(), [], 'no link');
});
