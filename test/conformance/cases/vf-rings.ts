/** What a VF sets and reads of its own rings. */
import assert from 'node:assert/strict';
import { ethernet, packet, poolAddress } from '../frames.ts';
import { DESCRIPTOR, DROP_EN, RX, RxQueue, TxQueue } from '../rings.ts';
import { conformance } from '../suite.ts';
import { enable } from '../vfs.ts';
import type { Station } from '../station.ts';

const area = 'VF window';
const VF = 2;
const [PSRTYPE, FRTIMER] = [0x0f0c, 0x1048];
const [SRRCTL, RQDPC, TDWBAL] = [0x280c, 0x2830, 0x3838];
const DD = 1;

function open(station: Station) {
  station.openPools({ pools: [] });
  enable(station);
  station.set('VFRE', 0xff);
  station.set('VFTE', 0xff);
  return station.machine.vf(VF);
}

conformance(
  'the VF’s PSRTYPE says what is split for it',
  { area, evidence: '04 §4.8, I210', expect: { qemu: 'q-psrtype' } },
  (station) => {
    const vf = open(station);
    const rx = new RxQueue(station.vfPlace(VF), { srrctl: DESCRIPTOR.split | (2 << 8) | 2 });
    const split = (): boolean => {
      station.wire.send(packet({ to: poolAddress(VF) }));
      return ((rx.take()[0]!.dwords[0]! >>> 21) & 0x3ff) > 0;
    };
    vf.write32(PSRTYPE, 0);
    const without = split();
    vf.write32(PSRTYPE, 0x1ffff);
    assert.deepEqual([without, split()], [false, true]);
  },
);

conformance('head write-back of a VF', { area, evidence: '03 §3.4' }, (station) => {
  const vf = open(station);
  const tx = new TxQueue(station.vfPlace(VF));
  const head = station.machine.memory.allocate(128);
  vf.write32(TDWBAL, head | 1);
  const index = tx.send(ethernet('02:99:00:00:00:01', { from: poolAddress(VF) }));
  assert.equal(station.machine.memory.read32(head), 1);
  assert.equal(tx.dwords(index)[3]! & DD, 0);
});

conformance(
  'RQDPC counts what a VF’s queue dropped, and is cleared by a read',
  { area, evidence: '04 §4.7, igbvf', expect: { qemu: 'q-drop-counters' } },
  (station) => {
    const vf = open(station);
    const rx = new RxQueue(station.vfPlace(VF), { available: 1 });
    vf.write32(SRRCTL, (vf.read32(SRRCTL) | DROP_EN) >>> 0);
    for (let n = 0; n < 3; n += 1) station.wire.send(ethernet(poolAddress(VF)));
    assert.equal(rx.take()[0]!.status & RX.DD, RX.DD);
    assert.deepEqual([vf.read32(RQDPC), vf.read32(RQDPC)], [2, 0]);
  },
);

conformance(
  'a VF reads the port’s FRTIMER',
  { area, evidence: '02, linux ethtool -d', expect: { qemu: 'q-frtimer' } },
  (station) => {
    const vf = open(station);
    const before = vf.read32(FRTIMER);
    station.wait(10e6);
    const passed = vf.read32(FRTIMER) - before;
    assert.ok(passed >= 9 && passed < 500, `${passed}`);
  },
);
