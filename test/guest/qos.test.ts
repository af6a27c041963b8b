/** QEMU's own igb tests, unmodified. Building them takes minutes, so they run where `lab run qos` has built them. */
import { test } from 'node:test';
import { PrivateApt } from '../../src/lab/apt.ts';
import { Cache } from '../../src/lab/cache.ts';
import { haveQemuTests, igbTests, prepareQemuTests, runQemuTest } from '../../src/lab/qemu-tests.ts';

const cache = new Cache();
const skip = haveQemuTests(cache) ? false : 'not built: outboard lab run qos';
const quiet = (): void => undefined;

for (const name of igbTests)
  test(`igb-tests/${name}`, { skip }, async () => {
    await runQemuTest(await prepareQemuTests(cache, new PrivateApt(cache, quiet), quiet), name);
  });
