/** A trace record as readers hand it out, from shared memory or from a file. */
import type { TraceEventSpec } from '../ports/index.ts';

/** Most arguments that an event has. */
export const MOST_ARGUMENTS = 5;

export interface TraceRecord {
  readonly name: string;
  readonly spec: TraceEventSpec;
  /** Since the device thread started, or in virtual time. */
  readonly timeNs: number;
  /** Of a chip with two, and 0 for what belongs to neither. */
  readonly port: number;
  /** Number of the packet that was worked on; 0 for none. */
  readonly packet: number;
  /** As many as the event declares. */
  readonly args: readonly number[];
}

/** Records that were not kept, because a ring was full, come as records of this event. */
export const LOST = 'trace_lost';
export const lostSpec: TraceEventSpec = {
  args: { records: 'count' },
  doc: 'Records that came faster than they were written.',
};

/** Value of the argument of that name; undefined where the event has none. */
export function argumentOf(record: TraceRecord, name: string): number | undefined {
  const index = Object.keys(record.spec.args).indexOf(name);
  return index === -1 ? undefined : record.args[index];
}
