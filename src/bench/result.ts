/** Results, and how they read. */
import type { Ratio } from './sample.ts';

/** Seconds. Under TCG what the guest takes is part of what QEMU takes; a NIC within QEMU takes none of its own. */
export interface ProcessorShares {
  readonly guest: number;
  readonly qemu: number;
  readonly device: number;
}

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
  /** Processor time for each gigabyte or million packets, where guests were measured. */
  readonly processors?: { readonly ours: ProcessorShares; readonly theirs: ProcessorShares };
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
  if (unit !== 'ns') return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${unit}`.trimEnd();
  if (value < 10_000) return `${value.toFixed(0)} ns`;
  return value < 1e6 ? `${(value / 1e3).toFixed(1)} µs` : `${(value / 1e6).toFixed(1)} ms`;
}

export const ratioText = (ratio: Ratio | undefined): string =>
  ratio === undefined ? '' : `${ratio.ratio.toFixed(2)}x (${ratio.low.toFixed(2)}-${ratio.high.toFixed(2)})`;

const against = (goal: number, reached = 0): string => `${Number(goal.toFixed(2))}x${reached >= goal ? ' ✔' : ''}`;

/**
 * Processor time counts where it is known: on a machine that does other work it hardly changes. What a guest gets is how
 * fast it is, though.
 */
function verdict({ group, ratio, processorRatio, goal }: Result): string {
  if (goal === undefined) return '';
  return against(goal, (group === 'guest' ? ratio : (processorRatio ?? ratio))?.ratio);
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

export const guestHead = [
  'case',
  'ours',
  'theirs',
  'ratio',
  'goal',
  'processor: guest, QEMU, NIC',
  'theirs: guest, QEMU',
  'QEMU and NIC (goal: 1x)',
] as const;

/** Results with guests have columns of their own; processor time in seconds for a gigabyte, or for a million packets. */
export function guestRow(result: Result): string[] {
  const { title, unit, ours, theirs, ratio, processorRatio, processors, skipped } = result;
  if (skipped !== undefined) return [title, `skipped: ${skipped}`, '', '', verdict(result), '', '', ''];
  const seconds = (...values: number[]): string => values.map((value) => value.toFixed(1)).join(' + ');
  const [here, there] = [processors?.ours, processors?.theirs];
  return [
    title,
    inUnits(ours, unit),
    inUnits(theirs!, unit),
    ratioText(ratio),
    verdict(result),
    here === undefined ? '' : `${here.guest.toFixed(1)}, ${seconds(here.qemu, here.device)} s`,
    there === undefined ? '' : `${there.guest.toFixed(1)}, ${seconds(there.qemu)} s`,
    processorRatio === undefined ? '' : `${ratioText(processorRatio)}${processorRatio.ratio >= 1 ? ' ✔' : ''}`,
  ];
}

export const isGuest = ({ group }: Result): boolean => group === 'guest';
