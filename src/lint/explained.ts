/** What stock drivers do against the rules, and why that is not for their users to mend. docs/lint.md lists them. */
import type { Finding } from './findings.ts';

export interface Explanation {
  readonly rule: string;
  /** Names of the registers, where it is some only. */
  readonly registers?: RegExp;
  /** Who does it, and when. */
  readonly who: string;
  readonly why: string;
}

export const explanations: readonly Explanation[] = [
  {
    rule: 'register-unknown',
    registers: /^0x0b66c$/,
    who: 'igb reads TSICR (0xb66c) each time that an interface is opened or comes back from a reset',
    why: 'It forgets old time-sync interrupts, whatever the chip; the register came with the 82580, and the read has no effect.',
  },
  {
    rule: 'register-unknown',
    registers: /^0x(01008|09[89ab][0-9a-f]{2})$/,
    who: 'igb reads PBS (0x1008) and FFVT (0x9800 to 0x9bf8) for `ethtool -d`',
    why: 'The dump has the registers of the whole family; those of older chips are 0 here.',
  },
  {
    rule: 'request-before-reset',
    who: 'igbvf asks for its multicast addresses after a function-level reset of its VF while the interface is up',
    why: 'It says RESET before that reset and not after it. The PF does not answer; igbvf waits a second for that, and then resets itself.',
  },
];

/** Why a finding is none of a stock driver's mistakes; undefined where that is not known. */
export function explanationOf({ rule, register = '' }: Finding): Explanation | undefined {
  return explanations.find((entry) => entry.rule === rule && entry.registers?.test(register) !== false);
}
