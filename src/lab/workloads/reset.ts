import type { Scene } from '../scene.ts';
import type { Workload } from '../workload.ts';

async function functionReset(scene: Scene, whileUp: boolean): Promise<void> {
  const name = scene.interfaceName;
  const function_ = `/sys/class/net/${name}/device`;
  const down = `ip link set ${name} down`;
  await scene.machine.run(
    `device=$(readlink -f ${function_}) && echo flr > $device/reset_method && ${whileUp ? '' : `${down} && `} echo 1 > $device/reset && ${down}`,
  );
  await scene.up();
  await scene.mustPing(10);
}

export const reset: Workload = {
  name: 'reset',
  summary: 'function-level reset, and the guest reboots',
  async run({ open, step }) {
    const scene = await open({ cpus: 1, reboots: true });
    await step('function-level reset while the interface is down', () => functionReset(scene, false));
    await step('function-level reset while the interface is up', () => functionReset(scene, true));
    for (const round of [1, 2]) {
      await step(`the guest reboots, round ${round} of 2`, () => scene.machine.reboot());
      await step('driver, link and traffic', async (report) => {
        await scene.bind();
        report(await scene.up());
        await scene.mustPing(10);
      });
    }
  },
};
