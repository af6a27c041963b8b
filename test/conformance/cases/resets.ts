/** What each kind of reset takes with it, and what it leaves. */
import assert from 'node:assert/strict';
import { ethernet, STATION } from '../frames.ts';
import { phyRead, phyWrite } from '../phy.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const AREA = 'resets';
const RST = 1 << 26;
const reset = (station: Station): void => station.set('CTRL', RST);

for (const [name, register, value] of [
  ['RCTL', 'RCTL', 0x8002],
  ['MRQC', 'MRQC', 3],
  ['EIMS', 'EIMS', 7],
  ['IMS', 'IMS', 0x80],
  ['IVAR', 'IVAR', 0x8080],
  ['DTXSWC', 'DTXSWC', 0x8000_0000],
  ['VMVIR', 'VMVIR', 0x4000_0001],
  ['TIMINCA', 'TIMINCA', 0x0180_0000],
  ['RDLEN', 'RDLEN', 0x1000],
  ['TDBAL', 'TDBAL', 0x1000],
] as const) {
  conformance(`CTRL.RST clears ${name}`, { area: AREA, evidence: '01 §1.5' }, (station) => {
    station.set(register, value);
    assert.notEqual(station.get(register), 0);
    reset(station);
    assert.equal(station.get(register), 0);
  });
}

for (const [name, register, value] of [
  ['RXPBS', 'RXPBS', 0x30],
  ['TXPBS', 'TXPBS', 0x20],
  ['EITR', 'EITR', 0x290],
] as const) {
  conformance(`CTRL.RST leaves ${name}`, { area: AREA, evidence: '01 §1.5' }, (station) => {
    station.set(register, value);
    reset(station);
    assert.equal(station.get(register), value);
  });
}

conformance('CTRL.RST reads back 0', { area: AREA, evidence: '01 §1.5, nul' }, (station) => {
  reset(station);
  assert.equal(station.get('CTRL') & RST, 0);
});

conformance('CTRL.RST loads RAL 0 and RAH 0 from the NVM', { area: AREA, evidence: '01 §1.5' }, (station) => {
  station.address(0, '02:00:00:00:00:77');
  reset(station);
  assert.deepEqual([station.get('RAL'), station.get('RAH')], [0x1200_5452, 0x8000_5634]);
});

conformance('CTRL.RST clears the multicast and VLAN tables', { area: AREA, evidence: '01 §1.5' }, (station) => {
  station.set('MTA', 0xffff_ffff, 77);
  station.set('VFTA', 0xffff_ffff, 33);
  reset(station);
  assert.deepEqual([station.get('MTA', 77), station.get('VFTA', 33)], [0, 0]);
});

conformance(
  'CTRL.RST leaves the PHY and its link',
  { area: AREA, evidence: '11.1 no. 17', expect: { qemu: 'q-reset-phy' } },
  (station) => {
    station.start();
    phyWrite(station.pf, 4, 0x01e1);
    reset(station);
    station.change('CTRL', 0, 1 << 6);
    assert.equal(phyRead(station.pf, 4), 0x01e1);
    assert.equal(station.get('STATUS') & 2, 2);
    phyWrite(station.pf, 4, 0x0de1);
  },
);

conformance('CTRL.RST stops the rings', { area: AREA, evidence: '01 §1.5' }, (station) => {
  const { tx, rx } = station.open();
  reset(station);
  tx.send(ethernet(STATION));
  assert.equal(station.wire.take().length, 0);
  assert.equal(rx.take().length, 0);
});

conformance('CTRL.RST leaves config space', { area: AREA, evidence: '01 §1.5' }, (station) => {
  station.pf.enableMsix();
  reset(station);
  assert.equal(station.pf.configRead(0x72, 2) & 0x8000, 0x8000);
  assert.equal(station.pf.configRead(4, 2) & 6, 6);
});

conformance('CTRL.RST clears causes', { area: AREA, evidence: '01 §1.5' }, (station) => {
  station.set('ICS', 0x85);
  reset(station);
  assert.equal(station.get('ICR') & 0x81, 0);
});

conformance('CTRL.RST clears counters', { area: AREA, evidence: '01 §1.5' }, (station) => {
  const { tx } = station.open();
  tx.send(ethernet(STATION));
  reset(station);
  assert.equal(station.get('GPTC'), 0);
});

conformance('function-level reset clears RXPBS and TXPBS too', { area: AREA, evidence: '01 §1.5' }, (station) => {
  station.set('RXPBS', 0x30);
  station.set('TXPBS', 0x20);
  station.machine.reset();
  assert.deepEqual([station.get('RXPBS'), station.get('TXPBS')], [0x40, 0x28]);
});

conformance('function-level reset takes MSI-X and the VFs', { area: AREA, evidence: 'PCI' }, (station) => {
  station.pf.enableMsix();
  station.machine.enableVfs(4);
  station.machine.reset();
  assert.equal(station.pf.configRead(0x72, 2) & 0x8000, 0);
  assert.equal(station.pf.configRead(0x168, 2) & 1, 0);
  assert.equal(station.get('STATUS') & (1 << 18), 0);
});

conformance('CTRL.PHY_RST is a level, not clearing itself', { area: AREA, evidence: '01 §1.5, linux' }, (station) => {
  station.change('CTRL', 0, 0x8000_0000);
  assert.notEqual(station.get('CTRL') & 0x8000_0000, 0);
  station.change('CTRL', 0x8000_0000, 0);
  assert.equal(station.get('CTRL') & 0x8000_0000, 0);
});

for (const [name, at, size, value, mask] of [
  ['vendor and device', 0x00, 4, 0x10c9_8086, 0xffff_ffff],
  ['class', 0x08, 4, 0x0200_0000, 0xffff_ff00],
  ['PM at 40', 0x34, 1, 0x40, 0xff],
  ['MSI at 50, 64 bits with a mask', 0x50, 4, 0x0180_7005, 0xffff_ffff],
  ['MSI-X at 70 with 10 vectors in BAR 3', 0x70, 4, 0x0009_a011, 0xffff_ffff],
  ['MSI-X table', 0x74, 4, 3, 0xffff_ffff],
  ['MSI-X pending bits', 0x78, 4, 0x2003, 0xffff_ffff],
  ['PCI Express with function-level reset', 0xa4, 4, 1 << 28, 1 << 28],
  ['SR-IOV: 8 VFs', 0x16c, 4, 0x0008_0008, 0xffff_ffff],
  ['SR-IOV: VF device', 0x178, 4, 0x10ca_0000, 0xffff_0000],
  ['SR-IOV: page sizes', 0x17c, 4, 0x553, 0xffff_ffff],
  ['SR-IOV: stride 2', 0x176, 2, 2, 0xffff],
] as const) {
  conformance(name, { area: 'config space', evidence: '01 §1.3, lspci' }, ({ pf }) => {
    assert.equal((pf.configRead(at, size) & mask) >>> 0, value);
  });
}

conformance(
  'First VF Offset follows ARI Capable Hierarchy',
  { area: 'config space', evidence: '01 §1.3, lspci', expect: { qemu: 'q-vf-offset' } },
  ({ pf }) => {
    pf.configWrite(0x168, 2, 0);
    assert.equal(pf.configRead(0x174, 2), 0x180);
    pf.configWrite(0x168, 2, 0x10);
    assert.equal(pf.configRead(0x174, 2), 0x80);
  },
);

conformance('NumVFs is kept while VFs are enabled', { area: 'config space', evidence: 'PCI' }, (station) => {
  station.machine.enableVfs(3);
  station.pf.configWrite(0x170, 2, 5);
  assert.equal(station.pf.configRead(0x170, 2), 3);
});

conformance('a VF reads as no vendor and no device', { area: 'config space', evidence: '01 §1.1' }, (station) => {
  station.machine.enableVfs(1);
  assert.equal(station.machine.vf(0).configRead(0, 4), 0xffff_ffff);
});

conformance('a VF has MSI-X with 3 vectors', { area: 'config space', evidence: '01 §1.3' }, (station) => {
  station.machine.enableVfs(1);
  assert.equal(station.machine.vf(0).configRead(0x72, 2) & 0x7ff, 2);
});
