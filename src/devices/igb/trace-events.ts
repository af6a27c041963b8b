/** Trace events of the 82576. */
import type { TraceEventSpec } from '../../ports/index.ts';

export const igbTraceEvents = {} as const satisfies Record<string, TraceEventSpec>;
