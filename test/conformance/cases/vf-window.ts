/** What a VF sees behind its BAR0, and that it works. */
import assert from 'node:assert/strict';
import { ethernet, poolAddress, STRANGER } from '../frames.ts';
import { RxQueue, TxQueue } from '../rings.ts';
import { conformance } from '../suite.ts';
import { enable } from '../vfs.ts';

const WINDOW = 'VF window';

conformance('STATUS tells of the VFs', { area: WINDOW, evidence: '01 §1.6' }, (station) => {
  station.machine.enableVfs(5);
  assert.equal((station.get('STATUS') >>> 14) & 0x1f, 0x15);
});

conformance('STATUS of a VF tells of the link', { area: WINDOW, evidence: '01 §1.4, igbvf' }, (station) => {
  station.start();
  enable(station);
  assert.equal(station.machine.vf(3).read32(8) & 0xc3, 0x83);
});

conformance('a VF cannot write STATUS', { area: WINDOW, evidence: '01 §1.4' }, (station) => {
  enable(station);
  const vf = station.machine.vf(0);
  const before = vf.read32(8);
  vf.write32(8, ~before);
  assert.equal(vf.read32(8), before);
});

for (const [name, at, pf, stride, value] of [
  ['RDBAL', 0x2800, 0xc000, 0x40, 0x1234_5680],
  ['RDLEN', 0x2808, 0xc008, 0x40, 0x1000],
  ['SRRCTL', 0x280c, 0xc00c, 0x40, 0x0200_0002],
  ['RXDCTL', 0x2828, 0xc028, 0x40, 0x0001_0808],
  ['TDBAL', 0x3800, 0xe000, 0x40, 0x1234_5680],
  ['TDLEN', 0x3808, 0xe008, 0x40, 0x1000],
  ['TXDCTL', 0x3828, 0xe028, 0x40, 0x0001_0108],
  ['TDWBAH', 0x383c, 0xe03c, 0x40, 0x55],
  ['VMBMEM', 0x0800, 0x0800, 0x40, 0xcafe_babe],
] as const) {
  conformance(
    `${name} of a VF is the PF's of its queue or mailbox`,
    { area: WINDOW, evidence: '01 §1.4' },
    (station) => {
      enable(station);
      for (const index of [0, 5]) {
        station.machine.vf(index).write32(at, value);
        assert.equal(station.pf.read32(pf + stride * index), value, `VF ${index}`);
      }
    },
  );
}

conformance('the second queue of VF v is v + 8', { area: WINDOW, evidence: '01 §1.4' }, (station) => {
  enable(station);
  station.machine.vf(3).write32(0x2900, 0x7_0000);
  station.machine.vf(3).write32(0x3900, 0x8_0000);
  assert.deepEqual([station.get('RDBAL', 11), station.get('TDBAL', 11)], [0x7_0000, 0x8_0000]);
});

conformance('EITR of VF v begins at 22 - 3v', { area: WINDOW, evidence: '01 §1.4' }, (station) => {
  enable(station);
  for (const index of [0, 7]) {
    station.machine.vf(index).write32(0x1684, 400);
    assert.equal(station.get('EITR', 23 - 3 * index), 400);
  }
});

conformance(
  'what is not the VF’s reads 0 and takes no write',
  { area: WINDOW, evidence: '01 §1.4, 07 §7.10' },
  (station) => {
    enable(station);
    const vf = station.machine.vf(0);
    for (const at of [0x0010, 0x0100, 0x0c00, 0x2a00, 0x3f00]) {
      vf.write32(at, 0xffff_ffff);
      assert.equal(vf.read32(at), 0, at.toString(16));
    }
    assert.equal(station.get('RCTL'), 0);
  },
);

conformance(
  'a VF’s registers answer by SR-IOV’s memory enable, its own command has no such bit',
  { area: WINDOW, evidence: 'PCI', expect: { qemu: 'q-vf-command' } },
  (station) => {
    enable(station);
    const vf = station.machine.vf(1);
    vf.configWrite(4, 2, 4);
    assert.equal(vf.configRead(4, 2), 4);
    vf.write32(0x800, 0x1234);
    assert.equal(vf.read32(0x800), 0x1234);
  },
);

conformance('a VF’s mailbox is its own', { area: WINDOW, evidence: '07 §7.10' }, (station) => {
  enable(station);
  station.machine.vf(1).write32(0x0800, 0x1111);
  assert.equal(station.machine.vf(2).read32(0x0800), 0);
});

conformance(
  'FRTIMER counts milliseconds',
  { area: WINDOW, evidence: '02, linux ethtool -d', expect: { qemu: 'q-frtimer' } },
  (station) => {
    const before = station.get('FRTIMER');
    station.wait(10e6);
    const passed = station.get('FRTIMER') - before;
    assert.ok(passed >= 9 && passed < 500, `${passed}`);
  },
);

conformance('a VF sends and receives on its own rings', { area: WINDOW, evidence: '01 §1.4' }, (station) => {
  station.openPools({ pools: [] });
  enable(station);
  station.set('VFRE', 0xff);
  station.set('VFTE', 0xff);
  const tx = new TxQueue(station.vfPlace(2));
  const rx = new RxQueue(station.vfPlace(2));
  const frame = ethernet(STRANGER, { from: poolAddress(2) });
  assert.ok(tx.isDone(tx.send(frame)));
  assert.deepEqual(station.wire.take(), [frame]);
  const back = ethernet(poolAddress(2));
  station.wire.send(back);
  assert.deepEqual(rx.frames(), [back]);
});
