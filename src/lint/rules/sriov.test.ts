import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf, vf } from '../../devices/igb/tables/index.ts';
import { Message } from '../../driver/index.ts';
import { LintedVfs, rulesOf, testRules } from '../testing.ts';
import { sriovRules } from './sriov.ts';

const { P2VMAILBOX, V2PMAILBOX, VMBMEM } = pf;
const OTHERS = [2, 0, 0, 0, 0, 9] as const;
const MARK = [0x88, 0xb5] as const;

const send = (driver: LintedVfs, from: readonly number[]): void => {
  const bytes = new Uint8Array(60);
  bytes.set([...OTHERS, ...from, ...MARK]);
  driver.vf.rings.send(bytes);
};

testRules(sriovRules, {
  vfs: {
    'mailbox-not-owned-by-pf': {
      wrong: (driver) => driver.pf.write(VMBMEM, 1, 16),
      right: (driver) => {
        driver.pf.write(P2VMAILBOX, P2VMAILBOX.PFU.mask, 1);
        driver.pf.write(VMBMEM, 1, 16);
        driver.pf.write(P2VMAILBOX, 0, 1);
      },
    },
    'mailbox-not-owned-by-vf': {
      wrong: ({ rig }) => rig.vfRegisters(0).write(vf.VMBMEM.at + 4, 1),
      right: ({ rig }) => {
        rig.vfRegisters(0).write(vf.V2PMAILBOX.at, V2PMAILBOX.VFU.mask);
        rig.vfRegisters(0).write(vf.VMBMEM.at + 4, 1);
        rig.vfRegisters(0).write(vf.V2PMAILBOX.at, 0);
      },
    },
    'request-before-reset': {
      wrong: (driver) => {
        driver.vf.registers.write(vf.VTCTRL.at, vf.VTCTRL.RST.mask);
        driver.vf.port.post([Message.setVlan, 7]);
      },
      right: (driver) => {
        driver.vf.reset();
        driver.vf.port.post([Message.setVlan, 7]);
      },
    },
    'vf-elsewhere': {
      wrong: ({ rig }) => {
        rig.vfMachine(1).attach();
        rig.vfRegisters(1).read(vf.STATUS.at);
      },
      right: ({ rig }) => {
        const machine = rig.vfMachine(1);
        machine.attach();
        machine.registers.read(vf.STATUS.at);
      },
    },
    'spoofed-frame': {
      wrong: (driver) => send(driver, OTHERS),
      right: (driver) => send(driver, driver.vf.macBytes),
    },
  },
});

test("a VF's vectors are those of its own table", () => {
  const driver = new LintedVfs();
  driver.rig.vfRegisters(0).write(vf.VTIVAR0.at, 0x8281);
  assert.deepEqual(rulesOf(driver.lint), []);
  driver.rig.vfRegisters(0).write(vf.VTIVAR0.at, 0x8381);
  assert.deepEqual(rulesOf(driver.lint), ['vector-beyond-table']);
});
