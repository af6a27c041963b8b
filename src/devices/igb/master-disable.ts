/** CTRL.GIO_MASTER_DISABLE: software stops the DMA of the PF; what VFs own goes on (reference §1.5). */
import type { PortContext } from './context.ts';
import { pf } from './tables/index.ts';

/** Whether a queue may fetch, read and write. */
export function mayMaster({ registers, queueFunction }: PortContext, queue: number): boolean {
  return (registers.values[pf.CTRL.index]! & pf.CTRL.GIO_MASTER_DISABLE.mask) === 0 || queueFunction[queue] !== 0;
}
