/** Trace records as text and as JSON. */
import type { TraceEventSpec, TraceType } from '../ports/index.ts';
import type { TraceRecord } from './record.ts';
import { argumentInWords } from './words.ts';

/** `name value name value …`. */
export function formatArguments(spec: TraceEventSpec, args: readonly number[]): string {
  let before: TraceType | undefined;
  let text = '';
  let index = 0;
  for (const name in spec.args) {
    const type = spec.args[name]!;
    text += `${index === 0 ? '' : ' '}${name} ${argumentInWords(type, args[index] ?? 0, before, args[index - 1])}`;
    before = type;
    index += 1;
  }
  return text;
}

/** `seconds.nanoseconds name #packet arguments`, with the port behind the name where it is not the first. */
export function formatRecord(record: TraceRecord): string {
  const { name, spec, timeNs, port, packet, args } = record;
  const time = (timeNs / 1e9).toFixed(9).padStart(15);
  return `${time} ${name}${port === 0 ? '' : ` port ${port}`}${packet === 0 ? '' : ` #${packet}`} ${formatArguments(spec, args)}`.trimEnd();
}

/** Arguments by name, in words but for those that are plain numbers. */
export function recordWords({ spec, args }: TraceRecord): Record<string, string | number> {
  let before: TraceType | undefined;
  const words = Object.entries(spec.args).map(([name, type], index): [string, string | number] => {
    const value = args[index] ?? 0;
    const text = argumentInWords(type, value, before, args[index - 1]);
    before = type;
    return [name, text === String(value) ? value : text];
  });
  return Object.fromEntries(words);
}

/** What a machine reads: numbers as they are in `args`, and in `words` what stands for something else. */
export function recordAsJson(record: TraceRecord): Record<string, unknown> {
  const { name, spec, timeNs, port, packet, args } = record;
  const values = Object.fromEntries(Object.keys(spec.args).map((argument, index) => [argument, args[index] ?? 0]));
  const words = Object.entries(recordWords(record)).filter(([, value]) => typeof value === 'string');
  return {
    timeNs,
    event: name,
    ...(port === 0 ? {} : { port }),
    ...(packet === 0 ? {} : { packet }),
    args: values,
    ...(words.length === 0 ? {} : { words: Object.fromEntries(words) }),
  };
}

/** Types of an event's arguments, for lists: `queue: queue, length: bytes`. */
export function describeArguments(spec: TraceEventSpec): string {
  return Object.entries(spec.args)
    .map(([name, type]) => `${name}: ${typeof type === 'string' ? type : type.filter((word) => word !== '').join('|')}`)
    .join(', ');
}
