import { pf } from '../../devices/igb/tables/index.ts';
import { layout } from '../../devices/igb/testing-driver.ts';
import { ENABLE, type LintedDriver, SPARE, testRules } from '../testing.ts';
import { transmitRules } from './transmit.ts';

/** DEXT, data, IFCS, RS. */
const DATA = 0x2a30_0000;
const EOP = 0x0100_0000;
const TSE = 0x8000_0000;
const CONTEXT = 0x2020_0000;
const TCP = 1 << 11;
const TXSM = 1 << 9;
const HEADERS = 14 + 20 + 20;
const context = (driver: LintedDriver, mss: number): void =>
  driver.post((14 << 9) | 20, CONTEXT | TCP, (mss << 16) | (20 << 8));

/** A TCP packet over IPv4. */
function fill(driver: LintedDriver, length: number): void {
  const bytes = new Uint8Array(Math.max(length, HEADERS));
  bytes.set([2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, 8, 0, 0x45]);
  bytes[23] = 6;
  bytes[46] = 0x50;
  driver.memory.pokeBytes(layout.txBuffers, bytes);
}

function send(driver: LintedDriver, length: number, command: number, options: number, payload = length): void {
  fill(driver, Math.min(length, 4000));
  driver.post(layout.txBuffers, (DATA | EOP | command | length) >>> 0, (payload << 14) | options);
}

const segmented = (driver: LintedDriver): void => send(driver, 2000, TSE, TXSM, 2000 - HEADERS);

testRules(transmitRules, {
  driver: {
    'context-missing': {
      wrong: (driver) => send(driver, 100, 0x4000_0000, 0),
      right: (driver) => {
        context(driver, 0);
        send(driver, 100, 0x4000_0000, TXSM);
        send(driver, 100, 0, 0);
      },
    },
    'transmit-descriptor-type': {
      wrong: (driver) => driver.post(layout.txBuffers, 0x2070_0000, 0),
      right: (driver) => context(driver, 1000),
    },
    'packet-too-long': {
      wrong: (driver) => send(driver, 9729, 0, 0),
      right: (driver) => send(driver, 9728, 0, 0),
    },
    'packet-too-short': {
      wrong: (driver) => send(driver, 13, 0, 0),
      right: (driver) => send(driver, 14, 0, 0),
    },
    'packet-without-end': {
      wrong: (driver) => {
        driver.set(pf.TXDCTL, 0, 0);
        driver.set(pf.TDLEN, 0, 1024 * 16);
        driver.set(pf.TDBAL, 0, SPARE);
        for (let n = 0; n < 600; n += 1) driver.memory.poke32(SPARE + 16 * n + 8, DATA | 10);
        driver.set(pf.TXDCTL, 0, ENABLE);
        driver.set(pf.TDT, 0, 600);
      },
      right: (driver) => {
        for (let n = 0; n < 200; n += 1) driver.post(layout.txBuffers, DATA | 10 | (n === 199 ? EOP : 0), 2000 << 14);
      },
    },
    'offload-unfit': {
      wrong: (driver) => {
        context(driver, 1000);
        send(driver, 40, 0, TXSM);
      },
      right: (driver) => {
        context(driver, 1000);
        send(driver, 60, 0, TXSM);
      },
    },
    'segment-size': {
      wrong: (driver) => {
        context(driver, 0);
        segmented(driver);
      },
      right: (driver) => {
        context(driver, 1000);
        segmented(driver);
      },
    },
  },
});
