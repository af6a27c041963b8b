/** Trace records as text and as JSON. */
import type { TraceEventSpec, TraceType } from '../ports/index.ts';
import type { TraceRecord } from './record.ts';
import { argumentInWords } from './words.ts';

/** `name value name value …`. */
export function formatArguments(spec: TraceEventSpec, args: readonly number[]): string {
  let before: TraceType | undefined;
  return Object.entries(spec.args)
    .map(([name, type], index) => {
      const words = argumentInWords(type, args[index] ?? 0, before, args[index - 1]);
      before = type;
      return `${name} ${words}`;
    })
    .join(' ');
}

/** `seconds.nanoseconds name #packet arguments`. */
export function formatRecord(record: TraceRecord): string {
  const { name, spec, timeNs, packet, args } = record;
  const time = (timeNs / 1e9).toFixed(9).padStart(15);
  return `${time} ${name}${packet === 0 ? '' : ` #${packet}`} ${formatArguments(spec, args)}`.trimEnd();
}

/** What a machine reads: numbers as they are, and beside them in words what is not a plain number. */
export function recordAsJson({ name, spec, timeNs, packet, args }: TraceRecord): Record<string, unknown> {
  const values: Record<string, number> = {};
  const words: Record<string, string> = {};
  let before: TraceType | undefined;
  Object.entries(spec.args).forEach(([argument, type], index) => {
    const value = args[index] ?? 0;
    values[argument] = value;
    const text = argumentInWords(type, value, before, args[index - 1]);
    if (Number.isNaN(Number.parseFloat(text)) || text.includes('[')) words[argument] = text;
    before = type;
  });
  return {
    timeNs,
    event: name,
    ...(packet === 0 ? {} : { packet }),
    args: values,
    ...(Object.keys(words).length === 0 ? {} : { words }),
  };
}

/** Types of an event's arguments, for lists: `queue: queue, length: bytes`. */
export function describeArguments(spec: TraceEventSpec): string {
  return Object.entries(spec.args)
    .map(([name, type]) => `${name}: ${typeof type === 'string' ? type : type.filter((word) => word !== '').join('|')}`)
    .join(', ');
}
