/** Which events are on: globs as `--trace` takes them, later ones win, a leading `-` excludes, `@FILE` holds more of them. */
import { readFileSync } from 'node:fs';
import picomatch from 'picomatch';
import type { TraceEventSpec } from '../ports/index.ts';
import { eventNames, eventSpecs } from './catalogue.ts';
import { TraceError } from './errors.ts';
import { LOGGED, type TraceMemory } from './ring.ts';

/** Longer ones are no names of events. */
const LONGEST_GLOB = 256;

/** What a file gets where nobody names events: what drivers do to the device and what goes wrong, not what happens to each packet. */
export const usualEvents: readonly string[] = [
  ...['igb_guest_error*', 'igb_reg_inert', 'igb_reg_*_unknown', 'igb_reset*', 'igb_link*', 'igb_mailbox*'],
  ...['igb_*_queue_*', 'igb_rx_drop*', 'igb_tx_drop*', 'igb_switch_drop*'],
  ...['pci_reset', 'pci_cfg_write', 'pci_dma_refused', 'pci_reentrant_access', 'pci_unclaimed_access'],
];

/** Numbers of the events that a glob names; none where it is no glob. */
function matching(glob: string): number[] {
  if (glob === '' || glob.length > LONGEST_GLOB) return [];
  const matches = picomatch(glob, { noextglob: true });
  return eventNames.flatMap((name, number) => (matches(name) ? [number] : []));
}

/** Replaces `@FILE` by the file's lines, without empty ones and those that begin with `#`. Throws TraceError `TRACE_FILE`. */
export function expandGlobs(globs: readonly string[]): string[] {
  return globs.flatMap((glob) => {
    if (!glob.startsWith('@')) return [glob];
    const path = glob.slice(1);
    try {
      const lines = readFileSync(path, 'utf8').split('\n');
      return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
    } catch (error) {
      throw new TraceError('TRACE_FILE', `cannot read names of trace events: ${(error as Error).message}`);
    }
  });
}

/** Sets the memory's flags, at any time and from any thread; returns the globs that match no event. */
export function selectEvents(memory: TraceMemory, globs: readonly string[]): string[] {
  const on = new Uint8Array(memory.on);
  return globs.filter((glob) => {
    const exclude = glob.startsWith('-');
    const numbers = matching(exclude ? glob.slice(1) : glob);
    for (const number of numbers) {
      if (exclude) Atomics.and(on, number, ~LOGGED);
      else Atomics.or(on, number, LOGGED);
    }
    return numbers.length === 0;
  });
}

/** Whether an event is on that goes into the memory. */
export function anyEventOn(memory: TraceMemory): boolean {
  return new Uint8Array(memory.on).some((wanted) => (wanted & LOGGED) !== 0);
}

/** An event as lists show it. */
export interface EventState {
  readonly name: string;
  readonly spec: TraceEventSpec;
  readonly on: boolean;
}

/** All events that a glob names, with whether they are on; off, without a memory. */
export function listEvents(memory: TraceMemory | undefined, glob = '*'): EventState[] {
  const on = memory && new Uint8Array(memory.on);
  return matching(glob).map((number) => ({
    name: eventNames[number]!,
    spec: eventSpecs[number]!,
    on: on !== undefined && (on[number]! & LOGGED) !== 0,
  }));
}
