/** The SerDes of an SFP card: its own negotiation and loopback. */
import assert from 'node:assert/strict';
import { pf } from '../../../src/devices/igb/tables/index.ts';
import { ethernet, STATION } from '../frames.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const area = 'SerDes';
const card = 'sfp';
const NEGOTIATION_NS = 100e6;
const { AN_ENABLE, AN_RESTART, FORCE_LINK } = pf.PCS_LCTL;
const [LOOPBACK_ON, LOOPBACK_OFF] = [0x410, 0x400];

function linked(station: Station): boolean {
  station.get('PCS_LSTAT');
  return (station.get('PCS_LSTAT') & pf.PCS_LSTAT.LINK_OK.mask) !== 0;
}

/** Laser on, sublayer on, and negotiation from the start. */
function light(station: Station): void {
  station.change('PCS_CFG0', 0, pf.PCS_CFG0.PCS_EN.mask);
  station.change('CTRL_EXT', pf.CTRL_EXT.SDP3_DATA.mask, pf.CTRL_EXT.SDP3_IODIR.mask);
  station.change('PCS_LCTL', 0, AN_ENABLE.mask | AN_RESTART.mask);
}

conformance(
  'PCS_LCTL restarts negotiation, which PCS_LSTAT and PCS_LPAB tell of',
  { area, card, evidence: '08 §8.5, linux' },
  (station) => {
    light(station);
    const AN_COMPLETE = pf.PCS_LSTAT.AN_COMPLETE.mask;
    assert.deepEqual([station.get('PCS_LSTAT') & AN_COMPLETE, station.get('PCS_LPAB')], [0, 0]);
    station.wait(NEGOTIATION_NS);
    assert.equal(station.get('PCS_LSTAT') & AN_COMPLETE, AN_COMPLETE);
    // Acknowledged, full duplex, symmetric pause.
    assert.equal(station.get('PCS_LPAB'), 0x40a0);
    assert.equal(station.get('PCS_LPABNP'), 0, 'no next page');
  },
);

conformance('without negotiation a link is there where it is forced', { area, card, evidence: 'linux' }, (station) => {
  light(station);
  station.change('PCS_LCTL', AN_ENABLE.mask, 0);
  assert.equal(linked(station), false);
  station.change('PCS_LCTL', 0, FORCE_LINK.mask);
  assert.equal(linked(station), true);
  assert.equal(station.get('PCS_LPAB'), 0, 'nobody was asked');
});

conformance('SCTL turns the loopback of the serialiser on and off', { area, card, evidence: 'linux' }, (station) => {
  light(station);
  const { tx, rx } = station.open();
  station.wait(NEGOTIATION_NS);
  station.set('SCTL', LOOPBACK_ON);
  const frame = ethernet(STATION);
  tx.send(frame);
  assert.deepEqual([rx.frames(), station.wire.take()], [[frame], []]);
  station.set('SCTL', LOOPBACK_OFF);
  station.wait(NEGOTIATION_NS);
  tx.send(frame);
  assert.deepEqual([rx.frames(), station.wire.take()], [[], [frame]]);
});
