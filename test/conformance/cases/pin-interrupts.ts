/** INTx: the function's interrupt pin, as its Interrupt Status bit tells it. */
import assert from 'node:assert/strict';
import { pf } from '../../../src/devices/igb/tables/index.ts';
import { BROADCAST, ethernet } from '../frames.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const area = 'INTx';
const without = { 'vfio-user': 'behind a VMD there is no INTx' } as const;
const COMMAND = 4;
const STATUS = 6;
const INTERRUPT_PIN = 0x3d;
const INTERRUPT_STATUS = 1 << 3;
const INTX_DISABLE = 1 << 10;
const { LSC, RXDMT0, RXDW, TXDW } = pf.ICR;

const asserted = ({ pf: fn }: Station): boolean => (fn.configRead(STATUS, 2) & INTERRUPT_STATUS) !== 0;

conformance('the pin is INTA', { area, evidence: '01 §1.1', without }, (station) => {
  assert.equal(station.pf.configRead(INTERRUPT_PIN, 1), 1);
});

conformance(
  'a cause that is enabled asserts it, until ICR is read',
  { area, evidence: '06 §6.2, linux', without },
  (station) => {
    station.set('IMS', LSC.mask);
    assert.equal(asserted(station), false);
    station.set('ICS', LSC.mask);
    assert.equal(asserted(station), true);
    assert.equal(station.get('ICR') & LSC.mask, LSC.mask);
    assert.equal(asserted(station), false);
  },
);

conformance(
  'a cause that is masked does not; unmasking it does, masking it takes it back',
  { area, evidence: '06 §6.2', without },
  (station) => {
    station.set('ICS', TXDW.mask);
    assert.equal(asserted(station), false);
    station.set('IMS', TXDW.mask);
    assert.equal(asserted(station), true);
    station.set('IMC', TXDW.mask);
    assert.equal(asserted(station), false);
  },
);

conformance('writing the cause to ICR releases it', { area, evidence: '06 §6.2', without }, (station) => {
  station.set('IMS', LSC.mask | TXDW.mask);
  station.set('ICS', LSC.mask | TXDW.mask);
  station.set('ICR', LSC.mask);
  assert.equal(asserted(station), true, 'one is left');
  station.set('ICR', TXDW.mask);
  assert.equal(asserted(station), false);
});

conformance(
  'Interrupt Disable holds it back, and no longer',
  { area, evidence: 'PCI 3.0 §6.2.2', without },
  (station) => {
    station.set('IMS', LSC.mask);
    const command = station.pf.configRead(COMMAND, 2);
    station.pf.configWrite(COMMAND, 2, command | INTX_DISABLE);
    station.set('ICS', LSC.mask);
    station.pf.configWrite(COMMAND, 2, command & ~INTX_DISABLE);
    assert.equal(asserted(station), true);
  },
);

conformance('with MSI on the pin stays quiet', { area, evidence: '06 §6.1', without }, (station) => {
  station.machine.enableMsi();
  station.set('IMS', LSC.mask);
  station.set('ICS', LSC.mask);
  assert.equal(asserted(station), false);
  assert.deepEqual(station.pf.takeVectors(), [0]);
});

conformance('a received frame asserts it', { area, evidence: '06 §6.2, linux', without }, (station) => {
  const { rx } = station.open();
  station.get('ICR');
  station.set('IMS', RXDW.mask);
  station.wire.send(ethernet(BROADCAST));
  assert.equal(rx.take().length, 1);
  assert.equal(asserted(station), true);
  station.get('ICR');
  assert.equal(asserted(station), false);
});

conformance(
  'a reset releases it',
  { area, evidence: '01 §1.6', without, expect: { qemu: 'q-intx-reset' } },
  (station) => {
    station.set('IMS', RXDMT0.mask);
    station.set('ICS', RXDMT0.mask);
    assert.equal(asserted(station), true);
    station.change('CTRL', 0, pf.CTRL.RST.mask);
    assert.equal(asserted(station), false);
  },
);
