/** What a run of frames on the short way counts, told all at once when the run is over. */
import { QUEUES } from '../context.ts';
import type { Delivery } from './delivery.ts';
import type { ReceiveParts } from './parts.ts';

/** What is counted of a queue: frames, bytes and octets from the wire, and from LOCAL on from pools. */
const COLUMNS = 6;
const LOCAL = 3;

export class RunCounts {
  /** Causes to raise besides those of the queues. */
  causes: number;
  private readonly statistics: ReceiveParts['statistics'];
  private readonly delivery: Delivery;
  /** What was taken from the wire: frames, and their octets there. */
  private frames: number;
  private octets: number;
  /** Queues that something was stored in, a bit each, and what: rows of COLUMNS. */
  private stored: number;
  private readonly counts: Float64Array;

  constructor(statistics: ReceiveParts['statistics'], delivery: Delivery) {
    this.causes = 0;
    this.statistics = statistics;
    this.delivery = delivery;
    this.frames = 0;
    this.octets = 0;
    this.stored = 0;
    this.counts = new Float64Array(QUEUES * COLUMNS);
  }

  /** Frames of the wire were taken: how many, and their octets there. */
  received(frames: number, octets: number): void {
    this.frames += frames;
    this.octets += octets;
  }

  /** Frames were stored in a queue: how many, their bytes, and their octets on the wire. `local`: they came from a pool. */
  storedIn(queue: number, frames: number, bytes: number, octets: number, local: boolean): void {
    const { counts } = this;
    const to = queue * COLUMNS + (local ? LOCAL : 0);
    counts[to]! += frames;
    counts[to + 1]! += bytes;
    counts[to + 2]! += octets;
    this.stored |= 1 << queue;
  }

  /** Counts it all, and has the interrupts follow. */
  settle(): void {
    const { counts, statistics, stored, causes } = this;
    if (stored === 0 && this.frames === 0) return;
    for (let rest = stored; rest !== 0; rest &= rest - 1) {
      const queue = 31 - Math.clz32(rest & -rest);
      const at = queue * COLUMNS;
      if (counts[at] !== 0) statistics.deliveredSum(queue, counts[at]!, counts[at + 1]!, counts[at + 2]!);
      if (counts[at + LOCAL] !== 0) {
        statistics.deliveredLocally(queue, counts[at + LOCAL]!, counts[at + LOCAL + 1]!, counts[at + LOCAL + 2]!);
      }
    }
    if (this.frames !== 0) statistics.receivedSum(this.frames, this.octets);
    counts.fill(0);
    this.frames = 0;
    this.octets = 0;
    this.stored = 0;
    this.causes = 0;
    if (stored !== 0) this.delivery.stored(stored, causes);
  }
}
