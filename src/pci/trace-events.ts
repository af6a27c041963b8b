/** Trace events of the bus code. A function is named by its routing id: bus, device, function; ffff is a VMD's endpoint itself. */
import type { TraceEventSpec } from '../ports/index.ts';

export const pciTraceEvents = {
  pci_cfg_read: {
    args: { function: 'routing id', offset: 'hex', value: 'hex', size: 'bytes' },
    doc: 'A read of configuration space.',
  },
  pci_cfg_write: {
    args: { function: 'routing id', offset: 'hex', value: 'hex', size: 'bytes' },
    doc: 'A write to configuration space.',
  },
  pci_reset: {
    args: { function: 'routing id', kind: ['fundamental', 'hot', 'FLR', 'D3hot to D0'] },
    doc: 'A function was reset.',
  },
  pci_dma_refused: {
    args: {
      function: 'routing id',
      address: 'address',
      length: 'bytes',
      reason: ['bus master off', 'no guest attached', 'nothing mapped there'],
    },
    doc: 'DMA that was not done.',
  },
  pci_reentrant_access: {
    args: { function: 'routing id', bar: 'count', offset: 'hex', write: 'yes/no' },
    doc: 'An access refused because the function was itself at work: its own or a sibling’s DMA came back to it.',
  },
  pci_unclaimed_access: {
    args: { address: 'address', size: 'bytes', write: 'yes/no' },
    doc: 'A memory access in a bridge that no BAR claims.',
  },
  pci_msi_message: {
    args: { function: 'routing id', address: 'address', data: 'hex' },
    doc: 'An interrupt message left.',
  },
  pci_pme: { args: { function: 'routing id' }, doc: 'A function asks for power: a PME message goes up.' },
} as const satisfies Record<string, TraceEventSpec>;
