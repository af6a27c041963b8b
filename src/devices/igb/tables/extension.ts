/** Registers that are ours and not Intel's, at offsets that no 82576 uses. They exist for a PF that Outboard hosts. */
import type { RegisterSpec } from '../../../registers/index.ts';

export const extension = {
  VFLINK: {
    at: 0x1f000,
    access: 'rw',
    writable: 0xff,
    evidence: 'own',
    doc: 'VFs whose STATUS.LU reads 1 whatever the link is: an `enable` link state, which the 82576 lacks.',
    fields: { HOLD: { bits: [7, 0], doc: 'A bit a VF.' } },
  },
} as const satisfies Readonly<Record<string, RegisterSpec>>;
