/** The trace records that came last, for whoever looks at a running NIC. */
import type { TraceRecord } from './record.ts';

/** Records that are kept: a saturated NIC with all events on makes them in some tenths of a second. */
const KEPT = 1 << 15;

export class TraceHistory {
  readonly #records: TraceRecord[];
  readonly #kept: number;
  /** Records so far, those that are gone included. */
  total: number;

  constructor(kept = KEPT) {
    this.#records = [];
    this.#kept = kept;
    this.total = 0;
  }

  add(record: TraceRecord): void {
    this.#records[this.total % this.#kept] = record;
    this.total += 1;
  }

  /** The last `count`, or as many as there are, in order. */
  last(count = this.#kept): TraceRecord[] {
    const found: TraceRecord[] = [];
    for (let at = this.total - Math.min(count, this.#records.length); at < this.total; at += 1)
      found.push(this.#records[at % this.#kept]!);
    return found;
  }
}
