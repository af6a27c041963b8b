import { workloads } from './workloads/index.ts';

/** Names and one-line descriptions of all workloads, in their order. */
export function listWorkloads(): { name: string; summary: string }[] {
  return workloads.map(({ name, summary }) => ({ name, summary }));
}
