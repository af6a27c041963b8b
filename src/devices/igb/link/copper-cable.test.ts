import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CopperCable, longestCableMetres, ordinaryCable } from './copper-cable.ts';
import type { IgbPort } from '../port.ts';
import { AUTO_NEGOTIATION_NS } from './phy.ts';
import { pf } from '../tables/index.ts';
import { makeTestPort, mdicRead, mdicWrite } from '../testing-port.ts';

const { CTRL, STATUS } = pf;
const [PORT_STATUS, LINK_HEALTH, PAGE_SELECT] = [17, 19, 31];
const RESTART = 0x1340;
const ONLY_10 = 0x0061;
/** AUTO_MDIX, and forced MDI-X. */
const [AUTO, CROSSED] = [0x1000, 0x2000];

function setUp(cable: Partial<CopperCable>) {
  const { port, context } = makeTestPort({ port: { cable: { ...ordinaryCable, ...cable } } });
  port.write(CTRL.at, CTRL.SLU.mask);
  /** STATUS.SPEED, or -1 without a link. */
  const speed = (): number => {
    const status = port.read(STATUS.at);
    return (status & STATUS.LU.mask) === 0 ? -1 : (status & STATUS.SPEED.mask) >>> STATUS.SPEED.shift;
  };
  const wait = (negotiations: number): void => context.clock.advance(negotiations * AUTO_NEGOTIATION_NS);
  return { port, speed, wait };
}

/** As drivers read a register of a page. */
function readPaged(port: IgbPort, number: number): number {
  mdicWrite(port, PAGE_SELECT, number);
  const value = mdicRead(port, number & 0x1f);
  mdicWrite(port, PAGE_SELECT, 0);
  return value;
}

test('the gain of each pair grows with the length, within what drivers take (1 to 112)', () => {
  let before = 0;
  for (let metres = 0; metres <= longestCableMetres; metres += 10) {
    const { port } = setUp({ metres });
    const gains = [0x11b1, 0x12b1, 0x14b1, 0x18b1].map((number) => readPaged(port, number) >>> 9);
    assert.equal(new Set(gains).size, 1);
    assert.ok(gains[0]! > before && gains[0]! <= 112, `${metres} m: ${gains[0]}`);
    before = gains[0]!;
  }
});

test('reversed polarity: at 1000 Mb/s in a page, at 10 in the port status, at 100 nowhere', () => {
  const { port, wait } = setUp({ reversedPolarity: true });
  assert.deepEqual([readPaged(port, 0xb4) & 0x78, mdicRead(port, PORT_STATUS) & 2], [0x78, 0]);
  mdicWrite(port, 9, 0);
  mdicWrite(port, 0, RESTART);
  wait(1);
  assert.deepEqual([readPaged(port, 0xb4) & 0x78, mdicRead(port, PORT_STATUS) & 2], [0, 0]);
  mdicWrite(port, 4, ONLY_10);
  mdicWrite(port, 0, RESTART);
  wait(1);
  assert.deepEqual([readPaged(port, 0xb4) & 0x78, mdicRead(port, PORT_STATUS) & 2], [0, 2]);
  const { port: other } = setUp({});
  assert.equal(readPaged(other, 0xb4) & 0x78, 0);
});

test('a crossed cable is made good for by MDI-X where the PHY may choose', () => {
  for (const [crossed, control, shown] of [
    [false, AUTO, 0],
    [true, AUTO, 0x0800],
    [true, 0, 0],
    [false, CROSSED, 0x0800],
  ] as const) {
    const { port } = setUp({ crossed });
    mdicWrite(port, 18, control);
    assert.equal(mdicRead(port, PORT_STATUS) & 0x0800, shown, `${crossed} ${control}`);
  }
});

test('two pairs carry no 1000 Mb/s: SmartSpeed gives up after five attempts, and says so', () => {
  const { port, speed, wait } = setUp({ pairs: 2 });
  mdicWrite(port, 16, 0x01a0);
  mdicWrite(port, 0, RESTART);
  wait(4);
  assert.deepEqual([speed(), mdicRead(port, LINK_HEALTH), mdicRead(port, 1) & 0x24], [-1, 0, 0]);
  wait(1);
  assert.deepEqual([speed(), mdicRead(port, LINK_HEALTH)], [1, 0x8000]);
  mdicWrite(port, 9, 0);
  mdicWrite(port, 0, RESTART);
  assert.equal(mdicRead(port, LINK_HEALTH), 0, 'a fresh start');
  wait(1);
  assert.deepEqual([speed(), mdicRead(port, LINK_HEALTH)], [1, 0], 'nothing faster was advertised');
});

test('without SmartSpeed there is no link, until software turns it on', () => {
  const { port, speed, wait } = setUp({ pairs: 2 });
  wait(100);
  assert.deepEqual([speed(), mdicRead(port, 10) & 0x3000], [-1, 0]);
  mdicWrite(port, 16, 0x01a0);
  wait(5);
  assert.equal(speed(), 1);
  mdicWrite(port, 0, 0x0140);
  assert.equal(speed(), -1, 'forced to 1000 Mb/s');
  mdicWrite(port, 0, 0x2100);
  assert.equal(speed(), 1, 'forced to 100 Mb/s');
});
