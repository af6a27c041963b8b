/** Accesses to registers of less than a dword: they work, and no driver of the 82576 means to make them. */
import type { Trace } from '../../../ports/index.ts';
import { igbTraceEvents } from '../trace-events.ts';

/** What a function's register window (0 the PF, 1 + v VF v) tells of them. */
export function partialAccess(trace: Trace, fn: number): (offset: number, size: number, write: boolean) => void {
  const { igb_guest_error_access: event } = trace.declare(igbTraceEvents);
  return (offset, size, write) => {
    if (trace.on[event] !== 0) trace.emit(event, fn, offset, size, write ? 1 : 0);
  };
}
