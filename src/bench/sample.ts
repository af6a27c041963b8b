/** Figures of many rounds in one: medians, and how far a ratio is spread. */

/** The value below which a share of the sorted samples lies. */
function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (at - low);
}

const sorted = (samples: readonly number[]): number[] => [...samples].sort((a, b) => a - b);

/** NaN of no samples. */
export const median = (samples: readonly number[]): number => quantile(sorted(samples), 0.5);

/** How many times as fast, with the middle half of the rounds' own ratios. */
export interface Ratio {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** `theirs` over `ours`, both costs: of the medians, spread over rounds that were measured side by side. */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): Ratio {
  const rounds = sorted(ours.map((value, round) => theirs[round]! / value));
  return { ratio: median(theirs) / median(ours), low: quantile(rounds, 0.25), high: quantile(rounds, 0.75) };
}
