/** Faults on demand: what has the NIC fail, and how often it did. */
import * as v from 'valibot';
import { faultKinds, type FaultStatus } from '../../faults/index.ts';
import { faultKeys } from '../../nic/fault-options.ts';
import { functionNames } from '../../nic/functions.ts';
import { none } from '../arguments.ts';
import { type MonitorContext, MonitorError, type MonitorModule, qmp, query } from '../context.ts';
import { keyList } from '../key-list.ts';
import type { Style } from '../style.ts';

/** What a fault aims at, in the words that it is given in. */
function target({ spec }: FaultStatus): string {
  const words: readonly (readonly [string, string | number | undefined])[] = [
    ['port', spec.port === 0 ? undefined : spec.port],
    ['function', spec.function === undefined ? undefined : functionNames[spec.function]],
    ['direction', spec.direction],
    ['queue', spec.queue],
    ['vector', spec.vector],
    ['bit', spec.bit],
    ['to', spec.to],
  ];
  return words.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`])).join(' ') || 'everything';
}

export interface FaultRow {
  readonly id: string;
  readonly kind: string;
  readonly target: string;
  /** Missing where there is no limit. */
  readonly count?: number;
  readonly after: number;
  readonly probability: number;
  readonly seed: number;
  readonly occasions: number;
  readonly struck: number;
  readonly spent: boolean;
}

function row(status: FaultStatus): FaultRow {
  const { spec, seen, struck, spent } = status;
  const { id, kind, count, after, probability, seed } = spec;
  const limit = count === Infinity ? {} : { count };
  return { id, kind, target: target(status), ...limit, after, probability, seed, occasions: seen, struck, spent };
}

async function add({ nic }: MonitorContext, text: string): Promise<{ id: string }> {
  return { id: await nic.request('addFault', { text }) };
}

const value = v.union([v.string(), v.number()]);

export const faults: MonitorModule = {
  queries: [
    query({
      name: 'faults',
      doc: 'faults that are set, and how often they struck',
      schema: none,
      fetch: async ({ nic }) => (await nic.request('listFaults')).map((status) => row(status)),
      render: (rows, style: Style) => {
        if (rows.length === 0) return 'no fault is set';
        const columns = ['id', 'kind', 'target', 'count', 'probability', 'seed', 'occasions', 'struck'] as const;
        const text = (cell: string | number | boolean | undefined): string => (cell === undefined ? '' : String(cell));
        return style.table(
          [...columns],
          rows.map((entry) => columns.map((column) => text(entry[column]))),
        );
      },
    }),
  ],
  commands: [
    {
      name: 'fault',
      usage: 'KIND[,KEY=VALUE…] | clear [ID]',
      doc: 'have the NIC fail, or no longer: docs/faults.md has the kinds',
      run: async (context, [what, ...rest]) => {
        if (what === undefined) throw new MonitorError('USAGE', 'fault drop,direction=rx,count=3; fault clear');
        if (what !== 'clear') return (await add(context, [what, ...rest].join(','))).id;
        await context.nic.request('clearFaults', { id: rest[0] });
        return '';
      },
      complete: (_context, words) => {
        const kind = faultKinds.find((known) => known === words[0]);
        if (words.length === 1) return ['clear', ...faultKinds];
        return kind === undefined ? [] : faultKeys(kind).map((key) => `${key}=`);
      },
    },
  ],
  qmp: {
    'fault-add': qmp(v.objectWithRest({ kind: v.picklist(faultKinds) }, value), (context, { kind, ...rest }) =>
      add(context, keyList(kind, rest)),
    ),
    'fault-clear': qmp(v.strictObject({ id: v.optional(v.string()) }), async ({ nic }, { id }) => ({
      cleared: await nic.request('clearFaults', { id }),
    })),
  },
};
