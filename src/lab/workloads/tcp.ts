import type { Workload } from '../workload.ts';
import { download, upload } from './transfer.ts';

const bytes = 64 * 1024 * 1024;

export const tcp: Workload = {
  name: 'tcp',
  summary: '64 MiB each way and two downloads at once by HTTP, hashes equal, TSO on and off, 1 and 4 vCPUs',
  async run({ open, step }) {
    for (const cpus of [1, 4]) {
      const scene = await open({ cpus });
      for (const tso of ['on', 'off']) {
        await scene.machine.run(`ethtool -K ${scene.interfaceName} tso ${tso}`);
        const name = `TSO ${tso}, ${cpus} vCPU`;
        await step(`64 MiB down, ${name}`, async (report) => report(await download(scene, bytes, [1])));
        await step(`64 MiB up, ${name}`, async (report) => report(await upload(scene, bytes, 2)));
        await step(`two times 64 MiB down, ${name}`, async (report) => report(await download(scene, bytes, [3, 4])));
      }
      await scene.machine.run(`ethtool -K ${scene.interfaceName} tso on`);
    }
  },
};
