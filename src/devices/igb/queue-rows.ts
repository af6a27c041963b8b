/**
 * Rows of counters by queue that also tell whose the queue was when they counted, so that sums by function and by pool never
 * go back when a queue changes hands: four rows a queue, and before them one for what had no queue.
 */
import { POOLS, QUEUES } from './sizes.ts';

export const QUEUE_ROWS = 1 + 4 * QUEUES;
const OF_VF = 2;
const POOLED = 1;

/** `queue` is -1 for none; `pooled` says that the port has pools. */
export function queueRow(queue: number, fn: number, pooled: boolean): number {
  if (queue < 0) return 0;
  return 1 + queue * 4 + (fn === 0 ? 0 : OF_VF) + (pooled ? POOLED : 0);
}

/** What a sum is over. */
export interface QueueRowFilter {
  /** Or -1: what had no queue. */
  readonly queue?: number;
  /** 0 the PF, 1 + v VF v. */
  readonly fn?: number;
  readonly pool?: number;
}

/** Whether a row counts for a filter. */
export function rowMatches(row: number, { queue, fn, pool }: QueueRowFilter): boolean {
  const ofQueue = (row - 1) >> 2;
  if (queue !== undefined && queue !== (row === 0 ? -1 : ofQueue)) return false;
  if (row === 0) return fn === undefined && pool === undefined;
  const vf = ofQueue % POOLS;
  if (fn !== undefined && fn !== (((row - 1) & OF_VF) === 0 ? 0 : 1 + vf)) return false;
  return pool === undefined || (((row - 1) & POOLED) !== 0 && vf === pool);
}
