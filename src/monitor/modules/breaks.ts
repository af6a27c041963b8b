/** Breakpoints: where device and machines stop together. */
import * as v from 'valibot';
import { none } from '../arguments.ts';
import { MonitorError, type MonitorModule, qmp, query } from '../context.ts';

const machineStates = {
  unreachable: 'runs on at a breakpoint: nobody answers at its QMP socket',
  running: 'stops at a breakpoint',
  stopping: 'is stopping',
  stopped: 'stands',
} as const;

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new MonitorError('USAGE', `"${text}" is no number of a breakpoint: "info break" lists them`);
}

/** Words of a line as the expression that they were. */
const expression = (words: readonly string[]): string => words.join(' ');

export const breaks: MonitorModule = {
  queries: [
    query({
      name: 'break',
      doc: 'breakpoints, where the device stood last, and which machines stop with it',
      schema: none,
      fetch: ({ nic }) => nic.request('breaksStatus'),
      render: ({ breakpoints, place, machines }) => {
        const lines = breakpoints.map(({ number, text, hits }) => `${number}: ${text} (hit ${hits} times)`);
        if (lines.length === 0) lines.push('no breakpoint is set');
        if (place !== undefined) {
          const packet = place.packet === 0 ? '' : ` #${place.packet}`;
          const by = place.number === 0 ? 'step' : `break ${place.number}`;
          lines.push(`last: ${by} at ${(place.timeNs / 1e9).toFixed(9)} ${place.event}${packet} ${place.what}`);
        }
        for (const { id, qmp: path, state } of machines) {
          const unknown = 'runs on at a breakpoint: its attachment has no qmp=SOCKET';
          lines.push(`machine of ${id}: ${path === undefined ? unknown : machineStates[state]}`);
        }
        return lines.join('\n');
      },
    }),
  ],
  commands: [
    {
      name: 'break',
      usage: 'EXPR',
      doc: 'stop where it holds: reg:TDT[0] write && value > 5; igb_tx_drop_*; packet(icmp); docs/debugging.md',
      run: async ({ nic }, words) => {
        if (words.length === 0) throw new MonitorError('USAGE', 'break reg:TDT[0] write');
        return `breakpoint ${await nic.request('addBreak', { text: expression(words) })}`;
      },
    },
    {
      name: 'delete',
      usage: '[N]',
      doc: 'delete a breakpoint, or all',
      run: async ({ nic }, [number]) => {
        await nic.request('deleteBreak', { number: numberOf(number) });
        return '';
      },
    },
    {
      name: 'step',
      usage: '[EXPR]',
      doc: 'go on to the next access of a register, or to where it holds',
      run: async ({ nic }, words) => {
        await nic.request('step', { text: words.length === 0 ? undefined : expression(words) });
        return '';
      },
    },
  ],
  qmp: {
    'break-add': qmp(v.strictObject({ expression: v.string() }), async ({ nic }, given) => ({
      number: await nic.request('addBreak', { text: given.expression }),
    })),
    'break-delete': qmp(v.strictObject({ number: v.optional(v.number()) }), ({ nic }, given) =>
      nic.request('deleteBreak', given),
    ),
    step: qmp(v.strictObject({ expression: v.optional(v.string()) }), ({ nic }, given) =>
      nic.request('step', { text: given.expression }),
    ),
  },
};
