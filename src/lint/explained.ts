/** What stock drivers do against the rules, and why that is not for their users to mend. docs/lint.md lists them. */
import type { Finding } from './findings.ts';

export interface Explanation {
  readonly rules: readonly string[];
  /** Names of the registers, where it is some only. */
  readonly registers?: RegExp;
  /** What is written the first time, in hexadecimal, where it is some values only. */
  readonly values?: RegExp;
  /** What the trace event says, where it is some only. */
  readonly details?: RegExp;
  /** Whose mistake, where it is some functions' only. */
  readonly functions?: RegExp;
  /** Who does it, and when. */
  readonly who: string;
  readonly why: string;
}

/** Of 0x5a5a5a5a, 0xa5a5a5a5 and 0xffffffff, what a register may keep. */
const testPatterns = /5a5a|ffff/;
/** RXDCTL and TXDCTL with ENABLE, bit 25, clear. */
const queueOff = /^.[014589cd]/;

export const explanations: readonly Explanation[] = [
  {
    rules: ['register-unknown'],
    registers: /^0x0b66c$/,
    who: 'igb reads TSICR (0xb66c) each time that an interface is opened or comes back from a reset',
    why: 'It forgets old time-sync interrupts, whatever the chip; the register came with the 82580, and the read has no effect.',
  },
  {
    rules: ['register-unknown'],
    registers: /^0x(01008|09[89ab][0-9a-f]{2})$/,
    who: 'igb reads PBS (0x1008) and FFVT (0x9800 to 0x9bf8) for `ethtool -d`',
    why: 'The dump has the registers of the whole family; those of older chips are 0 here.',
  },
  {
    rules: ['ring-base-unaligned', 'ring-length-unaligned', 'tail-beyond-ring', 'address-multicast'],
    values: testPatterns,
    who: 'igb writes patterns to registers of rings and addresses for `ethtool -t … offline`',
    why: 'Its self-test sees what they keep, with everything off, and resets the device afterwards.',
  },
  {
    rules: ['vectors-unused'],
    functions: /^VF/,
    who: 'DPDK drives a VF whose queues have no vector',
    why: 'It polls them, and wants no interrupt but that of the mailbox. Of a PF the same is silent: there DPDK leaves MSI-X mode off.',
  },
  {
    rules: ['vf-register-idle'],
    registers: /^VTEICS$/,
    who: 'igbvf raises the vector of its receive queue (VTEICS) while its PF is being reset or has no driver',
    why: 'Its watchdog does so every two seconds, whether or not the PF has enabled the VF.',
  },
  {
    rules: ['vf-register-idle'],
    registers: /^(TDT\[\d\]|VTEIMC|VTEIAC)$/,
    who: 'igbvf sends packets and masks its vectors (TDT, VTEIMC, VTEIAC) while its PF is being reset or has no driver',
    why: 'It hears of that by its mailbox only, and then resets itself.',
  },
  {
    rules: ['vf-register-idle'],
    registers: /^[RT]XDCTL\[\d\]$/,
    values: queueOff,
    who: 'igbvf stops its queues (RXDCTL, TXDCTL) while its PF is being reset or has no driver',
    why: 'That is how its reset begins, whether or not the PF has enabled the VF.',
  },
  {
    rules: ['request-before-reset'],
    details: /message setMacAddress$/,
    who: 'igbvf sets its address after a reset in which no PF was there',
    why: 'Its reset gives up waiting before it says RESET ("PF still resetting" in the kernel log), and goes on with the address all the same.',
  },
  {
    rules: ['request-before-reset'],
    details: /message setMulticast$/,
    who: 'igbvf asks for its multicast addresses after a function-level reset of its VF while the interface is up',
    why: 'It says RESET before that reset and not after it. The PF does not answer; igbvf waits a second for that, and then resets itself.',
  },
];

/** Why a finding is none of a stock driver's mistakes; undefined where that is not known. */
export function explanationOf(finding: Finding): Explanation | undefined {
  const { rule, register = '', value = 0, function: owner = '', detail } = finding;
  const hexadecimal = value.toString(16).padStart(8, '0');
  return explanations.find(
    ({ rules, registers, values, details, functions }) =>
      rules.includes(rule) &&
      registers?.test(register) !== false &&
      values?.test(hexadecimal) !== false &&
      details?.test(detail) !== false &&
      functions?.test(owner) !== false,
  );
}
