/** Durations by their power of two, from 1 µs on. */

const FIRST_NS = 1024;
const BUCKETS = 22;

export class DurationHistogram {
  /** How many were below `boundNs` of the same place and not below the one before; the last holds the rest. */
  readonly counts: Float64Array;
  sumNs: number;

  constructor() {
    this.counts = new Float64Array(BUCKETS);
    this.sumNs = 0;
  }

  add(durationNs: number): void {
    const units = Math.min(durationNs / FIRST_NS, 2 ** 30) | 0;
    const bucket = 32 - Math.clz32(units);
    this.counts[bucket < BUCKETS ? bucket : BUCKETS - 1]! += 1;
    this.sumNs += durationNs;
  }

  /** Upper bound of a bucket. */
  boundNs(bucket: number): number {
    return bucket === BUCKETS - 1 ? Infinity : FIRST_NS * 2 ** bucket;
  }
}
