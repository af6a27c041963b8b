/** Trace events of the VMD endpoint. What happens inside its domain has events of its own. */
import type { TraceEventSpec } from '../../ports/index.ts';

export const vmdTraceEvents = {
  vmd_window: {
    args: { bar: 'count', address: 'address' },
    doc: 'The guest placed a window: BAR 2 and 4 show the memory of the domain inside.',
  },
  vmd_config: {
    args: { remapping: ['on', 'off'] },
    doc: 'VMCONFIG was written: whether the guest wants interrupts remapped.',
  },
  vmd_reset: { args: {}, doc: 'The endpoint was reset, and the domain inside with it.' },
} as const satisfies Readonly<Record<string, TraceEventSpec>>;
