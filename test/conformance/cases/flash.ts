/** The flash: pins of FLA, writes through BAR1, erasing. */
import assert from 'node:assert/strict';
import { pf } from '../../../src/devices/igb/tables/index.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const area = 'flash';
const { FL_BUSY, FL_CE, FL_ER, FL_GNT, FL_REQ, FL_SCK, FL_SI, FL_SO } = pf.FLA;
const expect = { qemu: 'q-flash' } as const;
const without = { 'vfio-user': 'behind a VMD there is no BAR1' } as const;
const ERASE = 0 << 4;
const DISABLED = 1 << 4;
const ENABLED = 2 << 4;
const FWE = 3 << 4;
/** Longer than a page takes, and than all of it. */
const PROGRAM_NS = 3e6;
const ERASE_NS = 5e9;

const mode = (station: Station, value: number): void => station.change('EECD', FWE, value);

/** Bytes over the pins as flashrom clocks them, and those that come back. */
function command(station: Station, sent: readonly number[], count = 0): number[] {
  const pins = (levels: number): void => station.set('FLA', FL_REQ.mask | levels);
  const byte = (value: number): number => {
    let answer = 0;
    for (let at = 7; at >= 0; at -= 1) {
      const data = ((value >> at) & 1) === 1 ? FL_SI.mask : 0;
      pins(data | FL_SCK.mask);
      answer = (answer << 1) | ((station.get('FLA') & FL_SO.mask) === 0 ? 0 : 1);
      pins(data);
    }
    return answer;
  };
  pins(FL_CE.mask);
  pins(0);
  for (const value of sent) byte(value);
  const answer = Array.from({ length: count }, () => byte(0));
  pins(FL_CE.mask);
  return answer;
}

/** Makes it fresh: contents live as long as the machine. */
function erase(station: Station): void {
  mode(station, ERASE);
  station.set('FLA', FL_ER.mask | FL_CE.mask);
  if ((station.get('FLA') & FL_BUSY.mask) !== 0) station.wait(ERASE_NS);
  mode(station, DISABLED);
}

conformance('FL_GNT follows FL_REQ; without it no pin is driven', { area, evidence: 'flashrom', expect }, (station) => {
  station.set('FLA', FL_REQ.mask | FL_CE.mask);
  assert.equal(station.get('FLA') & FL_GNT.mask, FL_GNT.mask);
  station.set('FLA', FL_CE.mask);
  assert.equal(station.get('FLA') & (FL_GNT.mask | FL_SO.mask), 0);
});

conformance('the part says who made it, and its size', { area, evidence: 'flashrom', expect }, (station) => {
  assert.deepEqual(command(station, [0x9f], 3), [0xef, 0x30, 0x11]);
});

conformance(
  'write enable is told by the status, and taken away again',
  { area, evidence: 'flashrom', expect },
  (station) => {
    command(station, [0x06]);
    assert.deepEqual(command(station, [0x05], 1), [2]);
    command(station, [0x04]);
    assert.deepEqual(command(station, [0x05], 1), [0]);
  },
);

conformance(
  'a page is programmed over the pins, and read again by pins and BAR1',
  { area, evidence: 'flashrom', expect, without },
  (station) => {
    erase(station);
    command(station, [0x06]);
    command(station, [0x02, 0, 1, 0, 0x12, 0x34, 0x56, 0x78]);
    assert.equal(station.get('FLA') & FL_BUSY.mask, FL_BUSY.mask);
    station.wait(PROGRAM_NS);
    assert.equal(station.get('FLA') & FL_BUSY.mask, 0);
    assert.deepEqual(command(station, [0x03, 0, 0, 0xff], 3), [0xff, 0x12, 0x34]);
    assert.equal(station.pf.bar(1).read32(0x100), 0x78563412);
  },
);

conformance(
  'a sector is erased over the pins, and no more than that',
  { area, evidence: 'own', expect, without },
  (station) => {
    erase(station);
    const flash = station.pf.bar(1);
    mode(station, ENABLED);
    flash.write32(0xffc, 0);
    flash.write32(0x1000, 0);
    flash.write32(0x2000, 0);
    command(station, [0x06]);
    command(station, [0x20, 0, 0x12, 0x34]);
    station.wait(ERASE_NS);
    assert.deepEqual([flash.read32(0xffc), flash.read32(0x1000), flash.read32(0x2000)], [0, 0xffffffff, 0]);
  },
);

conformance(
  'BAR1 writes while EECD.FWE is 2, and clears bits only',
  { area, evidence: 'flashrom, ds-mem', expect, without },
  (station) => {
    erase(station);
    const flash = station.pf.bar(1);
    flash.write32(0x200, 0);
    assert.equal(flash.read32(0x200), 0xffffffff);
    mode(station, ENABLED);
    flash.write32(0x200, 0x12ff5678);
    flash.write32(0x200, 0xff34ffff);
    assert.equal(flash.read32(0x200), 0x12345678);
    mode(station, DISABLED);
    flash.write32(0x200, 0);
    assert.equal(flash.read32(0x200), 0x12345678);
  },
);

conformance(
  'FL_ER erases while EECD.FWE is 0, not otherwise, and reads 0',
  { area, evidence: 'flashrom', expect, without },
  (station) => {
    erase(station);
    const flash = station.pf.bar(1);
    mode(station, ENABLED);
    flash.write32(0, 0);
    station.set('FLA', FL_ER.mask | FL_CE.mask);
    assert.equal(flash.read32(0), 0);
    mode(station, ERASE);
    station.set('FLA', FL_ER.mask | FL_CE.mask);
    assert.equal(station.get('FLA') & (FL_ER.mask | FL_BUSY.mask), FL_BUSY.mask);
    assert.equal(flash.read32(0), 0xffffffff);
    mode(station, ENABLED);
    flash.write32(0, 0);
    assert.equal(flash.read32(0), 0xffffffff, 'lost while it erases');
    station.wait(ERASE_NS);
    flash.write32(0, 0);
    assert.equal(flash.read32(0), 0);
    station.set('FLA', FL_CE.mask);
  },
);

conformance('a reset takes the bus, and EECD.FWE is 1', { area, evidence: 'own', expect }, (station) => {
  mode(station, ENABLED);
  station.set('FLA', FL_REQ.mask | FL_CE.mask);
  assert.equal(station.get('FLA') & FL_GNT.mask, FL_GNT.mask);
  station.change('CTRL', 0, pf.CTRL.RST.mask);
  assert.equal(station.get('FLA') & (FL_GNT.mask | FL_REQ.mask), 0);
  assert.equal(station.get('EECD') & FWE, DISABLED);
});

conformance('without a ROM file there is no ROM address', { area, evidence: '01 §1.2' }, (station) => {
  station.pf.configWrite(0x30, 4, 0xfffff800);
  assert.equal(station.pf.configRead(0x30, 4), 0);
});
