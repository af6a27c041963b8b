/** A card of two ports: what they share, and what each has for itself. */
import assert from 'node:assert/strict';
import { pf } from '../../../src/devices/igb/tables/index.ts';
import { read, update, write } from '../../../src/driver/index.ts';
import type { NicFunction } from '../machine.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const area = 'two ports';
const card = 'two ports';
const MULTI_FUNCTION = 0x80;
const POWER_STATE = 0x44;
const D3HOT = 3;

const other = ({ machine }: Station): NicFunction => machine.second!;

conformance('functions 0 and 1, of the same kind', { area, card, evidence: '01 §1.1, lspci' }, (station) => {
  assert.equal(station.pf.configRead(0, 4), other(station).configRead(0, 4));
  assert.equal(station.pf.configRead(0x0e, 1) & MULTI_FUNCTION, MULTI_FUNCTION);
});

conformance('STATUS tells each which it is', { area, card, evidence: '02 §2.3.2, linux' }, (station) => {
  const { FUNC } = pf.STATUS;
  assert.equal((station.get('STATUS') & FUNC.mask) >>> FUNC.shift, 0);
  assert.equal((read(other(station), pf.STATUS) & FUNC.mask) >>> FUNC.shift, 1);
});

conformance(
  'the address of port 1 differs in its lowest bit',
  { area, card, evidence: '08 §8.3, linux' },
  (station) => {
    assert.equal(read(other(station), pf.RAL), station.get('RAL'));
    assert.equal((read(other(station), pf.RAH) ^ station.get('RAH')) & 0xffff, 0x0100);
  },
);

conformance('SWSM.SMBI is one for both', { area, card, evidence: '08 §8.7, linux' }, (station) => {
  const { SMBI } = pf.SWSM;
  station.set('SWSM', 0);
  assert.equal(station.get('SWSM') & SMBI.mask, 0);
  assert.equal(read(other(station), pf.SWSM) & SMBI.mask, SMBI.mask);
  station.set('SWSM', 0);
  assert.equal(read(other(station), pf.SWSM) & SMBI.mask, 0);
  write(other(station), pf.SWSM, 0);
});

conformance(
  'SW_FW_SYNC is one for both, and survives a reset of one',
  { area, card, evidence: '08 §8.7, linux' },
  (station) => {
    const { SW_PHY1 } = pf.SW_FW_SYNC;
    write(other(station), pf.SW_FW_SYNC, SW_PHY1.mask);
    assert.equal(station.get('SW_FW_SYNC') & SW_PHY1.mask, SW_PHY1.mask);
    station.change('CTRL', 0, pf.CTRL.RST.mask);
    assert.equal(read(other(station), pf.SW_FW_SYNC) & SW_PHY1.mask, SW_PHY1.mask);
    write(other(station), pf.SW_FW_SYNC, 0);
  },
);

for (const [name, register, request, grant, idle] of [
  ['the NVM', pf.EECD, pf.EECD.REQ.mask, pf.EECD.GNT.mask, pf.EECD.CS.mask],
  ['the flash', pf.FLA, pf.FLA.FL_REQ.mask, pf.FLA.FL_GNT.mask, pf.FLA.FL_CE.mask],
] as const)
  conformance(`the bus of ${name} goes from one to the other`, { area, card, evidence: 'own' }, (station) => {
    const granted = (fn: NicFunction): boolean => (read(fn, register) & grant) !== 0;
    const both = (): boolean[] => [granted(station.pf), granted(other(station))];
    for (const fn of [station.pf, other(station)]) write(fn, register, request | idle);
    assert.deepEqual(both(), [true, false]);
    write(station.pf, register, idle);
    assert.deepEqual(both(), [false, true]);
    write(other(station), register, idle);
    assert.deepEqual(both(), [false, false]);
  });

conformance('FACTPS shows the power state of each', { area, card, evidence: 'ds-mem' }, (station) => {
  const states = (): number[] =>
    [pf.FACTPS.FUNC0_STATE, pf.FACTPS.FUNC1_STATE].map(({ mask, shift }) => (station.get('FACTPS') & mask) >>> shift);
  assert.deepEqual(states(), [2, 2]);
  other(station).configWrite(POWER_STATE, 2, D3HOT);
  assert.deepEqual(states(), [2, 3]);
  other(station).configWrite(POWER_STATE, 2, 0);
});

conformance(
  'registers are there twice; a reset of one leaves the other alone',
  { area, card, evidence: '01 §1.6' },
  (station) => {
    station.set('VET', 0x1234);
    write(other(station), pf.VET, 0x5678);
    update(other(station), pf.CTRL, 0, pf.CTRL.RST.mask);
    assert.equal(station.get('VET') & 0xffff, 0x1234);
    assert.notEqual(read(other(station), pf.VET) & 0xffff, 0x5678);
  },
);
