/** Vectors of VFs. */
import assert from 'node:assert/strict';
import { ethernet, poolAddress } from '../frames.ts';
import { conformance } from '../suite.ts';
import { enable, openVf } from '../vfs.ts';

const VF_INTERRUPTS = 'VF interrupts';

for (const [index, vector] of [
  [0, 0],
  [0, 2],
  [7, 1],
] as const) {
  conformance(
    `VTEICS of VF ${index} sends its vector ${vector}`,
    { area: VF_INTERRUPTS, evidence: '06 §6.9' },
    (station) => {
      enable(station);
      station.openMsix();
      const vf = station.machine.vf(index);
      vf.enableMsix();
      vf.write32(0x1524, 1 << vector);
      vf.write32(0x1520, 1 << vector);
      assert.deepEqual(vf.takeVectors(), [vector]);
      assert.deepEqual(station.pf.takeVectors(), []);
    },
  );
}

for (const vector of [0, 1, 2]) {
  conformance(
    `the mailbox interrupt of a VF comes on vector ${vector} when VTIVAR_MISC says so`,
    { area: VF_INTERRUPTS, evidence: '06 §6.4, igbvf', expect: { qemu: 'q-vf-mailbox-vector' } },
    (station) => {
      enable(station);
      station.openMsix();
      const vf = station.machine.vf(1);
      vf.enableMsix();
      vf.write32(0x1740, 0x80 | vector);
      vf.write32(0x1524, 7);
      station.set('P2VMAILBOX', 1, 1);
      assert.deepEqual(vf.takeVectors(), [vector]);
    },
  );
}

conformance(
  'VTIVAR replaces the vector of a queue',
  { area: VF_INTERRUPTS, evidence: '06 §6.4, 11.2', expect: { qemu: 'q-vtivar' } },
  (station) => {
    const { rx } = { rx: openVf(station) };
    const vf = station.machine.vf(2);
    vf.write32(0x1700, 0x81);
    vf.write32(0x1700, 0x82);
    station.wire.send(ethernet(poolAddress(2)));
    assert.equal(rx.take().length, 1);
    assert.deepEqual(vf.takeVectors(), [2]);
  },
);

conformance('VTIVAR gives a VF’s receive queue its vector', { area: VF_INTERRUPTS, evidence: '06 §6.4' }, (station) => {
  openVf(station);
  const vf = station.machine.vf(2);
  vf.write32(0x1700, 0x81);
  station.wire.send(ethernet(poolAddress(2)));
  assert.deepEqual(vf.takeVectors(), [1]);
});

conformance(
  'VTEICR shows the VF’s causes as they are, and a read clears them',
  { area: VF_INTERRUPTS, evidence: '06 §6.9', expect: { qemu: 'q-vf-live' } },
  (station) => {
    enable(station);
    station.openMsix();
    const vf = station.machine.vf(3);
    vf.write32(0x1520, 5);
    assert.deepEqual([vf.read32(0x1580), vf.read32(0x1580)], [5, 0]);
  },
);

conformance(
  'VTEIMS shows the VF’s mask as it is',
  { area: VF_INTERRUPTS, evidence: '06 §6.9', expect: { qemu: 'q-vf-live' } },
  (station) => {
    enable(station);
    station.openMsix();
    const vf = station.machine.vf(3);
    vf.write32(0x1524, 7);
    vf.write32(0x1528, 2);
    assert.equal(vf.read32(0x1524), 5);
  },
);

conformance('VTEIMS of VF v is EIMS from bit 22 - 3v on', { area: VF_INTERRUPTS, evidence: '06 §6.9' }, (station) => {
  enable(station);
  station.openMsix();
  station.machine.vf(1).write32(0x1524, 5);
  assert.equal(station.get('EIMS'), 5 << 19);
});

conformance('VTEIAC clears the cause with the message', { area: VF_INTERRUPTS, evidence: '06 §6.9' }, (station) => {
  enable(station);
  station.openMsix();
  const vf = station.machine.vf(0);
  vf.enableMsix();
  vf.write32(0x152c, 7);
  vf.write32(0x1524, 7);
  vf.write32(0x1520, 1);
  vf.takeVectors();
  assert.equal(station.get('EICR') & (7 << 22), 0);
});

conformance(
  'a VF’s PBACL leaves the PF’s pending vectors alone',
  { area: VF_INTERRUPTS, evidence: '11.2', expect: { qemu: 'q-vf-pbacl' } },
  (station) => {
    enable(station, 2);
    station.openMsix();
    station.pf.maskVector(1, true);
    station.set('EIMS', 2);
    station.set('EICS', 2);
    assert.ok(station.pf.isPending(1));
    station.machine.vf(0).write32(0xf04, 0xffff_ffff);
    assert.ok(station.pf.isPending(1));
  },
);

conformance('a VF’s EITR holds its vectors', { area: VF_INTERRUPTS, evidence: '06 §6.9' }, (station) => {
  enable(station);
  station.openMsix();
  const vf = station.machine.vf(0);
  vf.enableMsix();
  vf.write32(0x152c, 7);
  vf.write32(0x1524, 7);
  vf.write32(0x1680, 8000 << 2);
  vf.write32(0x1520, 1);
  assert.deepEqual(vf.takeVectors(), [0]);
  vf.write32(0x1520, 1);
  assert.deepEqual(vf.takeVectors(), []);
  station.wait(40e6);
  assert.deepEqual(vf.takeVectors(), [0]);
});
