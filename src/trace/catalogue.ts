/** Every trace event there is; an event's number is its place here. */
import { igbTraceEvents } from '../devices/igb/trace-events.ts';
import { hostedPfTraceEvents } from '../hosted-pf/trace-events.ts';
import { pciTraceEvents } from '../pci/trace-events.ts';

export const catalogue = { ...igbTraceEvents, ...pciTraceEvents, ...hostedPfTraceEvents };
