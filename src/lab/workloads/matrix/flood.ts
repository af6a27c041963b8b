import { LabError } from '../../errors.ts';
import type { Reporter } from '../../reporter.ts';
import type { Station } from './station.ts';

/** Counters of the NIC itself, beside those that guests see; undefined where it has none to tell. */
export type NicCounters = () => Promise<Readonly<Record<string, number>>>;

/** UDP from one station to another, as fast as it goes and then at half the rate that arrived. */
export interface FloodResult {
  readonly from: string;
  readonly to: string;
  readonly sustainedMbps: number;
  /** Datagrams at full speed, by the kernels' own counts. */
  readonly sent: number;
  readonly received: number;
  /** Lost ones by the counter that has them. */
  readonly counted: Readonly<Record<string, number>>;
  /** Lost and in no counter (negative: counted and not lost). */
  readonly unaccounted: number;
  readonly lostAtHalf: number;
  readonly sentAtHalf: number;
  readonly ok: boolean;
}

const port = 7020;
const seconds = 2;
const datagramLength = 1400;
const scriptMs = 60_000;
const settleSeconds = 0.5;

type Counters = Map<string, number>;

/** Columns of /proc/net/dev; rx_dropped there includes what the NIC missed. */
const linkColumns = {
  rx_packets: 1,
  rx_dropped: 3,
  rx_fifo_errors: 4,
  tx_packets: 9,
  tx_dropped: 11,
  tx_fifo_errors: 12,
};

/** All counters of a station by name. */
async function counters(station: Station): Promise<Counters> {
  const name = station.interfaceName;
  const text = await station.run(
    [
      `grep '^Udp: ' /proc/net/snmp`,
      // /proc/net/dev and not /sys: that of the external host is another namespace's.
      `sed -n 's/^ *${name}: */link /p' /proc/net/dev`,
      `tc -s qdisc show dev ${name} 2>/dev/null | sed -n 's/.*(dropped \\([0-9]*\\),.*/qdisc \\1/p' | head -n 1`,
    ].join('\n'),
  );
  const found: Counters = new Map();
  const [names = '', values = ''] = text.split('\n').filter((line) => line.startsWith('Udp: '));
  const numbers = values.split(' ');
  for (const [index, word] of names.split(' ').entries())
    if (index > 0) found.set(`udp.${word}`, Number(numbers[index]));
  const columns = /^link (.*)$/m.exec(text)?.[1]?.split(/\s+/) ?? [];
  for (const [counter, column] of Object.entries(linkColumns)) found.set(`link.${counter}`, Number(columns[column]));
  found.set('qdisc.dropped', Number(/^qdisc (\d+)$/m.exec(text)?.[1] ?? 0));
  return found;
}

function grown(before: Counters, after: Counters, name: string): number {
  return (after.get(name) ?? 0) - (before.get(name) ?? 0);
}

interface Iperf {
  readonly end?: {
    readonly sum: { readonly packets: number; readonly lost_packets: number; readonly bits_per_second: number };
  };
  readonly error?: string;
}

/** One run of iperf3 from a station: datagrams sent, those that its server missed, and Mb/s that arrived. */
async function iperf(
  from: Station,
  to: Station,
  mbps: number,
): Promise<{ packets: number; lost: number; mbps: number }> {
  const words = `-u -l ${datagramLength} -t ${seconds} -b ${mbps === 0 ? 0 : `${mbps.toFixed(3)}M`}`;
  const result = await from.try(`iperf3 -J -c ${to.address(4)} -p ${port} ${words}`, scriptMs);
  const { end, error } = JSON.parse(result.stdout || '{}') as Iperf;
  if (end?.sum === undefined)
    throw new LabError('IPERF', `iperf3 from ${from.label} to ${to.label}: ${error ?? 'no result'}`);
  const { packets, lost_packets: lost } = end.sum;
  return { packets, lost, mbps: ((packets - lost) * datagramLength * 8) / seconds / 1e6 };
}

/** What a NIC's own counters say that it lost. */
function nicLosses(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): [string, number][] {
  return Object.keys(after)
    .filter((name) => /drop/i.test(name))
    .map((name) => [`nic.${name}`, after[name]! - (before[name] ?? 0)]);
}

async function flood(from: Station, to: Station, nic: NicCounters | undefined): Promise<FloodResult> {
  const snapshot = async (): Promise<[Counters, Counters, Readonly<Record<string, number>>]> => {
    await to.run(`sleep ${settleSeconds}`);
    return [await counters(from), await counters(to), (await nic?.()) ?? {}];
  };
  const [fromBefore, toBefore, nicBefore] = await snapshot();
  const full = await iperf(from, to, 0);
  const [fromAfter, toAfter, nicAfter] = await snapshot();
  const sent = grown(fromBefore, fromAfter, 'udp.OutDatagrams');
  const received = grown(toBefore, toAfter, 'udp.InDatagrams');
  const counted: Record<string, number> = {};
  const note = (where: string, name: string, count: number): void => {
    if (count !== 0) counted[`${where} ${name}`] = count;
  };
  for (const name of ['qdisc.dropped', 'link.tx_dropped', 'link.tx_fifo_errors', 'udp.SndbufErrors'])
    note(from.label, name, grown(fromBefore, fromAfter, name));
  // A full socket buffer counts as both, so the errors have it once.
  for (const name of ['udp.InErrors', 'link.rx_dropped', 'link.rx_fifo_errors'])
    note(to.label, name, grown(toBefore, toAfter, name));
  // What leaves for the host's interface and does not fit the tap's queue is a drop of the host's transmitter.
  for (const [name, count] of nicLosses(nicBefore, nicAfter)) note('NIC', name, count);
  const half = await iperf(from, to, full.mbps / 2);
  const unaccounted = sent - received - Object.values(counted).reduce((sum, count) => sum + count, 0);
  return {
    ...{
      from: from.label,
      to: to.label,
      sustainedMbps: Number(full.mbps.toFixed(1)),
      sent,
      received,
      counted,
      unaccounted,
    },
    ...{ lostAtHalf: half.lost, sentAtHalf: half.packets, ok: half.lost === 0 && unaccounted === 0 },
  };
}

/** Floods each pair of stations, one after the other. */
export async function floods(
  title: string,
  stations: readonly Station[],
  nic: NicCounters | undefined,
  step: Reporter['step'],
): Promise<FloodResult[]> {
  for (const station of stations) await station.place.start(station.inside(`iperf3 -s -p ${port}`));
  const results: FloodResult[] = [];
  for (const from of stations)
    for (const to of stations)
      if (from !== to)
        await step(`${title}: UDP flood from ${from.label} to ${to.label}`, async (report) => {
          const result = await flood(from, to, nic);
          results.push(result);
          const { sustainedMbps, sent, received, unaccounted, lostAtHalf, sentAtHalf } = result;
          report(
            `${sustainedMbps} Mb/s; ${sent - received} of ${sent} lost, ${unaccounted} in no counter; at half ${lostAtHalf} of ${sentAtHalf} lost`,
          );
        });
  return results;
}
