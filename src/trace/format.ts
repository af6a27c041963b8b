/** Trace records as lines of text. */
import type { TraceRecord } from './ring.ts';

/** Fills `%u`, `%d`, `%x` (and `%08x`) of a format with numbers, in order. */
export function formatArguments(format: string, args: readonly number[]): string {
  let next = 0;
  return format.replace(/%(0\d+)?([udx])/g, (_, width: string | undefined, kind: string) => {
    const value = args[next] ?? 0;
    next += 1;
    const text = kind === 'x' ? (value < 0 ? value >>> 0 : value).toString(16) : String(value);
    return width === undefined ? text : text.padStart(Number(width), '0');
  });
}

/** `seconds.microseconds name arguments`. */
export function formatRecord(record: TraceRecord): string {
  const time = (record.timeNs / 1e9).toFixed(6).padStart(12);
  return `${time} ${record.name} ${formatArguments(record.spec.format, record.args)}`.trimEnd();
}
