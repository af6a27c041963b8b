/** Resets of VFs, and what ends them. */
import assert from 'node:assert/strict';
import { BROADCAST, ethernet, poolAddress } from '../frames.ts';
import { TxQueue } from '../rings.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';
import { enable, openVf } from '../vfs.ts';

const VF_RESET = 'VF reset';
const RST = 1 << 26;
const VMMB = 0x100;
const V2P = 0xc40;
const RSTI = 0x40;
const RSTD = 0x80;

for (const [name, reset] of [
  ['VTCTRL.RST', (station: Station) => station.machine.vf(2).write32(0, RST)],
  ['PVTCTRL.RST', (station: Station) => station.set('PVTCTRL', RST, 2)],
] as const) {
  conformance(`${name}: queues off, VFLRE, VMMB`, { area: VF_RESET, evidence: '01 §1.5, 07 §7.3' }, (station) => {
    openVf(station);
    station.machine.vf(2).write32(0x3828, 1 << 25);
    station.get('ICR');
    reset(station);
    assert.equal(station.get('RXDCTL', 2) & (1 << 25), 0);
    assert.equal(station.get('TXDCTL', 2) & (1 << 25), 0);
    assert.equal(station.get('VFLRE'), 4);
    assert.equal(station.get('VFRE') & 4, 0);
    assert.equal(station.get('VFTE') & 4, 0);
    assert.equal(station.get('ICR') & VMMB, VMMB);
  });
}

conformance('VTCTRL.RST reads back 0', { area: VF_RESET, evidence: '01 §1.4' }, (station) => {
  enable(station);
  const vf = station.machine.vf(2);
  vf.write32(0, RST);
  assert.equal(vf.read32(0) & RST, 0);
});

conformance('a VF reset does not touch RSTI', { area: VF_RESET, evidence: '07 §7.3, igbvf' }, (station) => {
  enable(station);
  const vf = station.machine.vf(2);
  vf.write32(0, RST);
  assert.equal(vf.read32(V2P) & (RSTI | RSTD), 0);
});

conformance('a VF reset leaves other VFs alone', { area: VF_RESET, evidence: '01 §1.5' }, (station) => {
  const rx = openVf(station);
  station.machine.vf(3).write32(0, RST);
  station.wire.send(ethernet(poolAddress(2)));
  assert.equal(rx.take().length, 1);
});

conformance('VFLRE is cleared by writing ones', { area: VF_RESET, evidence: '07 §7.4' }, (station) => {
  enable(station);
  for (const index of [1, 4]) station.machine.vf(index).write32(0, RST);
  station.set('VFLRE', 2);
  assert.equal(station.get('VFLRE'), 0x10);
});

conformance(
  'a VF reset clears its throttles, vectors and masks',
  { area: VF_RESET, evidence: '01 §1.5 ds-mem, 11.2', expect: { qemu: 'q-vf-reset' } },
  (station) => {
    enable(station);
    station.openMsix();
    const vf = station.machine.vf(2);
    vf.write32(0x1680, 400);
    vf.write32(0x1700, 0x81);
    vf.write32(0x1524, 7);
    vf.write32(0, RST);
    assert.deepEqual([station.get('EITR', 16), station.get('IVAR', 2), station.get('EIMS')], [0, 0, 0]);
  },
);

conformance(
  'function-level reset of a VF stops its queues',
  { area: VF_RESET, evidence: 'PCI, 01 §1.5' },
  (station) => {
    openVf(station);
    const vf = station.machine.vf(2);
    vf.configWrite(0xa8, 2, 0x8000);
    assert.equal(station.get('RXDCTL', 2) & (1 << 25), 0);
    assert.equal(station.get('VFLRE'), 4);
  },
);

conformance('a VF without bus mastering does no DMA', { area: VF_RESET, evidence: '01 §1.4' }, (station) => {
  station.openPools({ pools: [] });
  enable(station);
  station.set('VFTE', 0xff);
  const tx = new TxQueue(station.vfPlace(2));
  station.machine.vf(2).configWrite(4, 2, 0);
  tx.send(ethernet(BROADCAST, { from: poolAddress(2) }));
  assert.equal(station.wire.take().length, 0);
});

conformance('disabling SR-IOV: the VFs are gone', { area: VF_RESET, evidence: '01 §1.6' }, (station) => {
  enable(station);
  const vf = station.machine.vf(0);
  station.machine.enableVfs(0);
  assert.equal((station.get('STATUS') >>> 14) & 0x1f, 0);
  assert.equal(vf.configRead(0x100, 4), 0xffff_ffff);
});
