/** Trace events of the event loop. */
import type { TraceEventSpec } from '../ports/index.ts';

export const loopTraceEvents = {
  loop_turn: {
    args: { descriptors: 'count', timers: 'yes/no', work: 'yes/no', time: 'ns' },
    doc: 'A turn in which something happened: descriptors that were ready, and how long it took, waiting excluded.',
  },
} as const satisfies Readonly<Record<string, TraceEventSpec>>;
