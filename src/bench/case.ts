/** What a case of the bench is, and what it gives. */
import type { ProgramOptions } from '../qtest/client/index.ts';

/** A program that is measured. */
export interface Subject {
  readonly name: string;
  readonly program: Omit<ProgramOptions, 'args'> & { readonly args?: readonly string[] };
}

/** Costs, a round each: the smaller the better. Rounds of both were measured side by side. */
export interface Samples {
  readonly unit: string;
  readonly ours: readonly number[];
  /** Missing where there is nothing to hold it against. */
  readonly theirs?: readonly number[];
}

export interface Measured {
  /** Until the work was done. */
  readonly elapsed: Samples;
  /** Processor time of the whole program for it. */
  readonly processor?: Samples;
}

export interface Effort {
  readonly rounds: number;
  /** Rounds before those that count. */
  readonly warmUp: number;
}

export interface BenchCase {
  readonly name: string;
  readonly group: 'device' | 'transport' | 'scale';
  readonly title: string;
  /** What the ratio is to be at least. */
  readonly goal?: number | undefined;
  /** Whom ours is held against. */
  readonly against: string;
  /** Throws BenchSkip where the machine lacks what it takes. */
  measure(subjects: { readonly ours: Subject; readonly theirs: Subject }, effort: Effort): Measured;
}

/** The machine lacks something: said aloud, no failure. */
export class BenchSkip extends Error {}
