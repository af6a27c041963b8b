import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from '../errors.ts';
import type { Scene } from '../scene.ts';
import type { Workload, WorkloadContext } from '../workload.ts';
import { pmeInterrupts } from './pme-interrupts.ts';

/** igb suspends five seconds after it has lost its link. */
const suspendSeconds = 20;
const resumeSeconds = 20;
const s3Ms = 30_000;

/** Nobody needs the function for a while, and Linux puts it into D3hot by itself. */
async function whileIdle({ step }: WorkloadContext, scene: Scene): Promise<void> {
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
}

/** Resolves with QEMU's event of that name. */
function event({ machine }: Scene, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      remove();
      reject(new LabError('POWER', `QEMU tells of no ${name} within ${s3Ms / 1000} s`));
    }, s3Ms);
    const remove = machine.qmp.onEvent((found) => {
      if (found !== name) return;
      clearTimeout(timer);
      remove();
      resolve();
    });
  });
}

/** Suspend to RAM: the platform takes the power from its devices, and the driver sets the NIC up anew. */
async function suspendToRam({ step }: WorkloadContext, scene: Scene): Promise<void> {
  const { machine } = scene;
  await step('the guest suspends to RAM (S3)', async () => {
    const suspended = event(scene, 'SUSPEND');
    await machine.agent.start('sleep 0.2; echo deep > /sys/power/mem_sleep; suspend mem');
    await suspended;
  });
  await step('it comes back', async (report) => {
    // QEMU counts a machine as suspended a moment after it has said so.
    await sleep(100);
    const begin = performance.now();
    await machine.qmp.execute('system_wakeup');
    await machine.boot(s3Ms);
    const status = (await machine.run('cat /tmp/resumed')).trim();
    if (status !== '0') throw new LabError('POWER', `suspending ended with ${status}`);
    report(`after ${Math.round(performance.now() - begin)} ms`);
  });
  await step('and traffic goes on', async () => {
    await scene.waitForCarrier(true, 20_000);
    await scene.mustPing(20);
  });
}

export const power: Workload = {
  name: 'power',
  summary: 'without a link the driver puts the NIC into D3hot, the cable wakes it; the guest suspends to RAM (S3)',
  async run(context) {
    const scene = await context.open({ cpus: 1 });
    await whileIdle(context, scene);
    await suspendToRam(context, scene);
  },
};
