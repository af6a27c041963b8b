import { LabError } from '../errors.ts';
import { newComplaints } from '../kernel-log.ts';
import type { Workload } from '../workload.ts';

export const probe: Workload = {
  name: 'probe',
  summary: 'the driver binds, the link comes up, and the kernel complains no more than without the NIC',
  async run({ open, bareLog, step }) {
    const options = { cpus: 1 };
    const without = await step('the same guest without the NIC', () => bareLog(options));
    const scene = await open(options, true);
    await step('no warning or error that the guest without the NIC does not print', async (report) => {
      const complaints = newComplaints(await scene.machine.run('dmesg -r'), without);
      if (complaints.length > 0)
        throw new LabError('KERNEL_COMPLAINS', `the guest's kernel complains: ${complaints.join(' / ')}`);
      report('none');
    });
  },
};
