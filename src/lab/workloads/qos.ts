import { fileURLToPath } from 'node:url';
import { PrivateApt } from '../apt.ts';
import { Cache } from '../cache.ts';
import { LabError } from '../errors.ts';
import { prepareQemuTests } from '../qemu-tests.ts';
import { runCommand } from '../run-command.ts';
import type { Workload } from '../workload.ts';

const tests = ['init', 'tx', 'rx', 'multiple_transfers', 'hotplug'];
const path = '/x86_64/pc/i440FX-pcihost/pci-bus-pc/pci-bus/igb/igb-tests';
/** From build/src/lab/workloads. */
const binary = fileURLToPath(new URL('../../../../bin/outboard-system-x86_64', import.meta.url));
const limitMs = 120_000;

/** The lines that say why, of a test's output. */
function reasonOf(output: string): string {
  const lines = output.split('\n').filter((line) => /ERROR|Bail out|outboard:|not ok/.test(line));
  return lines[0] ?? output.trim().split('\n').at(-1) ?? 'no output';
}

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
    for (const test of tests)
      await step(test, async (report) => {
        const env = { ...process.env, ...built.env, QTEST_QEMU_BINARY: binary };
        const result = await runCommand(built.program, ['-p', `${path}/${test}`], { env, timeoutMs: limitMs });
        const passed = new RegExp(`^ok \\d+ ${path}/${test}$`, 'm').test(result.stdout);
        if (result.status !== 0 || !passed)
          throw new LabError('QOS_TEST', `${test}: ${reasonOf(`${result.stdout}\n${result.stderr}`)}`);
        report('ok');
      });
  },
};
