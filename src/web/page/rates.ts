/** Counters become rates: what each has grown by in a second, and how that was over the last while. */
import type { SampledMetric } from './answers.ts';

export const POINTS = 61;

/** One counter, or a sum of several, over time. */
export class Rate {
  /** A second each, the latest last. */
  readonly history: number[];
  total: number;
  #known: boolean;

  constructor() {
    this.history = [];
    this.total = 0;
    this.#known = false;
  }

  get now(): number {
    return this.history.at(-1) ?? 0;
  }

  update(total: number, seconds: number): void {
    if (this.#known && seconds > 0) {
      this.history.push(Math.max(0, (total - this.total) / seconds));
      if (this.history.length > POINTS) this.history.shift();
    }
    this.total = total;
    this.#known = true;
  }
}

/** Rates by name, made when they are first asked for. */
export class Rates {
  readonly #rates: Map<string, Rate>;

  constructor() {
    this.#rates = new Map();
  }

  get(name: string): Rate {
    const found = this.#rates.get(name) ?? new Rate();
    this.#rates.set(name, found);
    return found;
  }

  /** All that begin so, by the rest of their names. */
  below(prefix: string): [string, Rate][] {
    return [...this.#rates].flatMap(([name, rate]): [string, Rate][] =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), rate]] : [],
    );
  }
}

/** Sums the samples of a metric by some of its labels: `0 pf` to the sum of all its peers. */
export function sums(metric: SampledMetric | undefined, labels: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const sample of metric?.samples ?? []) {
    const key = labels.map((label) => String(sample.labels[label])).join(' ');
    found.set(key, (found.get(key) ?? 0) + sample.value);
  }
  return found;
}
