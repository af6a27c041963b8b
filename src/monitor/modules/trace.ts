/** Trace events, on and off while the NIC runs. */
import * as v from 'valibot';
import { eventNames } from '../../trace/catalogue.ts';
import { describeArguments } from '../../trace/format.ts';
import { type MonitorContext, MonitorError, type MonitorModule, qmp, query } from '../context.ts';
import { onOrOff } from '../words.ts';

function setState({ nic }: MonitorContext, glob: string, enable: boolean): void {
  const [unmatched] = nic.trace.select([enable ? glob : `-${glob}`]);
  if (unmatched !== undefined) throw unknownEvent(glob);
}

const unknownEvent = (glob: string): MonitorError =>
  new MonitorError('UNKNOWN', `unknown event "${glob}"; "info trace-events" lists them`);

interface TraceEventStatus {
  readonly name: string;
  readonly state: 'enabled' | 'disabled';
  /** `queue: queue, length: bytes`. */
  readonly arguments: string;
  readonly doc: string;
}

function statesOf({ nic }: MonitorContext, glob: string): TraceEventStatus[] {
  const events = nic.trace.list(glob);
  if (events.length === 0) throw unknownEvent(glob);
  return events.map(({ name, spec, on }) => ({
    name,
    state: on ? 'enabled' : 'disabled',
    arguments: describeArguments(spec),
    doc: spec.doc,
  }));
}

export const trace: MonitorModule = {
  queries: [
    query({
      name: 'trace-events',
      usage: '[GLOB]',
      doc: 'trace events and whether they are on',
      schema: v.strictObject({ name: v.optional(v.string(), '*') }),
      parse: ([name]) => (name === undefined ? {} : { name }),
      fetch: (context, { name }) => statesOf(context, name),
      render: (events) => events.map(({ name, state }) => `${name} : state ${state === 'enabled' ? 1 : 0}`).join('\n'),
      complete: () => eventNames,
    }),
  ],
  commands: [
    {
      name: 'trace-event',
      usage: 'GLOB on|off',
      doc: 'turn trace events on or off',
      run: (context, [glob, state]) => {
        if (glob === undefined) throw new MonitorError('USAGE', "trace-event 'igb_irq_*' on|off");
        setState(context, glob, onOrOff(state, 'a trace event'));
        return '';
      },
      complete: (_context, words) => (words.length === 1 ? eventNames : ['on', 'off']),
    },
  ],
  qmp: {
    'trace-event-get-state': qmp(v.strictObject({ name: v.string() }), (context, { name }) =>
      statesOf(context, name).map(({ name: event, state }) => ({ name: event, state })),
    ),
    'trace-event-set-state': qmp(
      v.strictObject({ name: v.string(), enable: v.boolean(), 'ignore-unavailable': v.optional(v.boolean()) }),
      (context, { name, enable }) => setState(context, name, enable),
    ),
  },
};
