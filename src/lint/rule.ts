/**
 * A rule of the lint: what a driver does wrong, and where that is seen. Rules are declared in the tables of `rules/`;
 * docs/lint.md lists them.
 */
import type { igbTraceEvents } from '../devices/igb/trace-events.ts';
import type { RegisterHandle } from '../registers/index.ts';
import type { RingPart } from './ring-view.ts';
import type { Sight } from './sight.ts';

export type EventName = keyof typeof igbTraceEvents;
/** Whether the rule is broken by what is seen. */
export type Check = (sight: Sight) => boolean;

/** Where a rule looks. Writes are seen before they take effect, reads after it. */
export type Look =
  | { readonly at: 'event'; readonly event: EventName; readonly check: Check }
  | { readonly at: 'write'; readonly registers: readonly RegisterHandle[]; readonly check: Check }
  /** Writes of a register of any ring, receive and transmit: `sight.ring` is that ring. */
  | { readonly at: 'ring'; readonly parts: readonly RingPart[]; readonly check: Check }
  | { readonly at: 'any write'; readonly check: Check };

export interface Rule {
  /** What the driver does, said of it: `moves a tail beyond its ring`. */
  readonly wrong: string;
  /** What to do about it, a sentence. */
  readonly advice: string;
  /** Of the programming reference. */
  readonly section: string;
  readonly looks: readonly Look[];
}

/** By id. */
export type RuleTable = Readonly<Record<string, Rule>>;

const always: Check = () => true;

export const onEvent = (event: EventName, check: Check = always): Look => ({ at: 'event', event, check });
export const onWrite = (registers: readonly RegisterHandle[], check: Check): Look => ({
  at: 'write',
  registers,
  check,
});
export const onRingWrite = (parts: readonly RingPart[], check: Check): Look => ({ at: 'ring', parts, check });
export const onAnyWrite = (check: Check): Look => ({ at: 'any write', check });
