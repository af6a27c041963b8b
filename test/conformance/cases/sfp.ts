/** I2CCMD and the SFP behind it. */
import assert from 'node:assert/strict';
import { pf } from '../../../src/devices/igb/tables/index.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const area = 'I2C and SFP';
const card = 'sfp';
const { ERROR, OP_READ, PHYADD, READY, REGADD } = pf.I2CCMD;
const NEGOTIATION_NS = 100e6;

/** What a read answers: the register with DATA. */
function read(station: Station, register: number, address = 0): number {
  station.set('I2CCMD', OP_READ.mask | (register << REGADD.shift) | (address << PHYADD.shift));
  return station.get('I2CCMD');
}

/** Two bytes at an even place of the module, the first low. */
const word = (station: Station, register: number, address = 0): number => {
  const answer = read(station, register, address);
  assert.equal(answer & (READY.mask | ERROR.mask), READY.mask);
  return answer & 0xffff;
};

conformance('on a copper card nobody answers', { area, evidence: '08 §8.4', expect: { qemu: 'q-i2c' } }, (station) => {
  assert.notEqual(read(station, 0) & ERROR.mask, 0);
});

conformance('link mode says SerDes after every reset', { area, card, evidence: '08 §8.4, linux' }, (station) => {
  const { LINK_MODE } = pf.CTRL_EXT;
  assert.equal(station.get('CTRL_EXT') & LINK_MODE.mask, LINK_MODE.mask);
  station.set('CTRL_EXT', 0);
  station.change('CTRL', 0, pf.CTRL.RST.mask);
  assert.equal(station.get('CTRL_EXT') & LINK_MODE.mask, LINK_MODE.mask);
});

conformance(
  'A0 is an SFP of 1000BASE-SX with an LC connector',
  { area, card, evidence: 'SFF-8472, linux' },
  (station) => {
    assert.equal(word(station, 0), 0x0403);
    assert.equal(word(station, 2) & 0xff, 7);
    assert.equal(word(station, 6) & 0xff, 1);
  },
);

conformance('its checksums are right', { area, card, evidence: 'SFF-8472' }, (station) => {
  const page = Array.from({ length: 48 }, (_, n) => word(station, 2 * n)).flatMap((pair) => [pair & 0xff, pair >> 8]);
  const sum = (from: number, to: number): number =>
    page.slice(from, to).reduce((total, byte) => total + byte, 0) & 0xff;
  assert.equal(sum(0, 63), page[63]);
  assert.equal(sum(64, 95), page[95]);
});

conformance('an odd register begins one byte later', { area, card, evidence: '08 §8.4' }, (station) => {
  assert.equal(word(station, 1) & 0xff, word(station, 0) >> 8);
  assert.equal(word(station, 1) >> 8, word(station, 2) & 0xff);
});

conformance(
  'A2 has the diagnostics: a temperature that people can stand',
  { area, card, evidence: 'SFF-8472' },
  (station) => {
    const degrees = word(station, 96, 1) & 0xff;
    assert.ok(degrees > 0 && degrees < 70, `${degrees} degrees`);
  },
);

conformance('nothing is at the other addresses', { area, card, evidence: 'own' }, (station) => {
  for (let address = 2; address < 8; address += 1) assert.notEqual(read(station, 0, address) & ERROR.mask, 0);
});

conformance('the module takes no writes', { area, card, evidence: 'own' }, (station) => {
  const before = word(station, 20);
  station.set('I2CCMD', (20 << REGADD.shift) | 0x4141);
  assert.equal(station.get('I2CCMD') & (READY.mask | ERROR.mask), READY.mask);
  assert.equal(word(station, 20), before);
});

conformance(
  'PCS and a lit laser make a link; a dark one takes it',
  { area, card, evidence: '08 §8.5, linux' },
  (station) => {
    const { SDP3_DATA, SDP3_IODIR } = pf.CTRL_EXT;
    const linked = (): boolean => (station.get('PCS_LSTAT') & pf.PCS_LSTAT.LINK_OK.mask) !== 0;
    station.change('PCS_CFG0', 0, pf.PCS_CFG0.PCS_EN.mask);
    station.change('CTRL_EXT', SDP3_DATA.mask, SDP3_IODIR.mask);
    station.wait(NEGOTIATION_NS);
    linked();
    assert.ok(linked());
    station.change('CTRL_EXT', 0, SDP3_DATA.mask);
    linked();
    assert.ok(!linked());
  },
);
