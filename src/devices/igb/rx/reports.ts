/**
 * What software is told at the end of a turn: the interrupts of queues that were written back to, legacy causes, and write-backs that
 * were held until then.
 */
import type { Task } from '../../../ports/index.ts';
import { QUEUES, type PortContext } from '../context.ts';
import { HeldWriteBacks } from './held-write-backs.ts';
import type { ReceiveParts } from './parts.ts';
import type { ReceiveRings } from './ring.ts';

export class ReceiveReports {
  readonly held: HeldWriteBacks;
  private readonly context: PortContext;
  private readonly interrupts: ReceiveParts['interrupts'];
  private readonly rings: ReceiveRings;
  /** Calls `tell` at the end of the turn. */
  private readonly task: Task;
  /** Queues written back to, and legacy causes, since the last interrupts. */
  private written: number;
  private causes: number;
  /** Queues that hold write-backs and have yet to be told until when. */
  private holding: number;
  /** Queues among those written back to that got a frame which asks for an immediate interrupt. */
  private immediate: number;

  constructor(context: PortContext, interrupts: ReceiveParts['interrupts'], rings: ReceiveRings, task: Task) {
    this.held = new HeldWriteBacks(context, (queue) => this.flush(queue));
    this.context = context;
    this.interrupts = interrupts;
    this.rings = rings;
    this.task = task;
    this.written = 0;
    this.causes = 0;
    this.holding = 0;
    this.immediate = 0;
  }

  /** Frames were stored in queues, a bit each, and written back; `causes` are those that they have besides. */
  stored(queues: number, causes: number): void {
    this.written |= queues;
    this.raise(causes);
  }

  /** A frame was stored in a queue, and written back or held. `immediate`: it asks for an interrupt at once. */
  storedOne(queue: number, immediate: boolean): void {
    const bit = 1 << queue;
    if (immediate) this.immediate |= bit;
    if (this.held.counts[queue] === 0 || (immediate && this.held.flush(queue))) this.written |= bit;
    else this.holding |= bit;
    this.context.tasks.mark(this.task);
  }

  raise(causes: number): void {
    this.causes |= causes;
    this.context.tasks.mark(this.task);
  }

  /** A queue that is off holds nothing back; the threshold or the function's bus mastering may have changed besides. */
  reconsider(queue: number): void {
    if (this.held.counts[queue] === 0) return;
    if (!this.rings.isEnabled(queue)) this.flush(queue);
    else {
      this.holding |= 1 << queue;
      this.context.tasks.mark(this.task);
    }
  }

  /** Writes back what a queue holds, if it can: RXDCTL.SWFLSH, or the end of an interval. */
  flush(queue: number): void {
    if (this.held.counts[queue] === 0 || !this.held.flush(queue)) return;
    this.written |= 1 << queue;
    this.context.tasks.mark(this.task);
  }

  reset(): void {
    for (let queue = 0; queue < QUEUES; queue += 1) this.resetQueue(queue);
    this.causes = 0;
  }

  resetQueue(queue: number): void {
    const bit = 1 << queue;
    this.written &= ~bit;
    this.immediate &= ~bit;
    this.holding &= ~bit;
    this.held.forget(queue);
  }

  /** Something is to be told. */
  get areDue(): boolean {
    return this.written !== 0 || this.causes !== 0;
  }

  /** The turn is over. */
  tell(): void {
    if (this.holding !== 0) this.settleHeld();
    const { interrupts, written, causes, immediate } = this;
    this.written = 0;
    this.causes = 0;
    this.immediate = 0;
    for (let rest = written; rest !== 0; rest &= rest - 1) {
      const bit = rest & -rest;
      interrupts.receiveDone(31 - Math.clz32(bit), (immediate & bit) !== 0);
    }
    if (causes !== 0) interrupts.raise(causes);
  }

  /** Held write-backs wait for the end of the interval of their queue's interrupt; where none runs they leave now. */
  private settleHeld(): void {
    const { holding } = this;
    this.holding = 0;
    for (let rest = holding; rest !== 0; rest &= rest - 1) {
      const bit = rest & -rest;
      const queue = 31 - Math.clz32(bit);
      const untilNs = this.interrupts.quietUntil(queue, false);
      if (untilNs !== 0) this.held.wait(queue, untilNs);
      else if (this.held.flush(queue)) this.written |= bit;
    }
  }
}
