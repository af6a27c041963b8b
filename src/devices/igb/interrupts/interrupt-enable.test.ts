/** Causes that came while a function's messages were off (a hypervisor turns MSI-X off and on to add a vector) are told then. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../tables/index.ts';
import { SriovRig } from '../functions/testing-sriov.ts';

const { EIAC, EICS, EIMS, GPIE } = pf;

test('a vector that fired while MSI-X was off fires when it is on; one that was told is not told twice', () => {
  const rig = new SriovRig();
  const registers = rig.at(0xfa00_0000);
  registers.write(GPIE.at, GPIE.MULTIPLE_MSIX.mask);
  registers.write(EIMS.at, 6);
  registers.write(EIAC.at, 4);
  registers.write(EICS.at, 2);
  assert.deepEqual(rig.messages(), ['101']);
  rig.setConfig(1, 0, 0x72, 0, 2);
  registers.write(EICS.at, 4);
  assert.deepEqual(rig.messages(), []);
  rig.setConfig(1, 0, 0x72, 0x8000, 2);
  assert.deepEqual(rig.messages(), ['102']);
  rig.setConfig(1, 0, 0x72, 0xc000, 2);
  rig.setConfig(1, 0, 0x72, 0x8000, 2);
  assert.deepEqual(rig.messages(), [], 'nothing new');
});

test('and so does that of a VF, behind its PF and by itself', () => {
  for (const alone of [false, true]) {
    const rig = new SriovRig({ guest: !alone });
    rig.port.write(GPIE.at, GPIE.MULTIPLE_MSIX.mask);
    const machine = alone ? rig.vfMachine(2) : undefined;
    machine?.attach();
    if (!alone) {
      rig.setNumVfs(4);
      rig.enableVf(2);
    }
    const registers = machine?.registers ?? rig.vfRegisters(2);
    const told = (): readonly string[] => machine?.host.signals.splice(0) ?? rig.messages();
    const setMsix = (control: number): void => {
      if (machine === undefined) rig.setVfConfig(2, 0x72, control, 2);
      else machine.config.write(0x72, control, 2);
    };
    registers.write(0x1524, 2);
    registers.write(0x152c, 2);
    setMsix(0);
    registers.write(0x1520, 2);
    assert.deepEqual(told(), []);
    setMsix(0x8000);
    assert.deepEqual(told(), [alone ? '2.1' : '221']);
  }
});
