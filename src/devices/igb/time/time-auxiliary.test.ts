import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../tables/index.ts';
import { makeTestPort } from '../testing-port.ts';

const { CTRL, CTRL_EXT, TSAUXC, TSSDP } = pf;
/** TIMINCA of Linux: SYSTIM is ns << 19. */
const LINUX_TIMINCA = 0x0180_0000;

function setUp() {
  const { port, context } = makeTestPort();
  port.write(pf.TIMINCA.at, LINUX_TIMINCA);
  return {
    port,
    clock: context.clock,
    irq: context.interruptPorts[0]!,
    pins: port.blocks.pins,
    /** Target `channel` at SYSTIM of so many ns. */
    target(channel: number, ns: number): void {
      const value = BigInt(ns) << 19n;
      port.write(pf.TRGTTIML.at + 8 * channel, Number(value & 0xffffffffn));
      port.write(pf.TRGTTIMH.at + 8 * channel, Number(value >> 32n));
    },
    stamp(channel: number): bigint {
      const low = BigInt(port.read(pf.AUXSTMPL.at + 8 * channel));
      return ((BigInt(port.read(pf.AUXSTMPH.at + 8 * channel)) << 32n) | low) >> 19n;
    },
  };
}

test('a target time turns its output, to the tick, once', () => {
  const { port, clock, pins, target } = setUp();
  port.write(CTRL.at, port.read(CTRL.at) | CTRL.SDP1_IODIR.mask);
  port.write(TSSDP.at, TSSDP.SDP1_EN.mask | (1 << TSSDP.SDP1_SEL.shift));
  target(1, 1600);
  port.write(TSAUXC.at, TSAUXC.EN_TT1.mask);
  clock.advance(1599);
  assert.equal(pins.level(1), false);
  clock.advance(1);
  assert.equal(pins.level(1), true);
  assert.equal(port.read(CTRL.at) & CTRL.SDP1_DATA.mask, CTRL.SDP1_DATA.mask);
  assert.equal(port.read(TSAUXC.at), 0);
  target(1, 3200);
  clock.advance(1e6);
  assert.equal(pins.level(1), true, 'not enabled again');
  port.write(TSAUXC.at, TSAUXC.EN_TT1.mask);
  assert.equal(pins.level(1), false, 'a time that is past has come');
});

test('a target hours away, and another rate on the way there', () => {
  const { port, clock, target } = setUp();
  const armed = (): boolean => port.read(TSAUXC.at) === TSAUXC.EN_TT0.mask;
  target(0, 7200e9);
  port.write(TSAUXC.at, TSAUXC.EN_TT0.mask);
  clock.advance(7200e9 - 1);
  assert.ok(armed());
  clock.advance(1);
  assert.ok(!armed());
  target(0, 7200e9 + 1600);
  port.write(TSAUXC.at, TSAUXC.EN_TT0.mask);
  port.write(pf.TIMINCA.at, 0x0100_0000 | (8 << 19));
  clock.advance(3199);
  assert.ok(armed());
  clock.advance(1);
  assert.ok(!armed());
});

test('setting SYSTIM past a target brings it about; standing still it never comes', () => {
  const { port, clock, target } = setUp();
  port.write(pf.TIMINCA.at, 0);
  target(0, 5000);
  port.write(TSAUXC.at, TSAUXC.EN_TT0.mask);
  clock.advance(1e12);
  assert.equal(port.read(TSAUXC.at), TSAUXC.EN_TT0.mask);
  port.write(pf.SYSTIMH.at, 1);
  assert.equal(port.read(TSAUXC.at), 0);
});

test('a clock out: half cycles of FREQOUT, from now on or from a target time', () => {
  const { port, clock, pins, target } = setUp();
  port.write(CTRL_EXT.at, CTRL_EXT.SDP2_IODIR.mask | CTRL_EXT.SDP3_IODIR.mask);
  const both = TSSDP.SDP2_EN.mask | (2 << TSSDP.SDP2_SEL.shift) | TSSDP.SDP3_EN.mask | (3 << TSSDP.SDP3_SEL.shift);
  port.write(TSSDP.at, both);
  port.write(pf.FREQOUT.at, 10);
  port.write(pf.FREQOUT.at + 4, 5);
  target(1, 1600);
  port.write(TSAUXC.at, TSAUXC.EN_CLK0.mask | TSAUXC.EN_CLK1.mask | TSAUXC.ST1.mask);
  const seen: string[] = [];
  for (let n = 0; n < 24; n += 1) {
    seen.push(`${pins.level(2) ? 1 : 0}${pins.level(3) ? 1 : 0}`);
    clock.advance(80);
  }
  assert.deepEqual(seen.slice(0, 6), ['00', '00', '10', '10', '00', '00']);
  assert.deepEqual(seen.slice(19), ['10', '00', '01', '10', '11']);
  port.write(TSAUXC.at, 0);
  clock.advance(160);
  assert.equal(pins.level(2) || pins.level(3), false);
});

test('a stamp of a change at an input is held until it is read', () => {
  const { port, clock, pins, stamp } = setUp();
  port.write(TSSDP.at, TSSDP.AUX1_EN.mask | (2 << TSSDP.AUX1_SEL.shift));
  port.write(TSAUXC.at, TSAUXC.EN_TS1.mask);
  pins.drive(2, false);
  clock.advance(1600);
  pins.drive(1, true);
  assert.equal(port.read(TSAUXC.at) & TSAUXC.AUTT1.mask, 0, 'another pin');
  pins.drive(2, true);
  clock.advance(1600);
  pins.drive(2, false);
  assert.equal(port.read(TSAUXC.at), TSAUXC.EN_TS1.mask | TSAUXC.AUTT1.mask);
  assert.equal(stamp(1), 1600n);
  assert.equal(port.read(TSAUXC.at), TSAUXC.EN_TS1.mask);
  clock.advance(1600);
  pins.drive(2, true);
  assert.equal(stamp(1), 4800n);
});

test('SAMP_AUT takes a stamp at once and reads 0', () => {
  const { port, clock, stamp } = setUp();
  clock.advance(320);
  port.write(TSAUXC.at, TSAUXC.SAMP_AUT0.mask);
  assert.equal(port.read(TSAUXC.at), TSAUXC.AUTT0.mask);
  assert.equal(stamp(0), 320n);
});

test('pins: outputs show what software wrote, inputs what drives them; a change interrupts where enabled', () => {
  const { port, pins, irq } = setUp();
  port.write(pf.IMS.at, pf.ICR.GPI_SDP0.mask | pf.ICR.GPI_SDP3.mask);
  irq.take();
  port.write(CTRL.at, CTRL.SDP0_IODIR.mask | CTRL.SDP0_DATA.mask);
  pins.drive(0, false);
  assert.equal(pins.level(0), true, 'two drivers: ours wins');
  assert.deepEqual(irq.take(), []);
  port.write(CTRL_EXT.at, CTRL_EXT.SDP3_GPIEN.mask | CTRL_EXT.SDP3_DATA.mask);
  assert.equal(port.read(CTRL_EXT.at) & CTRL_EXT.SDP3_DATA.mask, CTRL_EXT.SDP3_DATA.mask, 'floating');
  pins.drive(3, false);
  assert.equal(port.read(CTRL_EXT.at) & CTRL_EXT.SDP3_DATA.mask, 0);
  assert.equal(irq.take().length, 1);
  assert.equal(port.read(pf.ICR.at) & 0x7fffffff, pf.ICR.GPI_SDP3.mask);
  pins.drive(3, true);
  assert.equal(irq.take().length, 1);
});

test('a reset stops all of it', () => {
  const { port, clock, target } = setUp();
  target(0, 1600);
  port.write(TSAUXC.at, TSAUXC.EN_TT0.mask | TSAUXC.EN_CLK1.mask);
  port.write(CTRL.at, CTRL.RST.mask);
  assert.equal(port.read(TSAUXC.at), 0);
  clock.advance(1e9);
  assert.equal(port.read(TSAUXC.at), 0);
  assert.equal(port.read(TSSDP.at), 0);
});
