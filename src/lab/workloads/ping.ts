import { guestAddress, jumboMtu } from '../external-host-protocol.ts';
import { LabError } from '../errors.ts';
import type { Workload } from '../workload.ts';

const sizes = [0, 1, 7, 18, 56, 64, 500, 1000, 1471, 1472, 1473, 2000, 4000, 6000, 8000];

export const ping: Workload = {
  name: 'ping',
  summary: 'IPv4 and IPv6, 0 to 8,000 bytes with MTU 9000, a flood of 1,000 without loss',
  async run({ open, step }) {
    const scene = await open({ cpus: 1 });
    await step('first pings', async (report) => {
      report(`${await scene.mustPing(3)} ms IPv4, ${await scene.mustPing(3, '', true)} ms IPv6`);
    });
    await scene.machine.run(`ip link set ${scene.interfaceName} mtu ${jumboMtu}`);
    await scene.waitForCarrier(true, 10_000);
    for (const six of [false, true])
      await step(`IPv${six ? 6 : 4}, ${sizes.length} sizes to 8,000 bytes, MTU ${jumboMtu}`, async () => {
        for (const size of sizes) await scene.mustPing(5, `-s ${size}`, six);
        // A pattern catches bytes that are moved or left over, a size alone does not.
        await scene.mustPing(5, '-s 8000 -p a55a0ff0', six);
      });
    await step('flood of 1,000', async (report) => {
      const { lost, meanMs } = await scene.ping('-f -q -c 1000');
      if (lost > 0) throw new LabError('PING_LOSS', `${lost} of 1000 flood pings were not answered`);
      report(`mean round trip ${meanMs} ms`);
    });
    await step('the external host pings the guest', async () => {
      await scene.host.run('ping', `-n -c 5 -i 0.05 -W 2 -s 8000 ${guestAddress}`);
    });
    await scene.machine.run(`ip link set ${scene.interfaceName} mtu 1500`);
    await scene.waitForCarrier(true, 10_000);
  },
};
