import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkPartner } from './link-partner.ts';
import { AUTO_NEGOTIATION_NS } from './phy.ts';
import { pf } from '../tables/index.ts';
import { makeTestPort, mdicRead, mdicWrite } from '../testing-port.ts';

const { CTRL, STATUS } = pf;

function setUp(partner: Partial<LinkPartner>) {
  const linkPartner = {
    autoNegotiates: true,
    speedMbps: 1000,
    fullDuplex: true,
    pause: 'symmetric',
    ...partner,
  } as const;
  const { port, context } = makeTestPort({ port: { linkPartner } });
  port.write(CTRL.at, CTRL.SLU.mask);
  /** Speed and duplex as STATUS shows them; undefined without a link. */
  const shown = (): string | undefined => {
    const status = port.read(STATUS.at);
    if ((status & STATUS.LU.mask) === 0) return undefined;
    const speed = [10, 100, 1000][(status & STATUS.SPEED.mask) >>> STATUS.SPEED.shift];
    return `${speed} ${(status & STATUS.FD.mask) !== 0 ? 'full' : 'half'}`;
  };
  const advertise = (abilities: number, gigabit: number): void => {
    mdicWrite(port, 4, abilities);
    mdicWrite(port, 9, gigabit);
    mdicWrite(port, 0, 0x1340);
    context.clock.advance(AUTO_NEGOTIATION_NS);
  };
  return { port, context, shown, advertise };
}

test('the best that both sides can do (IEEE 802.3 annex 28B.3)', () => {
  assert.equal(setUp({}).shown(), '1000 full');
  assert.equal(setUp({ speedMbps: 100 }).shown(), '100 full');
  assert.equal(setUp({ speedMbps: 100, fullDuplex: false }).shown(), '100 half');
  assert.equal(setUp({ speedMbps: 10 }).shown(), '10 full');
  const { shown, advertise } = setUp({ speedMbps: 100 });
  advertise(0x0061, 0x0200);
  assert.equal(shown(), '10 full');
});

test('nothing in common: no link, negotiation is not complete, no partner (ethtool -s advertise)', () => {
  const { port, shown, advertise } = setUp({ speedMbps: 10 });
  advertise(0x0181, 0x0200);
  assert.equal(shown(), undefined);
  assert.deepEqual([mdicRead(port, 1) & 0x24, mdicRead(port, 5)], [0, 0]);
});

test('a partner without auto-negotiation is found at its speed, with half duplex (parallel detection)', () => {
  const { port, shown } = setUp({ autoNegotiates: false, speedMbps: 100 });
  assert.equal(shown(), '100 half');
  assert.equal(mdicRead(port, 6) & 1, 0, 'the partner does not negotiate');
  assert.equal(mdicRead(port, 5), 0x0080);
  mdicWrite(port, 0, 0x2100);
  assert.equal(shown(), '100 full', 'forced on both sides');
  mdicWrite(port, 0, 0x0100);
  assert.equal(shown(), undefined, 'forced to different speeds');
});

test('what the partner says of pause frames is in register 5; igb resolves flow control from it', () => {
  const bits = { none: 0, symmetric: 0x0400, asymmetric: 0x0800, both: 0x0c00 } as const;
  for (const pause of ['none', 'symmetric', 'asymmetric', 'both'] as const) {
    assert.equal(mdicRead(setUp({ pause }).port, 5) & 0x0c00, bits[pause]);
  }
});

test('register 10: the partner at 1000 Mb/s, receivers and master only with such a link', () => {
  assert.equal(mdicRead(setUp({}).port, 10), 0x7c00);
  assert.equal(mdicRead(setUp({ speedMbps: 100 }).port, 10), 0);
  const { port, advertise } = setUp({});
  advertise(0x01e1, 0);
  assert.equal(mdicRead(port, 10), 0x0c00);
  advertise(0x01e1, 0x1200);
  assert.equal(mdicRead(port, 10), 0x3c00, 'forced to be slave');
});

test('low-power link-up takes the lowest speed, with full duplex', () => {
  const { port, context, shown } = setUp({});
  mdicWrite(port, 25, 0x008f);
  mdicWrite(port, 0, 0x1340);
  context.clock.advance(AUTO_NEGOTIATION_NS);
  assert.equal(shown(), '10 full');
});

test('register 17 tells speed, duplex, link and crossing; 18 forces the crossing (ethtool -s mdix)', () => {
  const { port } = setUp({ speedMbps: 100, fullDuplex: false });
  assert.equal(mdicRead(port, 17), 0x8400);
  mdicWrite(port, 18, 0x2000);
  assert.equal(mdicRead(port, 17) & 0x0800, 0x0800);
  mdicWrite(port, 18, 0x3000);
  assert.equal(mdicRead(port, 17) & 0x0800, 0, 'automatic: a straight cable to a switch');
});

test('isolated from the MAC there is no link', () => {
  const { port, shown } = setUp({});
  mdicWrite(port, 0, 0x1540);
  assert.equal(shown(), undefined);
});

test('registers of pages keep what is written (DPDK and Linux write them without an NVM), gain needs a link', () => {
  const { port } = setUp({});
  const select = (number: number): number => {
    mdicWrite(port, 31, number);
    return number & 0x1f;
  };
  mdicWrite(port, select(0x2f5b), 0x0018);
  mdicWrite(port, select(0x2f52), 0x0000);
  assert.equal(mdicRead(port, select(0x2f5b)), 0x0018);
  assert.equal(mdicRead(port, select(0x00b4)) & 0x0078, 0, 'no pair is reversed');
  assert.notEqual(mdicRead(port, select(0x11b1)), 0);
  port.setLink(false);
  assert.equal(mdicRead(port, 0x11), 0);
});
