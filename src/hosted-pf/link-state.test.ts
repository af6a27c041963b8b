import assert from 'node:assert/strict';
import { test } from 'node:test';
import { vf } from '../devices/igb/tables/index.ts';
import { CLEAR_TO_SEND, Message, read } from '../driver/index.ts';
import { buildFrame } from '../packet/testing.ts';
import type { LinkState } from './settings.ts';
import { Hosted } from './testing.ts';

const LU = vf.STATUS.LU.mask;

/** A VF whose driver is open; its mailbox interrupts reach the driver, as MSI-X vector 2. */
function open(linkState: LinkState) {
  const hosted = new Hosted({ settings: [{ linkState }] });
  hosted.wait(5e9);
  const driver = hosted.vf(0);
  assert.equal(driver.reset(), true);
  const rings = driver.open();
  const vectors = hosted.context.interruptPorts[1]!;
  /** The link as igbvf has it after what has happened. */
  const link = (): string => {
    hosted.wait(1);
    if (vectors.take().includes(2)) driver.mailboxInterrupt();
    const state = driver.checkLink();
    hosted.wait(1);
    return state;
  };
  vectors.take();
  return { hosted, driver, link, ...rings };
}

/** Can a frame leave, and can one arrive? */
function passes({ hosted, driver, transmit, receive }: ReturnType<typeof open>): [boolean, boolean] {
  const before = hosted.context.wire.sent.length;
  const out = buildFrame({ payload: new Uint8Array(64) });
  out.set(driver.mac, 6);
  out[0] = 2;
  transmit.send(out);
  const back = buildFrame({ payload: new Uint8Array(64) });
  back.set(driver.mac, 0);
  hosted.port.receive(back, 0, back.length, undefined);
  hosted.wait(1e6);
  return [hosted.context.wire.sent.length > before, receive.take().length > 0];
}

/** STATUS.LU of a VF. */
const linkBit = (hosted: Hosted, index = 0): number => read(hosted.bus(index), vf.STATUS) & LU;

test('auto: the VF is told when the link goes and comes', () => {
  const { hosted, link } = open('auto');
  assert.equal(link(), 'up');
  hosted.port.setLink(false);
  assert.equal(link(), 'down');
  assert.equal(linkBit(hosted), 0);
  hosted.port.setLink(true);
  hosted.wait(5e9);
  assert.equal(link(), 'up');
  assert.deepEqual(
    hosted.context.trace.of('pf_manager_control').map(([, word]) => word),
    [Message.control | CLEAR_TO_SEND, Message.control | CLEAR_TO_SEND],
  );
});

test('enable: the link stays up without a wire, and frames pass between VFs', () => {
  const here = open('enable');
  const { hosted, driver, link } = here;
  assert.equal(link(), 'up');
  hosted.port.setLink(false);
  assert.equal(link(), 'up');
  assert.deepEqual(hosted.context.trace.of('pf_manager_control'), [], 'nothing has changed for it');
  assert.notEqual(linkBit(hosted), 0);
  assert.notEqual(read(hosted.bus(0), vf.STATUS) & 0x80, 0, '1000 Mb/s');
  assert.equal(linkBit(hosted, 1), 0, 'held for this VF only');
  const neighbour = hosted.vf(1);
  neighbour.reset();
  const { receive } = neighbour.open();
  const frame = buildFrame({ payload: new Uint8Array(64) });
  frame.set(neighbour.mac, 0);
  frame.set(driver.mac, 6);
  here.transmit.send(frame);
  hosted.wait(1e6);
  assert.equal(receive.take().length, 1);
});

test('disable: no link and no frames, whatever the VF asks and however often it resets', () => {
  const here = open('disable');
  const { hosted, driver, link } = here;
  assert.equal(link(), 'down');
  assert.notEqual(linkBit(hosted), 0, 'the wire is up; it is the mailbox that says no');
  assert.deepEqual(passes(here), [false, false]);
  assert.equal(driver.setVlan(9, true) & CLEAR_TO_SEND, 0, 'answers carry no CTS, else igbvf took the link for up');
  assert.equal(driver.setMac(new Uint8Array(6)) & CLEAR_TO_SEND, 0);
  assert.equal(driver.reset(), true, 'it comes up with its address all the same');
  driver.setMulticast([]);
  assert.equal(link(), 'down');
  assert.deepEqual([hosted.peek('VFRE'), hosted.peek('VFTE')], [0, 0]);
});

test('changes take effect at once, in any order', () => {
  const here = open('auto');
  const { hosted, link } = here;
  const set = (linkState: LinkState): void => hosted.manager.setVf(0, { linkState });
  assert.deepEqual(passes(here), [true, true]);
  set('disable');
  assert.equal(link(), 'down');
  assert.deepEqual(passes(here), [false, false]);
  set('enable');
  assert.equal(link(), 'up');
  hosted.port.setLink(false);
  assert.equal(link(), 'up');
  set('auto');
  assert.equal(link(), 'down');
  set('enable');
  assert.equal(link(), 'up');
  hosted.port.setLink(true);
  hosted.wait(5e9);
  set('auto');
  assert.equal(link(), 'up');
  assert.deepEqual(passes(here), [true, true]);
});

test('a VF that has not greeted is told nothing', () => {
  const hosted = new Hosted();
  hosted.wait(5e9);
  hosted.port.setLink(false);
  hosted.wait(1);
  hosted.manager.setVf(3, { linkState: 'disable' });
  hosted.wait(1e9);
  assert.deepEqual(hosted.context.trace.of('pf_manager_control'), []);
});
