/** Every trace event there is; an event's number is its place here. */
import { igbTraceEvents } from '../devices/igb/trace-events.ts';
import { vmdTraceEvents } from '../devices/vmd/trace-events.ts';
import { faultTraceEvents } from '../faults/trace-events.ts';
import { hostedPfTraceEvents } from '../hosted-pf/trace-events.ts';
import { loopTraceEvents } from '../linux/trace-events.ts';
import { pciTraceEvents } from '../pci/trace-events.ts';
import type { TraceEvents, TraceEventSpec } from '../ports/index.ts';
import { vfioUserTraceEvents } from '../vfio-user/trace-events.ts';
import { netTraceEvents } from '../wires/trace-events.ts';

export const catalogue: Readonly<Record<string, TraceEventSpec>> = {
  ...igbTraceEvents,
  ...pciTraceEvents,
  ...vmdTraceEvents,
  ...hostedPfTraceEvents,
  ...faultTraceEvents,
  ...netTraceEvents,
  ...vfioUserTraceEvents,
  ...loopTraceEvents,
};

export const eventNames: readonly string[] = Object.keys(catalogue);
export const eventSpecs: readonly TraceEventSpec[] = Object.values(catalogue);
export const argumentCounts: readonly number[] = eventSpecs.map(({ args }) => Object.keys(args).length);
const numbers = new Map(eventNames.map((name, number) => [name, number]));

/** A module's events with their numbers. One that the catalogue lacks is our mistake. */
export function numbered<const T extends Readonly<Record<string, TraceEventSpec>>>(specs: T): TraceEvents<T> {
  const events = Object.keys(specs).map((name): [string, number] => {
    const number = numbers.get(name);
    if (number === undefined) throw new Error(`trace event ${name} is missing from the catalogue`);
    return [name, number];
  });
  return Object.fromEntries(events) as TraceEvents<T>;
}

export function eventNumber(name: string): number {
  return numbers.get(name) ?? -1;
}
