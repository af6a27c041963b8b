/** Trace events of the bus code. A function is named by its routing id: bus, device, function; ffff is a VMD's endpoint itself. */
import type { TraceEventSpec } from '../ports/index.ts';

export const pciTraceEvents = {
  pci_cfg_read: { format: 'fn %x @0x%x -> 0x%x size %u', doc: 'A read of configuration space.' },
  pci_cfg_write: { format: 'fn %x @0x%x <- 0x%x size %u', doc: 'A write to configuration space.' },
  pci_reset: { format: 'fn %x kind %u', doc: 'A function was reset: 0 fundamental, 1 hot, 2 FLR, 3 D3hot to D0.' },
  pci_dma_refused: {
    format: 'fn %x address 0x%x length %u reason %u',
    doc: 'DMA that was not done: 0 bus master off, 1 no guest attached, 2 nothing mapped there.',
  },
  pci_reentrant_access: {
    format: 'fn %x bar %u offset 0x%x write %u',
    doc: 'An access refused because the function was itself at work: its own or a sibling’s DMA came back to it.',
  },
  pci_unclaimed_access: {
    format: 'address 0x%x size %u write %u',
    doc: 'A memory access in a bridge that no BAR claims.',
  },
  pci_msi_message: { format: 'fn %x address 0x%x data 0x%x', doc: 'An interrupt message left.' },
} as const satisfies Record<string, TraceEventSpec>;
