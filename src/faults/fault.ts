/** One fault that was asked for: what it does, to what, and when it strikes. The same seed strikes at the same occasions. */
import { SeededRandom } from './random.ts';

export const faultKinds = [
  'link-flap',
  'lost-interrupt',
  'delayed-interrupt',
  'bad-fcs',
  'drop',
  'duplicate',
  'reorder',
  'delay',
  'corrupt-write-back',
  'stuck-descriptor',
  'dma-error',
  'mailbox-loss',
] as const;
export type FaultKind = (typeof faultKinds)[number];
export type Direction = 'rx' | 'tx';

/** What is undefined aims at everything. */
export interface FaultSpec {
  readonly id: string;
  readonly kind: FaultKind;
  readonly port: number;
  /** Times that it strikes; Infinity for ever. */
  readonly count: number;
  /** Occasions that it lets pass first. */
  readonly after: number;
  /** Of striking at an occasion, above 0 and up to 1. */
  readonly probability: number;
  readonly seed: number;
  readonly direction: Direction | undefined;
  /** 0 the PF, 1 + v VF v. */
  readonly function: number | undefined;
  readonly queue: number | undefined;
  readonly vector: number | undefined;
  /** Bit of a write-back that is inverted; any where undefined. */
  readonly bit: number | undefined;
  /** Who does not get a mailbox message. */
  readonly to: 'pf' | 'vf' | undefined;
  /** How long a frame or an interrupt is held, or a frame waits for the one that overtakes it. */
  readonly delayNs: number;
  /** How long the link is down, and how often it falls. */
  readonly downNs: number;
  readonly periodNs: number;
}

export class Fault {
  readonly spec: FaultSpec;
  /** Occasions so far, and those at which it struck. */
  seen: number;
  struck: number;
  readonly #random: SeededRandom;

  constructor(spec: FaultSpec) {
    this.spec = spec;
    this.seen = 0;
    this.struck = 0;
    this.#random = new SeededRandom(spec.seed);
  }

  /** It does not strike any more. */
  get spent(): boolean {
    return this.struck >= this.spec.count;
  }

  /** Whether it strikes at the occasion at hand. */
  strikes(): boolean {
    if (this.spent) return false;
    this.seen += 1;
    if (this.seen <= this.spec.after) return false;
    if (this.spec.probability < 1 && this.#random.next() >= this.spec.probability) return false;
    this.struck += 1;
    return true;
  }

  /** One of the numbers from 0 to `count` - 1. */
  pick(count: number): number {
    return Math.floor(this.#random.next() * count);
  }
}

/** Whether a target that may be left open includes a thing. */
export function aims(target: number | string | undefined, at: number | string): boolean {
  return target === undefined || target === at;
}
