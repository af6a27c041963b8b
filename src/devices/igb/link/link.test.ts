import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUTO_NEGOTIATION_NS } from './phy.ts';
import { pf } from '../tables/index.ts';
import { makeTestPort, mdicRead, mdicWrite } from '../testing-port.ts';

const { CTRL, STATUS, ICR } = pf;
const BMCR = 0;
const BMSR = 1;
const BMSR_LINK = 4;
const BMSR_NEGOTIATED = 0x20;

function setUp(options: Parameters<typeof makeTestPort>[0] = {}) {
  const { port, context } = makeTestPort({ interrupts: 'intx', ...options });
  const linkUp = (): boolean => (port.read(STATUS.at) & STATUS.LU.mask) !== 0;
  const lsc = (): boolean => (port.read(ICR.at) & ICR.LSC.mask) !== 0;
  const bmsr = (): number => {
    mdicRead(port, BMSR);
    return mdicRead(port, BMSR) & (BMSR_LINK | BMSR_NEGOTIATED);
  };
  return { port, context, linkUp, lsc, bmsr };
}

test('power-on: negotiation starts by itself (iPXE never restarts it), LU follows with SLU, LSC tells', () => {
  const { port, context, linkUp, lsc, bmsr } = setUp({ cold: true });
  port.write(CTRL.at, CTRL.SLU.mask);
  assert.equal(linkUp(), false);
  assert.equal(bmsr(), 0);
  context.clock.advance(AUTO_NEGOTIATION_NS);
  assert.equal(linkUp(), true);
  assert.equal(bmsr(), BMSR_LINK | BMSR_NEGOTIATED);
  assert.equal(lsc(), true);
});

test('without SLU the MAC takes no link (§2.3.1); setting and clearing it raises LSC', () => {
  const { port, linkUp, lsc } = setUp();
  port.read(ICR.at);
  assert.equal(linkUp(), false);
  port.write(CTRL.at, CTRL.SLU.mask);
  assert.deepEqual([linkUp(), lsc()], [true, true]);
  port.write(CTRL.at, 0);
  assert.deepEqual([linkUp(), lsc()], [false, true]);
});

test('a cable pulled, at the wire or on our side, takes the link at once; put in, it comes after negotiation (§8.2)', () => {
  const { port, context, linkUp, lsc, bmsr } = setUp();
  port.write(CTRL.at, CTRL.SLU.mask);
  const pull = [(up: boolean) => port.setLink(up), (up: boolean) => context.wire.setCarrier(up)];
  for (const set of pull) {
    port.read(ICR.at);
    set(false);
    assert.deepEqual([linkUp(), lsc(), bmsr()], [false, true, 0]);
    set(true);
    assert.deepEqual([linkUp(), lsc()], [false, false]);
    context.clock.advance(AUTO_NEGOTIATION_NS);
    assert.deepEqual([linkUp(), lsc(), bmsr()], [true, true, BMSR_LINK | BMSR_NEGOTIATED]);
  }
  port.setLink(false);
  context.wire.setCarrier(false);
  port.setLink(true);
  context.clock.advance(1e9);
  assert.equal(linkUp(), false, 'both are needed');
});

test('BMSR latches a lost link until it is read: drivers read twice', () => {
  const { port, context } = setUp();
  assert.equal(mdicRead(port, BMSR) & BMSR_LINK, BMSR_LINK);
  mdicWrite(port, BMCR, 0x1340);
  context.clock.advance(AUTO_NEGOTIATION_NS);
  assert.equal(mdicRead(port, BMSR) & BMSR_LINK, 0);
  assert.equal(mdicRead(port, BMSR) & BMSR_LINK, BMSR_LINK);
});

test('BMCR power-down takes the link away, power-up negotiates (Linux while the interface is down)', () => {
  const { port, context, linkUp, bmsr } = setUp();
  port.write(CTRL.at, CTRL.SLU.mask);
  mdicWrite(port, BMCR, 0x1140 | 0x0800);
  assert.equal(linkUp(), false);
  context.clock.advance(5e9);
  assert.deepEqual([linkUp(), bmsr()], [false, 0]);
  mdicWrite(port, BMCR, 0x1140);
  context.clock.advance(AUTO_NEGOTIATION_NS);
  assert.equal(linkUp(), true);
});

test('writing BMCR as it is changes nothing; RESTART and RESET read as 0', () => {
  const { port, context, linkUp } = setUp();
  port.write(CTRL.at, CTRL.SLU.mask);
  mdicWrite(port, BMCR, 0x1140);
  assert.equal(linkUp(), true);
  mdicWrite(port, BMCR, 0x1340);
  assert.deepEqual([mdicRead(port, BMCR), linkUp()], [0x1140, false]);
  mdicWrite(port, BMCR, 0x9140);
  assert.equal(mdicRead(port, BMCR), 0x1140);
  context.clock.advance(AUTO_NEGOTIATION_NS);
  assert.equal(linkUp(), true);
});

test('PHY loopback shows a link whatever the cable does (ethtool -t)', () => {
  const { port, context, linkUp } = setUp();
  context.wire.setCarrier(false);
  mdicWrite(port, BMCR, 0x4140);
  assert.equal(linkUp(), true);
  mdicWrite(port, BMCR, 0x8140);
  assert.equal(linkUp(), false);
});

test('speed and duplex come from the advertisement, or are forced by BMCR or CTRL', () => {
  const { port, context } = setUp();
  const speedAndDuplex = (): number[] => {
    const status = port.read(STATUS.at);
    return [(status & STATUS.SPEED.mask) >>> STATUS.SPEED.shift, status & STATUS.FD.mask];
  };
  const advertise = (ability: number, gigabit: number): void => {
    mdicWrite(port, 4, ability);
    mdicWrite(port, 9, gigabit);
    mdicWrite(port, BMCR, 0x1340);
    context.clock.advance(AUTO_NEGOTIATION_NS);
  };
  assert.deepEqual(speedAndDuplex(), [2, 1]);
  advertise(0x0d81, 0);
  assert.deepEqual(speedAndDuplex(), [1, 1]);
  assert.equal(mdicRead(port, 17) >>> 14, 2);
  advertise(0x0c21, 0);
  assert.deepEqual(speedAndDuplex(), [0, 0]);
  mdicWrite(port, BMCR, 0x2100);
  assert.deepEqual(speedAndDuplex(), [1, 1]);
  port.write(CTRL.at, CTRL.FRCSPD.mask | CTRL.FRCDPX.mask | (2 << CTRL.SPEED.shift));
  assert.deepEqual(speedAndDuplex(), [2, 0]);
});

test('the PHY that Linux looks for: 02A8 039x at address 1, an error at any other (§8.1)', () => {
  const { port } = setUp();
  assert.equal(mdicRead(port, 2), 0x02a8);
  assert.equal(mdicRead(port, 3) & 0xfff0, 0x0390);
  port.write(pf.MDIC.at, pf.MDIC.OP_READ.mask | (2 << pf.MDIC.PHYADD.shift) | (2 << pf.MDIC.REGADD.shift));
  const both = pf.MDIC.READY.mask | pf.MDIC.ERROR.mask;
  assert.equal(port.read(pf.MDIC.at) & both, both);
});

test('MDIC with INT_EN raises MDAC', () => {
  const { port } = setUp();
  port.read(ICR.at);
  mdicRead(port, 2);
  assert.equal(port.read(ICR.at), 0);
  port.write(pf.MDIC.at, pf.MDIC.INT_EN.mask | pf.MDIC.OP_READ.mask | (1 << pf.MDIC.PHYADD.shift));
  assert.equal(port.read(ICR.at), ICR.MDAC.mask);
});

test('PHY registers at reset (§8.2), and what a partner offers once negotiated', () => {
  const { port, context } = setUp({ cold: true });
  const values = (registers: readonly number[]): number[] => registers.map((register) => mdicRead(port, register));
  assert.deepEqual(values([0, 4, 6, 7, 9, 15, 16, 18, 19]), [0x1140, 0x0de1, 4, 0x2001, 0x0f00, 0x3000, 0x0120, 0, 0]);
  assert.deepEqual(values([5, 17, 25, 1]), [0, 0xc000, 0x008d, 0x7949]);
  context.clock.advance(AUTO_NEGOTIATION_NS);
  assert.deepEqual(values([5, 6, 10, 17, 1]), [0x45e1, 5, 0x7c00, 0xc600, 0x796d]);
});

test('the gain pages behind register 31 give Linux a cable length (§8.2)', () => {
  const { port } = setUp();
  for (const number of [0x11b1, 0x12b1, 0x14b1, 0x18b1]) {
    mdicWrite(port, 31, number);
    const gain = (mdicRead(port, number & 0x1f) >>> 9) & 0x7f;
    assert.ok(gain > 0 && gain < 113);
  }
  mdicWrite(port, 31, 0x11);
  assert.equal(mdicRead(port, 17), 0xc600);
});

test('CTRL.PHY_RST holds the PHY until it is written 0; PHYRA says so until software clears it (igb_phy_hw_reset)', () => {
  const { port, context, linkUp } = setUp();
  port.write(CTRL.at, CTRL.SLU.mask);
  port.write(STATUS.at, 0);
  assert.equal(port.read(STATUS.at) & STATUS.PHYRA.mask, 0);
  mdicWrite(port, 4, 0x0001);
  port.write(CTRL.at, CTRL.SLU.mask | CTRL.PHY_RST.mask);
  assert.equal(port.read(STATUS.at) & STATUS.PHYRA.mask, STATUS.PHYRA.mask);
  context.clock.advance(5e9);
  assert.equal(linkUp(), false);
  port.write(CTRL.at, CTRL.SLU.mask);
  context.clock.advance(AUTO_NEGOTIATION_NS);
  assert.deepEqual([linkUp(), mdicRead(port, 4)], [true, 0x0de1]);
});

test('STATUS: which port, VFs, master enable; a write changes none of it (§2.3.2, ethtool -t)', () => {
  const { port } = setUp({ port: { portNumber: 1 } });
  port.write(CTRL.at, CTRL.SLU.mask);
  const before = port.read(STATUS.at);
  assert.equal((before & STATUS.FUNC.mask) >>> STATUS.FUNC.shift, 1);
  port.write(STATUS.at, ~before & 0x7ffff3ff);
  assert.equal(port.read(STATUS.at) & 0x7ffff3ff, before & 0x7ffff3ff);
  port.write(CTRL.at, CTRL.GIO_MASTER_DISABLE.mask);
  assert.equal(port.read(STATUS.at) & STATUS.GIO_MASTER_ENABLE.mask, 0);
  port.write(CTRL.at, 0);
  assert.equal(port.read(STATUS.at) & STATUS.GIO_MASTER_ENABLE.mask, STATUS.GIO_MASTER_ENABLE.mask);
  port.onSriovChanged(7, true);
  const { NUM_VFS, IOV_MODE } = STATUS;
  assert.equal(port.read(STATUS.at) & (NUM_VFS.mask | IOV_MODE.mask), (7 << NUM_VFS.shift) | IOV_MODE.mask);
  port.onSriovChanged(7, false);
  assert.equal(port.read(STATUS.at) & (NUM_VFS.mask | IOV_MODE.mask), 0);
});
