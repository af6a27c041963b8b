/** Programs on our device and on QEMU's igb, side by side. */
import type { ConformanceMachine } from '../conformance/machine.ts';
import { generate } from './generate.ts';
import { difference, observe } from './observe.ts';
import type { Program } from './program.ts';
import { shrink } from './shrink.ts';

/** Two machines do not agree on a program. */
export interface Disagreement {
  readonly seed: number;
  /** As small as it gets. */
  readonly program: Program;
  readonly ours: string;
  readonly theirs: string;
}

export type Machines = readonly [ours: ConformanceMachine, theirs: ConformanceMachine];

export function compare([ours, theirs]: Machines, program: Program): readonly [string, string] | undefined {
  return difference(observe(ours, program), observe(theirs, program));
}

/** What a difference is about. */
const subject = ([ours]: readonly [string, string]): string => ours.split(' ', 1)[0]!;

/**
 * Runs the program of a seed on both; where they do not agree, the smallest part of it on which they do not agree in the
 * same thing. Rings stay: what has no descriptor is a difference of its own (`q-drop-counters`).
 */
export function compareSeed(machines: Machines, seed: number): Disagreement | undefined {
  const whole = generate(seed);
  const found = compare(machines, whole);
  if (found === undefined) return undefined;
  const rings = whole.filter((step) => step.do === 'receive-ring');
  const others = whole.filter((step) => step.do !== 'receive-ring');
  let [ours, theirs] = found;
  const rest = shrink(others, (part) => {
    const still = compare(machines, [...rings, ...part]);
    if (still === undefined || subject(still) !== subject(found)) return false;
    [ours, theirs] = still;
    return true;
  });
  return { seed, program: [...rings, ...rest], ours, theirs };
}
