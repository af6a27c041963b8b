import type { Workload } from '../workload.ts';

const rounds = 10;

export const reload: Workload = {
  name: 'reload',
  summary: 'the driver is unloaded and loaded ten times, with traffic after each',
  async run({ open, step }) {
    const scene = await open({ cpus: 1 });
    for (let round = 1; round <= rounds; round++)
      await step(`rmmod and modprobe, round ${round} of ${rounds}`, async (report) => {
        await scene.machine.run('rmmod igb && modprobe igb', 60_000);
        await scene.bind();
        report(await scene.up());
        await scene.mustPing(5);
      });
  },
};
