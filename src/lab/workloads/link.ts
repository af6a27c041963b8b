import { LabError } from '../errors.ts';
import type { Workload } from '../workload.ts';

const limitMs = 2000;

export const link: Workload = {
  name: 'link',
  summary: 'the carrier goes off and on from our side and the guest sees it within 2 s',
  async run({ open, step }) {
    const scene = await open({ cpus: 1 });
    for (const round of [1, 2, 3]) {
      for (const up of [false, true])
        await step(`carrier ${up ? 'on' : 'off'}, round ${round}`, async (report) => {
          await scene.nic.setLink(up, scene.machine);
          const milliseconds = await scene.waitForCarrier(up, limitMs);
          if (milliseconds > limitMs)
            throw new LabError('SLOW_CARRIER', `the guest saw it after ${milliseconds} ms only`);
          report(`seen after ${milliseconds} ms`);
        });
      await step(`traffic, round ${round}`, () => scene.mustPing(5));
    }
  },
};
