import { randomFrom } from '../../src/packet/testing-random.ts';

/** Repeatable choices. */
export class Random {
  /** 32 bits. */
  readonly bits: () => number;

  constructor(seed: number) {
    this.bits = randomFrom(seed);
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + (this.bits() % (most - least + 1));
  }

  /** True `part` times in 100. */
  chance(part: number): boolean {
    return this.between(0, 99) < part;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.between(0, from.length - 1)]!;
  }
}
