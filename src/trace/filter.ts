/** Which records of a trace somebody wants to see. */
import picomatch from 'picomatch';
import { argumentOf, LOST, type TraceRecord } from './record.ts';

export interface TraceFilter {
  /** Globs of events, as `--trace` takes them. */
  readonly events?: readonly string[] | undefined;
  readonly packet?: number | undefined;
  readonly queue?: number | undefined;
  /** Seconds of the trace's own time. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

function eventTest(globs: readonly string[]): (name: string) => boolean {
  const rules = globs.map((glob) => {
    const exclude = glob.startsWith('-');
    const text = exclude ? glob.slice(1) : glob;
    return { wanted: !exclude, matches: text === '' ? () => false : picomatch(text, { noextglob: true }) };
  });
  const start = rules[0]?.wanted === false;
  return (name) => rules.reduce((wanted, rule) => (rule.matches(name) ? rule.wanted : wanted), start);
}

/** Records that pass all of a filter; that some were lost is always told. */
export function* filterRecords(records: Iterable<TraceRecord>, filter: TraceFilter): Generator<TraceRecord> {
  const { packet, queue, from = -Infinity, to = Infinity } = filter;
  const wants = filter.events === undefined ? () => true : eventTest(filter.events);
  for (const record of records) {
    const seconds = record.timeNs / 1e9;
    if (seconds < from || seconds > to) continue;
    if (record.name !== LOST) {
      if (!wants(record.name)) continue;
      if (packet !== undefined && record.packet !== packet) continue;
      if (queue !== undefined && argumentOf(record, 'queue') !== queue) continue;
    }
    yield record;
  }
}
