/** Software-defined pins: levels, what time synchronisation puts on outputs, stamps and interrupts of inputs. */
import assert from 'node:assert/strict';
import { pf } from '../../../src/devices/igb/tables/index.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const area = 'pins';
const expect = { qemu: 'q-tsauxc' } as const;
/** Whoever drives an input stands outside; only the machine in this process lets a test do that. */
const without = {
  'vfio-user': 'nothing leads to the pins of that card',
  qemu: 'its pins lead nowhere',
} as const;
const { EN_CLK0, EN_CLK1, EN_TS0, EN_TS1, EN_TT0, EN_TT1, AUTT0, AUTT1 } = pf.TSAUXC;
const { AUX0_EN, AUX0_SEL, AUX1_EN, AUX1_SEL } = pf.TSSDP;
/** TIMINCA of Linux: SYSTIM is ns << 19. */
const LINUX_TIMINCA = 0x0180_0000;
const FAR_NS = 1e6;

/** Where each pin's level and direction stand, and its part of TSSDP. */
const pins = [
  { name: 'CTRL', data: pf.CTRL.SDP0_DATA.mask, output: pf.CTRL.SDP0_IODIR.mask },
  { name: 'CTRL', data: pf.CTRL.SDP1_DATA.mask, output: pf.CTRL.SDP1_IODIR.mask },
  { name: 'CTRL_EXT', data: pf.CTRL_EXT.SDP2_DATA.mask, output: pf.CTRL_EXT.SDP2_IODIR.mask },
  { name: 'CTRL_EXT', data: pf.CTRL_EXT.SDP3_DATA.mask, output: pf.CTRL_EXT.SDP3_IODIR.mask },
] as const;
const SOURCE_STEP = pf.TSSDP.SDP1_SEL.shift - pf.TSSDP.SDP0_SEL.shift;

const level = (station: Station, pin: number): boolean => (station.get(pins[pin]!.name) & pins[pin]!.data) !== 0;

/** Makes a pin an output of a source: targets 0 and 1, clocks 0 and 1. */
function connect(station: Station, pin: number, source: number): void {
  station.change(pins[pin]!.name, 0, pins[pin]!.output);
  const { SDP0_EN, SDP0_SEL } = pf.TSSDP;
  station.change('TSSDP', 0, (SDP0_EN.mask | (source << SDP0_SEL.shift)) << (SOURCE_STEP * pin));
}

/** Target `channel` at SYSTIM of so many ns. */
function target(station: Station, channel: number, ns: number): void {
  const value = BigInt(ns) << 19n;
  station.set('TRGTTIML', Number(value & 0xffffffffn), channel);
  station.set('TRGTTIMH', Number(value >> 32n), channel);
}

for (const pin of [0, 1, 2, 3]) {
  conformance(`an output shows what software writes: SDP${pin}`, { area, evidence: '02 §2.3' }, (station) => {
    const { name, data, output } = pins[pin]!;
    station.change(name, data, output);
    assert.equal(level(station, pin), false);
    station.change(name, 0, data);
    assert.equal(level(station, pin), true);
    station.change(name, data, 0);
    assert.equal(level(station, pin), false);
  });

  conformance(`a target time turns SDP${pin}, once`, { area, evidence: 'ds-mem', expect }, (station) => {
    const channel = pin & 1;
    station.set('TIMINCA', LINUX_TIMINCA);
    connect(station, pin, channel);
    const enable = channel === 0 ? EN_TT0.mask : EN_TT1.mask;
    // Long ago: what is past has come.
    station.set('TSAUXC', enable);
    const first = level(station, pin);
    assert.equal(station.get('TSAUXC') & enable, 0);
    station.set('TSAUXC', enable);
    assert.equal(level(station, pin), !first);
  });
}

conformance('a target time in the future waits for SYSTIM', { area, evidence: 'ds-mem', expect }, (station) => {
  station.set('TIMINCA', LINUX_TIMINCA);
  station.set('SYSTIML', 0);
  station.set('SYSTIMH', 0);
  target(station, 0, 1e9);
  connect(station, 0, 0);
  station.set('TSAUXC', EN_TT0.mask);
  assert.equal(station.get('TSAUXC') & EN_TT0.mask, EN_TT0.mask);
  assert.equal(level(station, 0), false);
  station.set('SYSTIML', 0);
  station.set('SYSTIMH', 2 ** 21);
  station.wait(FAR_NS);
  assert.equal(station.get('TSAUXC') & EN_TT0.mask, 0);
  assert.equal(level(station, 0), true);
});

for (const [channel, enable] of [
  [0, EN_CLK0.mask],
  [1, EN_CLK1.mask],
] as const)
  conformance(`clock ${channel} goes up and down at FREQOUT's pace`, { area, evidence: 'own', expect }, (station) => {
    const half = 50_000_000;
    connect(station, 1, 2 + channel);
    station.set('FREQOUT', half / 16, channel);
    station.set('TSAUXC', enable);
    const seen = Array.from({ length: 8 }, () => {
      station.wait(half / 2);
      return level(station, 1);
    });
    const turns = seen.filter((now, at) => at > 0 && now !== seen[at - 1]).length;
    assert.ok(turns >= 2 && turns <= 6, `${turns} turns in four half cycles`);
  });

for (const [channel, enable, source, stamped] of [
  [0, EN_TS0.mask, AUX0_EN.mask | (2 << AUX0_SEL.shift), AUTT0.mask],
  [1, EN_TS1.mask, AUX1_EN.mask | (2 << AUX1_SEL.shift), AUTT1.mask],
] as const)
  conformance(
    `auxiliary stamp ${channel}: a change of its input is stamped, and held until it is read`,
    { area, evidence: 'ds-mem', without },
    (station) => {
      const { machine } = station;
      station.set('TIMINCA', LINUX_TIMINCA);
      machine.drivePin!(2, false);
      station.set('TSSDP', source);
      station.set('TSAUXC', enable);
      assert.equal(station.get('TSAUXC') & stamped, 0);
      station.wait(1000);
      machine.drivePin!(2, true);
      assert.equal(station.get('TSAUXC') & stamped, stamped);
      const low = station.get('AUXSTMPL', channel);
      station.wait(1000);
      machine.drivePin!(2, false);
      assert.equal(station.get('AUXSTMPL', channel), low, 'the first is held');
      station.get('AUXSTMPH', channel);
      assert.equal(station.get('TSAUXC') & stamped, 0);
      machine.drivePin!(3, true);
      assert.equal(station.get('TSAUXC') & stamped, 0, 'another pin');
      machine.drivePin!(2, true);
      assert.notEqual(station.get('AUXSTMPL', channel), low);
      for (const pin of [2, 3]) machine.drivePin!(pin, undefined);
    },
  );

conformance(
  'a change of an input interrupts where CTRL_EXT lets it',
  { area, evidence: '02 §2.3', without },
  (station) => {
    const { machine } = station;
    const { GPI_SDP0 } = pf.ICR;
    machine.drivePin!(0, false);
    station.get('ICR');
    machine.drivePin!(0, true);
    assert.equal(station.get('ICR') & GPI_SDP0.mask, 0);
    station.change('CTRL_EXT', 0, pf.CTRL_EXT.SDP0_GPIEN.mask);
    machine.drivePin!(0, false);
    assert.equal(station.get('ICR') & GPI_SDP0.mask, GPI_SDP0.mask);
    assert.equal(level(station, 0), false);
    machine.drivePin!(0, undefined);
  },
);
