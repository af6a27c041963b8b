import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../tables/index.ts';
import { makeTestPort } from '../testing-port.ts';

/** TIMINCA of Linux: every 16 ns adds 16 << 19. */
const LINUX_TIMINCA = 0x0180_0000;

function setUp() {
  const { port, context } = makeTestPort();
  const systim = (): bigint => {
    const low = port.read(pf.SYSTIML.at);
    return (BigInt(port.read(pf.SYSTIMH.at)) << 32n) | BigInt(low);
  };
  return { port, systim, clock: context.clock };
}

test('with the increment of Linux, SYSTIM is ns << 19 (§8.7)', () => {
  const { port, systim, clock } = setUp();
  port.write(pf.TIMINCA.at, LINUX_TIMINCA);
  clock.advance(16);
  assert.equal(systim(), 16n << 19n);
  clock.advance(15);
  assert.equal(systim(), 16n << 19n, 'counts whole periods');
  clock.advance(9 * 3600e9 - 31);
  assert.equal(systim(), BigInt(9 * 3600e9) << 19n);
});

test('it wraps at 64 bits after 2^45 ns, 9.77 hours', () => {
  const { port, systim, clock } = setUp();
  port.write(pf.TIMINCA.at, LINUX_TIMINCA);
  clock.advance(2 ** 45 + 32);
  assert.equal(systim(), 32n << 19n);
});

test('products stay exact with the largest increment over a year', () => {
  const { port, systim, clock } = setUp();
  port.write(pf.TIMINCA.at, 0x01ffffff);
  const durationNs = 365 * 86400e9;
  clock.advance(durationNs);
  assert.equal(systim(), (BigInt(durationNs / 16) * 0xffffffn) % (1n << 64n));
});

test('SYSTIML latches SYSTIMH', () => {
  const { port, clock } = setUp();
  port.write(pf.TIMINCA.at, LINUX_TIMINCA);
  clock.advance(8000);
  port.read(pf.SYSTIML.at);
  clock.advance(1e9);
  assert.equal(port.read(pf.SYSTIMH.at), 0);
});

test('a new rate applies from now on and loses nothing: igb_ptp_adjfine writes only TIMINCA', () => {
  const { port, systim, clock } = setUp();
  port.write(pf.TIMINCA.at, LINUX_TIMINCA);
  for (let n = 0; n < 1000; n += 1) {
    clock.advance(1000 + (n % 16));
    port.write(pf.TIMINCA.at, LINUX_TIMINCA);
  }
  const elapsed = BigInt(clock.now() - 1e9);
  assert.equal(systim(), ((elapsed / 16n) * 16n) << 19n);
  const before = systim();
  port.write(pf.TIMINCA.at, LINUX_TIMINCA + 100);
  clock.advance(1600);
  assert.equal(systim() - before, 100n * (0x800000n + 100n));
});

test('it can be set, and adjusted by TIMADJ with its sign', () => {
  const { port, systim } = setUp();
  port.write(pf.SYSTIML.at, 0xffffffff);
  port.write(pf.SYSTIMH.at, 1);
  assert.equal(systim(), 0x1_ffffffffn);
  port.write(pf.TIMADJL.at, 2);
  port.write(pf.TIMADJH.at, 0);
  assert.equal(systim(), 0x2_00000001n);
  port.write(pf.TIMADJH.at, 0x80000000);
  assert.equal(systim(), 0x1_ffffffffn);
});

test('without an increment, and after a reset, it stands still', () => {
  const { port, systim, clock } = setUp();
  clock.advance(1e9);
  assert.equal(systim(), 0n);
  port.write(pf.TIMINCA.at, LINUX_TIMINCA);
  clock.advance(1e9);
  port.write(pf.TIMINCA.at, LINUX_TIMINCA);
  port.write(pf.CTRL.at, pf.CTRL.RST.mask);
  clock.advance(1e9);
  assert.equal(systim(), 0n);
});

test('FRTIMER counts milliseconds through resets', () => {
  const { port, clock } = setUp();
  const before = port.read(pf.FRTIMER.at);
  clock.advance(3.5e6);
  port.reset('software');
  clock.advance(0.5e6);
  assert.equal(port.read(pf.FRTIMER.at) - before, 4);
});

test('a transmit stamp is held until TXSTMPH is read', () => {
  const { port, clock } = setUp();
  const { time } = port.blocks;
  time.txStamp();
  assert.equal(port.read(pf.TSYNCTXCTL.at), 0, 'not enabled');
  port.write(pf.TSYNCTXCTL.at, pf.TSYNCTXCTL.EN.mask);
  port.write(pf.TIMINCA.at, LINUX_TIMINCA);
  clock.advance(160);
  time.txStamp();
  clock.advance(160);
  time.txStamp();
  assert.equal(port.read(pf.TXSTMPL.at), 160 << 19);
  assert.equal(port.read(pf.TSYNCTXCTL.at) & 1, 1);
  port.read(pf.TXSTMPH.at);
  assert.equal(port.read(pf.TSYNCTXCTL.at) & 1, 0);
});
