import { LabError } from '../errors.ts';
import type { Workload } from '../workload.ts';
import { pmeInterrupts } from './pme-interrupts.ts';

/** igb suspends five seconds after it has lost its link. */
const suspendSeconds = 20;
const resumeSeconds = 20;

export const power: Workload = {
  name: 'power',
  summary: 'without a link the driver puts the NIC into D3hot; the cable wakes it, and traffic goes on',
  async run({ open, step }) {
    const scene = await open({ cpus: 1 });
    const device = `/sys/class/net/${scene.interfaceName}/device`;
    const becomes = async (status: string, seconds: number): Promise<number> => {
      const begin = performance.now();
      const script = `for i in $(seq ${seconds * 20}); do [ "$(cat ${device}/power/runtime_status)" = ${status} ] && exit 0; sleep 0.05; done; exit 1`;
      const { status: failed } = await scene.machine.try(script, 3000 * seconds);
      if (failed !== 0) throw new LabError('POWER', `the device is not ${status} after ${seconds} s`);
      return Math.round(performance.now() - begin);
    };
    const state = async (): Promise<string> => (await scene.machine.run(`cat ${device}/power_state`)).trim();
    await step('without a link: D3hot', async (report) => {
      await scene.nic.setLink(false, scene.machine);
      await scene.machine.run(`echo auto > ${device}/power/control`);
      await becomes('suspended', suspendSeconds);
      const found = await state();
      if (found !== 'D3hot') throw new LabError('POWER', `the suspended device is in ${found}`);
      report(found);
    });
    await step('the cable wakes it by PME', async (report) => {
      const before = await pmeInterrupts(scene.machine);
      await scene.nic.setLink(true, scene.machine);
      const milliseconds = await becomes('active', resumeSeconds);
      report(
        `after ${milliseconds} ms, in ${await state()}; ${(await pmeInterrupts(scene.machine)) - before} PME interrupts`,
      );
    });
    await step('and traffic goes on', async () => {
      await scene.waitForCarrier(true, 20_000);
      await scene.machine.run(`echo on > ${device}/power/control`);
      await scene.mustPing(20);
    });
  },
};
