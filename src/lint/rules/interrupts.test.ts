import { pf } from '../../devices/igb/tables/index.ts';
import { testRules } from '../testing.ts';
import { interruptRules } from './interrupts.ts';

const { EIMC, EIMS, GPIE, IVAR } = pf;
const frame = (): Uint8Array => Uint8Array.from({ length: 60 }, (_, n) => (n < 6 ? 0xff : n));

testRules(interruptRules, {
  driver: {
    'vector-missing': {
      wrong: (driver) => {
        driver.write(IVAR, 0x8100);
        driver.receive(frame());
        // No queue has one, but vectors are unmasked for more than what is beside queues.
        driver.write(IVAR, 0);
        driver.write(EIMS, 3);
        driver.receive(frame());
      },
      right: (driver) => {
        driver.receive(frame());
        // Polled, without MSI-X mode.
        driver.write(GPIE, 0);
        driver.write(IVAR, 0);
        driver.receive(frame());
      },
    },
    'vectors-unused': {
      wrong: (driver) => {
        driver.write(EIMC, 2);
        driver.write(IVAR, 0);
        driver.receive(frame());
      },
      right: (driver) => {
        driver.write(EIMC, 2);
        driver.receive(frame());
      },
    },
    'vector-beyond-table': {
      wrong: (driver) => driver.write(IVAR, 0x818a),
      right: (driver) => driver.write(IVAR, 0x8189),
    },
    'vectors-without-mode': {
      wrong: (driver) => {
        driver.write(GPIE, 0);
        driver.write(IVAR, 0x8281);
      },
      right: (driver) => {
        driver.write(GPIE, 0);
        driver.write(IVAR, 0x8080);
        driver.write(GPIE, GPIE.MULTIPLE_MSIX.mask);
        driver.write(IVAR, 0x8281);
      },
    },
  },
});
