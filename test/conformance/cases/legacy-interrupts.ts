/** Legacy causes and their masks: ICR, ICS, IMS, IMC, and their message. */
import assert from 'node:assert/strict';
import { ethernet, poolAddress, STATION } from '../frames.ts';
import { conformance } from '../suite.ts';

const LEGACY = 'legacy causes';
const TXDW = 1;
const LSC = 4;
const RXDMT0 = 0x10;
const RXO = 0x40;
const RXDW = 0x80;
const MDAC = 0x200;
const INTA = 0x8000_0000;
const frame = ethernet(STATION);

conformance('ICS sets causes', { area: LEGACY, evidence: '06 §6.5' }, (station) => {
  station.set('ICS', LSC | RXDW);
  assert.equal(station.get('ICR') & 0x7fff_ffff, LSC | RXDW);
});

conformance(
  'ICS reads as ICR, without clearing',
  { area: LEGACY, evidence: '06 §6.5, linux ethtool -d', expect: { qemu: 'q-ics-read' } },
  (station) => {
    station.set('ICS', LSC);
    assert.equal(station.get('ICS') & 0x7fff_ffff, LSC);
    assert.equal(station.get('ICR') & LSC, LSC);
  },
);

conformance(
  'EICS reads as EICR, without clearing',
  { area: LEGACY, evidence: '06 §6.5, linux ethtool -d', expect: { qemu: 'q-ics-read' } },
  (station) => {
    station.openMsix();
    station.set('EICS', 0x12);
    assert.equal(station.get('EICS'), 0x12);
    assert.equal(station.get('EICR'), 0x12);
  },
);

conformance(
  'reading ICR clears it while nothing is enabled',
  { area: LEGACY, evidence: '06 §6.5, ipxe' },
  (station) => {
    station.set('ICS', LSC);
    station.get('ICR');
    assert.equal(station.get('ICR'), 0);
  },
);

conformance('writing ones to ICR clears them', { area: LEGACY, evidence: '06 §6.5' }, (station) => {
  station.set('ICS', LSC | RXDW);
  station.set('ICR', LSC);
  assert.equal(station.get('ICR') & (LSC | RXDW), RXDW);
});

conformance('IMS adds, IMC takes away, both read the mask', { area: LEGACY, evidence: '06 §6.5' }, (station) => {
  station.set('IMS', 0x94);
  station.set('IMS', 0x101);
  station.set('IMC', 0x14);
  assert.deepEqual([station.get('IMS'), station.get('IMC')], [0x181, 0x181]);
});

conformance('IMS keeps the causes that the chip has', { area: LEGACY, evidence: '06 §6.2, linux' }, (station) => {
  station.set('IMS', 0xffff_ffff);
  assert.equal(station.get('IMS'), 0x77d4_fbfd);
});

conformance(
  'a transmitted frame raises TXDW',
  { area: LEGACY, evidence: '06 §6.2, 11.2', expect: { qemu: 'q-txdw' } },
  (station) => {
    const { tx } = station.open();
    station.get('ICR');
    tx.send(frame);
    assert.equal(station.get('ICR') & TXDW, TXDW);
  },
);

conformance('a transmitted frame raises TXDW with its IVAR set', { area: LEGACY, evidence: '06 §6.2' }, (station) => {
  const { tx } = station.open();
  station.set('IVAR', 0x8080);
  station.get('ICR');
  tx.send(frame);
  assert.equal(station.get('ICR') & TXDW, TXDW);
});

conformance('a received frame raises RXDW', { area: LEGACY, evidence: '06 §6.2' }, (station) => {
  station.open();
  station.get('ICR');
  station.wire.send(frame);
  assert.equal(station.get('ICR') & RXDW, RXDW);
});

conformance('a frame that finds no descriptor raises RXO', { area: LEGACY, evidence: '04 §4.7' }, (station) => {
  // A second queue with room, so that the wire is not held.
  const { rx } = station.openPools({ pools: [1, 2], rx: { available: 1 } });
  rx[2]!.give(7);
  station.wire.send(ethernet(poolAddress(1)));
  station.get('ICR');
  station.wire.send(ethernet(poolAddress(1)));
  assert.equal(station.get('ICR') & RXO, RXO);
});

conformance(
  'RXDMT0 when the free descriptors come down to RDMTS times 16',
  { area: LEGACY, evidence: '03 §3.9' },
  (station) => {
    station.open({ rx: { size: 32, available: 18, srrctl: (1 << 25) | (1 << 20) | 2 } });
    station.get('ICR');
    station.wire.send(frame);
    assert.equal(station.get('ICR') & RXDMT0, 0);
    station.wire.send(frame);
    assert.equal(station.get('ICR') & RXDMT0, RXDMT0);
  },
);

conformance('MDIC.INT_EN raises MDAC', { area: LEGACY, evidence: '08 §8.1' }, (station) => {
  station.get('ICR');
  station.set('MDIC', (1 << 29) | (1 << 27) | (1 << 21) | (2 << 16));
  assert.equal(station.get('ICR') & MDAC, MDAC);
});

conformance('MSI: an enabled cause sends a message', { area: LEGACY, evidence: '06 §6.6' }, (station) => {
  station.machine.enableMsi();
  station.set('IMS', LSC);
  assert.deepEqual(station.pf.takeVectors(), []);
  station.set('ICS', LSC);
  assert.deepEqual(station.pf.takeVectors(), [0]);
});

conformance(
  'MSI: a masked cause sends nothing until it is enabled',
  { area: LEGACY, evidence: '06 §6.5' },
  (station) => {
    station.machine.enableMsi();
    station.set('ICS', LSC);
    assert.deepEqual(station.pf.takeVectors(), []);
    station.set('IMS', LSC);
    assert.deepEqual(station.pf.takeVectors(), [0]);
  },
);

conformance(
  'MSI: IAM masks what reading ICR acknowledges',
  { area: LEGACY, evidence: '06 §6.5, linux', expect: { qemu: 'q-iam' } },
  (station) => {
    station.machine.enableMsi();
    station.set('IMS', LSC | RXDW);
    station.set('IAM', LSC | RXDW);
    station.set('ICS', LSC);
    assert.deepEqual(station.pf.takeVectors(), [0]);
    assert.equal(station.get('ICR') & LSC, LSC);
    assert.equal(station.get('IMS'), 0);
  },
);

conformance('MSI: ICR.INTA is set with an enabled cause', { area: LEGACY, evidence: '06 §6.5' }, (station) => {
  station.machine.enableMsi();
  station.set('IMS', LSC);
  station.set('ICS', LSC);
  assert.equal((station.get('ICR') & INTA) >>> 0, INTA);
});

conformance(
  'ICR.INTA is not set with a masked cause',
  { area: LEGACY, evidence: '06 §6.5', expect: { qemu: 'q-inta' } },
  (station) => {
    station.machine.enableMsi();
    station.set('ICS', LSC);
    assert.equal(station.get('ICR') & INTA, 0);
  },
);

conformance(
  'MSI-X without GPIE.MULTIPLE_MSIX: every cause sends vector 0',
  { area: LEGACY, evidence: '06 §6.6, linux self-test' },
  (station) => {
    station.pf.enableMsix();
    station.set('IMS', LSC);
    station.set('ICS', LSC);
    assert.deepEqual(station.pf.takeVectors(), [0]);
    assert.equal(station.get('ICR') & LSC, LSC);
  },
);
