/** What the kernel accounts to a process. */
import { readdirSync, readFileSync } from 'node:fs';

/** Processor time of all threads in ns, up to when each was put to sleep. */
export function processorNs(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    sum += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
  }
  return sum;
}
