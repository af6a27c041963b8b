import { pf } from '../../devices/igb/tables/index.ts';
import { TEST_MAC } from '../../devices/igb/testing-port.ts';
import { ENABLE, type LintedDriver, SPARE, testRules } from '../testing.ts';
import { receiveRules } from './receive.ts';

const { MRQC, RAH, RAL, RCTL, RDBAL, RDLEN, RETA, RLPML, RSSRK, RXDCTL, VFTA, VLVF } = pf;
const VLAN = 5;
const RSS_IPV4 = 2 | MRQC.RSS_IPV4.mask;

/** To us: tagged, or IPv4. */
function frame(tag?: number): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set(TEST_MAC);
  if (tag === undefined) bytes.set([8, 0, 0x45, 0, 0, 50, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], 12);
  else bytes.set([0x81, 0, 0, tag, 0x88, 0xb5], 12);
  return bytes;
}

function address(driver: LintedDriver, low: number, high: number): void {
  driver.driver.write(RAL, low, 1, 8);
  driver.driver.write(RAH, high, 1, 8);
}

function filterVlan(driver: LintedDriver, inTable: boolean): void {
  driver.write(VLVF, VLVF.VI_EN.mask | VLAN);
  driver.write(VFTA, inTable ? 1 << VLAN : 0);
  driver.update(RCTL, 0, RCTL.VFE.mask);
  driver.receive(frame(VLAN));
}

function hash(driver: LintedDriver, key: number, queue: number, on = false): void {
  driver.write(RSSRK, key);
  for (let n = 0; n < 32; n += 1) driver.driver.write(RETA, queue * 0x01010101, n);
  if (on) {
    driver.driver.write(RDLEN, 1024, queue, 0x40);
    driver.driver.write(RDBAL, SPARE, queue, 0x40);
    driver.driver.write(RXDCTL, ENABLE, queue, 0x40);
  }
  driver.write(MRQC, RSS_IPV4);
  driver.run();
  driver.receive(frame());
}

testRules(receiveRules, {
  driver: {
    'address-multicast': {
      wrong: (driver) => address(driver, 0x005e_0001, RAH.AV.mask | 0x100),
      right: (driver) => address(driver, 0x0000_0002, RAH.AV.mask | 0x100),
    },
    'address-zero': {
      wrong: (driver) => address(driver, 0, RAH.AV.mask),
      right: (driver) => address(driver, 0, 0),
    },
    'long-packets-limit': {
      wrong: (driver) => driver.write(RLPML, 1500),
      right: (driver) => {
        driver.write(RLPML, 1518);
        driver.update(RCTL, RCTL.LPE.mask, 0);
        driver.write(RLPML, 0);
      },
    },
    'vlan-not-in-vfta': {
      wrong: (driver) => filterVlan(driver, false),
      right: (driver) => {
        filterVlan(driver, true);
        // What is in neither is nobody's.
        driver.receive(frame(VLAN + 1));
      },
    },
    'rss-key-zero': {
      wrong: (driver) => hash(driver, 0, 0),
      right: (driver) => hash(driver, 0x6d5a56da, 0),
    },
    'rss-queue-off': {
      wrong: (driver) => hash(driver, 0x6d5a56da, 3),
      right: (driver) => hash(driver, 0x6d5a56da, 3, true),
    },
  },
});
