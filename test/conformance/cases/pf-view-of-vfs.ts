/** A VF's interrupt registers as the PF sees them (PVT…). */
import assert from 'node:assert/strict';
import { conformance } from '../suite.ts';
import { enable } from '../vfs.ts';

const area = 'VF registers seen by the PF';
const evidence = '02 §2.11, dpdk';
const expect = { qemu: 'q-pvt' } as const;
const VF = 3;
/** VTEICS, VTEIMS, VTEIAC, VTEIAM and VTEICR of the VF. */
const [EICS, EIMS, EIAC, EIAM, EICR] = [0x1520, 0x1524, 0x152c, 0x1530, 0x1580];

conformance(
  'PVTSTATUS tells of link, speed and duplex as the VF’s STATUS does',
  { area, evidence, expect },
  (station) => {
    enable(station);
    station.start();
    const shown = station.machine.vf(VF).read32(8) & 0xc3;
    assert.deepEqual([station.get('PVTSTATUS', VF) & 0xc3, shown], [0x83, 0x83]);
  },
);

conformance('PVTEIMS and PVTEIMC are VTEIMS and VTEIMC of that VF alone', { area, evidence, expect }, (station) => {
  enable(station);
  const [vf, other] = [station.machine.vf(VF), station.machine.vf(VF + 1)];
  station.set('PVTEIMS', 5, VF);
  assert.deepEqual([vf.read32(EIMS), other.read32(EIMS), station.get('PVTEIMS', VF)], [5, 0, 5]);
  station.set('PVTEIMC', 1, VF);
  assert.equal(vf.read32(EIMS), 4);
});

conformance('PVTEICS sends a vector of the VF', { area, evidence }, (station) => {
  enable(station);
  station.openMsix();
  const vf = station.machine.vf(VF);
  vf.enableMsix();
  vf.write32(EIMS, 2);
  station.set('PVTEICS', 2, VF);
  assert.deepEqual([vf.takeVectors(), station.pf.takeVectors()], [[1], []]);
});

conformance('PVTEIAC and PVTEIAM are those of the VF', { area, evidence }, (station) => {
  enable(station);
  const vf = station.machine.vf(VF);
  station.set('PVTEIAC', 3, VF);
  station.set('PVTEIAM', 6, VF);
  assert.deepEqual([vf.read32(EIAC), vf.read32(EIAM)], [3, 6]);
  vf.write32(EIAM, 1);
  assert.equal(station.get('PVTEIAM', VF), 1);
});

conformance('PVTEICR shows what the VF has pending', { area, evidence, expect }, (station) => {
  enable(station);
  station.openMsix();
  const vf = station.machine.vf(VF);
  vf.write32(EICS, 4);
  assert.equal(station.get('PVTEICR', VF) & 7, 4);
  assert.equal(vf.read32(EICR) & 7, 0, 'a read clears, whoever reads');
});
