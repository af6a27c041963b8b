/** What stock drivers do against the rules, and why that is not for them to mend. docs/lint.md lists them. */
import type { Finding } from './findings.ts';

export interface Explanation {
  readonly rule: string;
  /** Name of the register without its element, where it is one. */
  readonly register?: string;
  /** Who does it and when. */
  readonly who: string;
  readonly why: string;
}

export const explanations: readonly Explanation[] = [
  {
    rule: 'register-unknown',
    register: '0x0b66c',
    who: 'igb, each time that an interface is opened or comes back from a reset',
    why: 'It reads TSICR to forget old time-sync interrupts whatever the chip; the register came with the 82580, and the read has no effect.',
  },
];

/** Why a finding is none of a stock driver's mistakes; undefined where that is not known. */
export function explanationOf({ rule, register }: Finding): Explanation | undefined {
  const name = register?.replace(/\[\d+\]$/, '');
  return explanations.find((entry) => entry.rule === rule && (entry.register ?? name) === name);
}
