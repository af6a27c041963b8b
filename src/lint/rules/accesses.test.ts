import { pf, vf } from '../../devices/igb/tables/index.ts';
import { type LintedDriver, testRules } from '../testing.ts';
import { accessRules } from './accesses.ts';

const { CTRL, EECD, EERD, MDIC, RCTL, STATUS, SW_FW_SYNC, TCTL } = pf;
const PHY_READ = MDIC.OP_READ.mask | (1 << MDIC.PHYADD.shift) | (2 << MDIC.REGADD.shift);
const FREE = 0x1_8000;
const FREE_OF_VF = 0x3ff0;

const quiet = (driver: LintedDriver): void => {
  driver.write(RCTL, 0);
  driver.write(TCTL, 0);
};

testRules(accessRules, {
  driver: {
    'register-unknown': {
      wrong: (driver) => driver.write({ at: FREE }, 1),
      right: (driver) => driver.write(pf.TIMINCA, 0x01800000),
    },
    'register-read-only': {
      wrong: (driver) => driver.write(pf.FWSM, 1),
      right: (driver) => driver.read(pf.FWSM),
    },
    'reset-not-awaited': {
      wrong: (driver) => {
        quiet(driver);
        driver.update(CTRL, 0, CTRL.RST.mask);
        driver.write(pf.IMC, 0xffffffff);
      },
      right: (driver) => {
        quiet(driver);
        driver.update(CTRL, 0, CTRL.RST.mask);
        driver.read(EECD);
        driver.write(pf.IMC, 0xffffffff);
        driver.update(CTRL, 0, CTRL.RST.mask);
        driver.driver.sleep(2);
        driver.write(pf.IMC, 0xffffffff);
      },
    },
    'reset-while-running': {
      wrong: (driver) => {
        driver.update(CTRL, 0, CTRL.RST.mask);
        driver.read(STATUS);
      },
      right: (driver) => driver.driver.resetHw(),
    },
    'mdic-not-awaited': {
      wrong: (driver) => {
        driver.write(MDIC, PHY_READ);
        driver.write(MDIC, PHY_READ);
      },
      right: (driver) => {
        driver.write(MDIC, PHY_READ);
        driver.read(MDIC);
        driver.write(MDIC, PHY_READ);
      },
    },
    'mdic-operation': {
      wrong: (driver) => driver.write(MDIC, PHY_READ | MDIC.OP_WRITE.mask),
      right: (driver) => driver.write(MDIC, PHY_READ),
    },
    'phy-unknown': {
      wrong: (driver) => driver.write(MDIC, MDIC.OP_READ.mask | (7 << MDIC.PHYADD.shift)),
      right: (driver) => driver.write(MDIC, PHY_READ),
    },
    'nvm-not-awaited': {
      wrong: (driver) => {
        driver.write(EERD, EERD.START.mask);
        driver.write(EERD, EERD.START.mask);
      },
      right: (driver) => {
        driver.write(EERD, EERD.START.mask);
        driver.read(EERD);
        driver.write(EERD, EERD.START.mask);
      },
    },
    'nvm-word-unknown': {
      wrong: (driver) => driver.write(EERD, EERD.START.mask | (0x3000 << 2)),
      right: (driver) => driver.write(EERD, EERD.START.mask | (0x3f << 2)),
    },
    'nvm-bus-not-granted': {
      wrong: (driver) => driver.update(EECD, 0, EECD.SK.mask),
      right: (driver) => {
        driver.update(EECD, 0, EECD.REQ.mask);
        driver.update(EECD, 0, EECD.SK.mask);
        driver.update(EECD, EECD.SK.mask, 0);
        driver.update(EECD, EECD.REQ.mask, 0);
      },
    },
    'resource-without-semaphore': {
      wrong: (driver) => driver.write(SW_FW_SYNC, SW_FW_SYNC.SW_PHY0.mask),
      right: (driver) => {
        driver.driver.acquire(SW_FW_SYNC.SW_PHY0.mask);
        driver.driver.release(SW_FW_SYNC.SW_PHY0.mask);
      },
    },
  },
  vfs: {
    'access-partial': {
      wrong: ({ rig }) => rig.registers.read(STATUS.at, 2),
      right: ({ rig }) => rig.registers.read(STATUS.at, 4),
    },
    'vf-register-unknown': {
      wrong: ({ rig }) => rig.vfRegisters(0).write(FREE_OF_VF, 1),
      right: ({ rig }) => rig.vfRegisters(0).write(vf.VTEIMC.at, 1),
    },
    'vf-register-idle': {
      wrong: ({ rig }) => {
        rig.setNumVfs(0);
        rig.port.vfWindows[0]!.write(vf.VTEIMC.at, 1);
      },
      right: ({ rig }) => {
        rig.setNumVfs(0);
        rig.port.vfWindows[0]!.read(vf.V2PMAILBOX.at);
      },
    },
  },
});
