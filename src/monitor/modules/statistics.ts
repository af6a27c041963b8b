/** Counters: of the wires, of the port, of each VF. Looking clears none of them. */
import { pfSpecs } from '../../devices/igb/tables/index.ts';
import { statistics as portCounters } from '../../devices/igb/tables/statistics.ts';
import type { RegisterHandle } from '../../registers/index.ts';
import { type MonitorModule, query } from '../context.ts';
import { ofPort, portOnly } from '../function-argument.ts';
import { pf, viewOf } from '../register-view.ts';
import type { Style } from '../style.ts';

interface StatisticsView {
  /** By name; those of netdevs are prefixed by their ids. */
  readonly nic: Readonly<Record<string, number>>;
  /** Statistics registers of the port since their last read by the driver. */
  readonly port: Readonly<Record<string, number>>;
  /** PVFGPRC and its kin, by VF. */
  readonly vfs: readonly Readonly<Record<string, number>>[];
}

const VFS = 8;
const vfCounters = ['PVFGPRC', 'PVFGORC', 'PVFMPRC', 'PVFGPTC', 'PVFGOTC', 'PVFGPRLBC', 'PVFGPTLBC'] as const;
const portNames = Object.keys(portCounters) as (keyof typeof portCounters)[];

/** Counters that are not 0, a row each. */
function rowsOf(counters: Readonly<Record<string, number>>, docOf: (name: string) => string): string[][] {
  const some = Object.entries(counters).filter(([, value]) => value !== 0);
  return some.map(([name, value]) => [name, String(value), docOf(name)]);
}

function render({ nic, port, vfs }: StatisticsView, style: Style): string {
  const active = vfs.flatMap((counters, vf) =>
    Object.values(counters).some((value) => value !== 0)
      ? [[String(vf), ...vfCounters.map((name) => String(counters[name]))]]
      : [],
  );
  const docs: Readonly<Record<string, { readonly doc: string }>> = pfSpecs;
  const counters = ['counter', 'value', 'meaning'];
  const tables: readonly (readonly [string[], string[][]])[] = [
    [counters, rowsOf(nic, () => '')],
    [counters, rowsOf(port, (name) => docs[name]?.doc ?? '')],
    [['vf', ...vfCounters.map((name) => name.slice(1))], active],
  ];
  const shown = tables.filter(([, rows]) => rows.length > 0).map(([head, rows]) => style.table(head, rows));
  return shown.length === 0 ? 'nothing was counted' : shown.join('\n\n');
}

export const statistics: MonitorModule = {
  queries: [
    query({
      name: 'stats',
      doc: 'counters that are not 0: of wires, port and VFs',
      usage: '[pf|pf1]',
      schema: ofPort,
      parse: portOnly,
      fetch: async (context, { port }): Promise<StatisticsView> => {
        const handles: readonly RegisterHandle[] = [...portNames, ...vfCounters].map((name) => pf[name]);
        const [nic, view] = await Promise.all([context.nic.request('statistics'), viewOf(context, handles, port)]);
        const vf = (n: number): Record<string, number> =>
          Object.fromEntries(vfCounters.map((name) => [name, view.get(pf[name], n)]));
        return {
          nic,
          port: Object.fromEntries(portNames.map((name) => [name, view.get(pf[name])])),
          vfs: Array.from({ length: VFS }, (_, n) => vf(n)),
        };
      },
      render,
    }),
  ],
};
