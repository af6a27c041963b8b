import { pf } from '../../devices/igb/tables/index.ts';
import { layout } from '../../devices/igb/testing-driver.ts';
import { ENABLE, NOWHERE, SPARE, testRules } from '../testing.ts';
import { ringRules } from './rings.ts';

const { CTRL, RCTL, RDBAL, RDLEN, RXDCTL, SRRCTL, TDBAL, TDH, TDLEN, TDT, TXDCTL } = pf;
const GIVEN = 0x02000402;
const frame = (): Uint8Array => Uint8Array.from({ length: 60 }, (_, n) => (n < 6 ? 0xff : n));

testRules(ringRules, {
  driver: {
    'queue-without-length': {
      wrong: (driver) => driver.set(TXDCTL, 1, ENABLE),
      right: (driver) => {
        driver.placeTransmitRing(1);
        driver.set(TXDCTL, 1, ENABLE);
      },
    },
    'queue-without-base': {
      wrong: (driver) => {
        driver.set(RDLEN, 1, 1024);
        driver.set(RXDCTL, 1, ENABLE);
      },
      right: (driver) => {
        driver.placeReceiveRing(1);
        driver.set(RXDCTL, 1, ENABLE);
      },
    },
    'ring-length-unaligned': {
      wrong: (driver) => driver.set(TDLEN, 1, 1000),
      right: (driver) => driver.set(TDLEN, 1, 1024),
    },
    'ring-base-unaligned': {
      wrong: (driver) => driver.set(RDBAL, 1, SPARE + 0x10),
      right: (driver) => driver.set(RDBAL, 1, SPARE + 0x80),
    },
    'ring-moved-while-on': {
      wrong: (driver) => driver.set(TDBAL, 0, SPARE),
      right: (driver) => {
        driver.set(TDH, 0, 0);
        driver.set(TXDCTL, 0, 0);
        driver.set(TDBAL, 0, SPARE);
        driver.set(TDH, 0, 0);
      },
    },
    'srrctl-while-on': {
      wrong: (driver) => driver.set(SRRCTL, 0, GIVEN + 2),
      right: (driver) => {
        driver.set(SRRCTL, 0, GIVEN | SRRCTL.DROP_EN.mask);
        driver.set(RXDCTL, 0, 0);
        driver.set(SRRCTL, 0, GIVEN + 2);
      },
    },
    'head-beyond-ring': {
      wrong: (driver) => {
        driver.placeTransmitRing(1);
        driver.set(TDH, 1, 64);
        driver.set(TXDCTL, 1, ENABLE);
      },
      right: (driver) => {
        driver.placeTransmitRing(1);
        driver.set(TDH, 1, 63);
        driver.set(TXDCTL, 1, ENABLE);
      },
    },
    'tail-beyond-ring': {
      wrong: (driver) => driver.set(TDT, 0, 256),
      right: (driver) => driver.set(TDT, 0, 255),
    },
    'tail-over-own': {
      wrong: (driver) => {
        driver.set(TDT, 0, 10);
        driver.set(TDT, 0, 9);
      },
      right: (driver) => {
        driver.set(TDT, 0, 10);
        driver.set(TDT, 0, 255);
      },
    },
    'tail-while-off': {
      wrong: (driver) => {
        driver.placeTransmitRing(1);
        driver.set(TDT, 1, 3);
      },
      right: (driver) => {
        driver.placeTransmitRing(1);
        driver.set(TDT, 1, 0);
        driver.set(TXDCTL, 1, ENABLE);
        driver.set(TDT, 1, 3);
      },
    },
    'bus-master-off': {
      wrong: (driver) => {
        driver.memory.usable = false;
        driver.set(TDT, 0, 1);
        driver.memory.usable = true;
      },
      right: (driver) => driver.set(TDT, 0, 1),
    },
    'master-disabled': {
      wrong: (driver) => {
        driver.update(CTRL, 0, CTRL.GIO_MASTER_DISABLE.mask);
        driver.set(TDT, 0, 1);
      },
      right: (driver) => {
        driver.update(CTRL, 0, CTRL.GIO_MASTER_DISABLE.mask);
        driver.update(CTRL, CTRL.GIO_MASTER_DISABLE.mask, 0);
        driver.set(TDT, 0, 1);
      },
    },
    'ring-not-in-memory': {
      wrong: (driver) => {
        driver.set(TDLEN, 1, 1024);
        driver.set(TDBAL, 1, NOWHERE);
        driver.set(TXDCTL, 1, ENABLE);
        driver.set(TDT, 1, 1);
      },
      right: (driver) => {
        driver.placeTransmitRing(1);
        driver.set(TXDCTL, 1, ENABLE);
        driver.set(TDT, 1, 1);
      },
    },
    'transmit-buffer-not-in-memory': {
      wrong: (driver) => driver.post(NOWHERE, 0x2b30_0000 | 60, 60 << 14),
      right: (driver) => driver.driver.send(frame()),
    },
    'receive-buffer-not-in-memory': {
      wrong: (driver) => {
        driver.memory.poke64(layout.rx, NOWHERE);
        driver.receive(frame());
      },
      right: (driver) => driver.receive(frame()),
    },
    'header-buffer-empty': {
      wrong: (driver) => driver.set(SRRCTL, 1, (2 << SRRCTL.DESCTYPE.shift) | 2),
      right: (driver) => driver.set(SRRCTL, 1, (2 << SRRCTL.DESCTYPE.shift) | 0x402),
    },
    'receive-descriptor-type': {
      wrong: (driver) => driver.set(SRRCTL, 1, (6 << SRRCTL.DESCTYPE.shift) | 0x402),
      right: (driver) => driver.set(SRRCTL, 1, (5 << SRRCTL.DESCTYPE.shift) | 0x402),
    },
    'receive-buffer-reserved': {
      wrong: (driver) => {
        driver.update(RCTL, 0, RCTL.BSEX.mask);
        driver.placeReceiveRing(1);
        driver.set(RXDCTL, 1, ENABLE);
      },
      right: (driver) => {
        driver.update(RCTL, 0, RCTL.BSEX.mask | (1 << RCTL.BSIZE.shift));
        driver.placeReceiveRing(1);
        driver.set(RXDCTL, 1, ENABLE);
      },
    },
  },
});
