/** What is typical of a histogram that only grows: the median of what came since it was looked at last. */
import type { HistogramValue } from './answers.ts';

export class Typical {
  /** The median, within its bucket as if values were spread evenly there; undefined where nothing came. */
  now: number | undefined;
  #counts: readonly number[] | undefined;

  constructor() {
    this.now = undefined;
    this.#counts = undefined;
  }

  update({ bounds, counts }: Pick<HistogramValue, 'bounds' | 'counts'>): void {
    const before = this.#counts;
    this.#counts = counts;
    if (before === undefined) return;
    const fresh = counts.map((count, bucket) => count - (before[bucket] ?? 0));
    let left = fresh.reduce((sum, count) => sum + count, 0) / 2;
    this.now = undefined;
    if (left <= 0) return;
    const bucket = fresh.findIndex((count) => {
      left -= count;
      return left <= 0;
    });
    const lower = bounds[bucket - 1] ?? 0;
    const width = bucket === bounds.length - 1 ? 0 : bounds[bucket]! - lower;
    this.now = lower + width * (1 + left / fresh[bucket]!);
  }
}
