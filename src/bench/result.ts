/** Results, and how they read. */
import type { Ratio } from './sample.ts';

/** One case's result: processor time where that is known; ratios say how many times as fast ours is. */
export interface Result {
  readonly name: string;
  readonly group: string;
  readonly title: string;
  readonly goal?: number | undefined;
  readonly unit: string;
  readonly against: string;
  readonly ours: number;
  readonly theirs?: number;
  readonly ratio?: Ratio;
  readonly processorRatio?: Ratio;
  /** Why there is no result. */
  readonly skipped?: string;
}

export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly qemu: string;
  readonly results: readonly Result[];
}

/** 455 ns, 32.0 µs, 1.2 ms; other units as they are. */
function inUnits(value: number, unit: string): string {
  if (unit !== 'ns') return `${value.toFixed(value < 100 ? 1 : 0)} ${unit}`;
  if (value < 10_000) return `${value.toFixed(0)} ns`;
  return value < 1e6 ? `${(value / 1e3).toFixed(1)} µs` : `${(value / 1e6).toFixed(1)} ms`;
}

export const ratioText = (ratio: Ratio | undefined): string =>
  ratio === undefined ? '' : `${ratio.ratio.toFixed(2)}x (${ratio.low.toFixed(2)}-${ratio.high.toFixed(2)})`;

/** Processor time counts where it is known: on a machine that does other work it hardly changes. */
function verdict({ ratio, processorRatio, goal }: Result): string {
  if (goal === undefined) return '';
  const reached = (processorRatio ?? ratio)?.ratio ?? 0;
  return `${Number(goal.toFixed(2))}x${reached >= goal ? ' ✔' : ''}`;
}

export const resultHead = ['case', 'ours', 'theirs', 'by processor time', 'by elapsed time', 'goal'] as const;

export function resultRow(result: Result): string[] {
  const { title, unit, ours, theirs, ratio, processorRatio, skipped } = result;
  if (skipped !== undefined) return [title, `skipped: ${skipped}`, '', '', '', verdict(result)];
  return [
    title,
    inUnits(ours, unit),
    theirs === undefined ? '' : inUnits(theirs, unit),
    ratioText(processorRatio),
    ratioText(ratio),
    verdict(result),
  ];
}
