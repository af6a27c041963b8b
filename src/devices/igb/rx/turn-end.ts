/** The end of a turn of reception: frames that waited go to their queues, then the interrupts of everything stored, then the wire may go on. */
import type { PortContext } from '../context.ts';
import { pf } from '../tables/index.ts';
import type { Delivery } from './delivery.ts';
import type { FastPath } from './fast-path.ts';
import { usesPools } from './queue-select.ts';
import type { ReceiveReports } from './reports.ts';
import type { WaitingFrames } from './waiting-frames.ts';

const { MRQC, RCTL, VFRE } = pf;

export class TurnEnd {
  private readonly values: Uint32Array;
  private readonly waiting: WaitingFrames;
  private readonly delivery: Delivery;
  private readonly fast: FastPath;
  private readonly reports: ReceiveReports;

  constructor(
    context: PortContext,
    waiting: WaitingFrames,
    delivery: Delivery,
    fast: FastPath,
    reports: ReceiveReports,
  ) {
    this.values = context.registers.values;
    this.waiting = waiting;
    this.delivery = delivery;
    this.fast = fast;
    this.reports = reports;
  }

  /** In the terms of `Task`. */
  run(): boolean {
    if (this.waiting.takeRetry()) this.retry();
    this.reports.tell();
    this.waiting.settle();
    return this.reports.areDue;
  }

  /** Offers the frames that wait to their queues again, oldest first; a queue that is still full keeps all of its own. */
  private retry(): void {
    const { waiting, values } = this;
    const { buffer } = waiting;
    if ((values[RCTL.index]! & RCTL.EN.mask) === 0) waiting.discard(waiting.queues);
    // What was accepted for a pool before it was turned off is not its any more.
    const off = usesPools(values[MRQC.index]!) ? ~(values[VFRE.index]! * 0x101) : 0;
    let stuck = 0;
    for (let { first: index } = buffer; index < buffer.count && (waiting.queues & ~stuck) !== 0;) {
      const ready = buffer.queues[index]! & ~stuck;
      const stored = ready !== 0 && (ready & off) === 0 ? this.fast.storeWaiting(buffer, index, ready) : 0;
      if (stored === 0 && ready !== 0) stuck |= this.delivery.offer(buffer, index, ready, off);
      index += Math.max(1, stored);
    }
    waiting.retried();
  }
}
