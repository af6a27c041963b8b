import { PrivateApt } from '../apt.ts';
import { Cache } from '../cache.ts';
import { igbTests, prepareQemuTests, runQemuTest } from '../qemu-tests.ts';
import type { Workload } from '../workload.ts';

export const qos: Workload = {
  name: 'qos',
  summary: "QEMU's own tests of igb, unmodified, with our binary as QEMU; no guest",
  async run({ step }) {
    const cache = new Cache();
    const built = await step("QEMU's tests", async (report) => {
      const ready = await prepareQemuTests(cache, new PrivateApt(cache, report), report);
      report(`from QEMU ${ready.version}`);
      return ready;
    });
    for (const test of igbTests) await step(test, () => runQemuTest(built, test));
  },
};
