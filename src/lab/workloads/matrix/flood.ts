import { readFileSync } from 'node:fs';
import { LabError } from '../../errors.ts';
import type { Reporter } from '../../reporter.ts';
import { HostPlace, mustRun } from './place.ts';
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
  /** Arrived, and more than the receiving program could take. */
  readonly tooMuchForSocket: number;
  readonly sentAtHalf: number;
  readonly lostAtHalf: number;
  readonly tooMuchForSocketAtHalf: number;
  readonly ok: boolean;
}

const port = 7020;
const seconds = 2;
const datagramLength = 1400;
const scriptMs = 60_000;
const attempts = 3;
const settleSeconds = 0.5;
/** Socket buffers that bridge the moments in which a busy machine does not run the receiver. */
const guestBufferBytes = 4 * 1024 * 1024;
/** Frames of others, such as ARP, that may be among those that a full queue drops. */
const othersAtMost = 20;

type Counters = Map<string, number>;

/** Columns of /proc/net/dev; rx_dropped there includes what the NIC missed. */
const linkColumns = { rx_dropped: 3, rx_fifo_errors: 4, tx_dropped: 11, tx_fifo_errors: 12 };
/**
 * Counters that grow by one for each frame lost. What a plain queueing discipline refuses was never sent, but fq_codel drops
 * what its kernel already counts as sent.
 */
const lossCounters = [...Object.keys(linkColumns).map((name) => `link.${name}`), 'fq_codel.dropped'];

/** All counters of a station by name. */
async function counters(station: Station): Promise<Counters> {
  const name = station.interfaceName;
  const text = await station.run(
    [
      `cat /proc/net/snmp`,
      // /proc/net/dev and not /sys: that of the external host is another namespace's.
      `sed -n 's/^ *${name}: */link /p' /proc/net/dev`,
      `tc -s qdisc show dev ${name}`,
    ].join('\n'),
  );
  const found: Counters = new Map();
  // Two lines a protocol: names, then values.
  const lines = text.split('\n').filter((line) => /^[A-Z]\w+: /.test(line));
  for (let row = 0; row + 1 < lines.length; row += 2) {
    const [protocol = '', ...names] = lines[row]!.split(' ');
    const values = lines[row + 1]!.split(' ').slice(1);
    for (const [index, name] of names.entries()) found.set(`${protocol}${name}`, Number(values[index]));
  }
  const columns = /^link (.*)$/m.exec(text)?.[1]?.split(/\s+/) ?? [];
  for (const [counter, column] of Object.entries(linkColumns)) found.set(`link.${counter}`, Number(columns[column]));
  // The first is the root, which sums up those below it.
  if (/^qdisc fq_codel /m.test(text)) found.set('fq_codel.dropped', Number(/\(dropped (\d+)/.exec(text)?.[1] ?? 0));
  return found;
}

interface Iperf {
  readonly end?: { readonly sum?: object };
  readonly error?: string;
}

/** One run of iperf3 at a rate (0: none). What arrived is known by the kernels' counters: a server that is flooded may not say. */
async function iperf(from: Station, to: Station, mbps: number): Promise<void> {
  const words = `-u -l ${datagramLength} -t ${seconds} -b ${mbps === 0 ? 0 : `${mbps.toFixed(3)}M`}`;
  const result = await from.try(
    `iperf3 -J -c ${to.address(4)} -p ${port} -w ${bufferBytes(from, to)} ${words}`,
    scriptMs,
  );
  const { end, error } = JSON.parse(result.stdout || '{}') as Iperf;
  if (end?.sum === undefined)
    throw new LabError('IPERF', `iperf3 from ${from.label} to ${to.label}: ${error ?? 'no result'}`);
}

/** Datagrams that reached a station's UDP. Its own count of them leaves out those that a socket closes upon. */
function deliveredToUdp(found: Counters): number {
  const [all = 0, tcp = 0, icmp = 0] = ['Ip:InDelivers', 'Tcp:InSegs', 'Icmp:InMsgs'].map((name) => found.get(name));
  return all - tcp - icmp;
}

/** What is known at a moment: datagrams that the two stations sent and got, and losses of everybody. */
interface Snapshot {
  readonly sent: number;
  readonly received: number;
  /** Of those received, the ones that the receiver's socket had no room for, or that came when it was gone. */
  readonly atSocket: number;
  readonly losses: Counters;
}

/**
 * Losses may be in any station's counters: of what a full queue drops, the PF's driver reads those of other functions'
 * queues too. What no driver has read yet is in the NIC's registers, which reading clears.
 */
async function snapshot(
  from: Station,
  to: Station,
  stations: readonly Station[],
  nic: NicCounters | undefined,
): Promise<Snapshot> {
  await to.run(`sleep ${settleSeconds}`);
  const losses: Counters = new Map();
  const all = new Map<Station, Counters>();
  for (const station of stations) {
    const found = await counters(station);
    all.set(station, found);
    for (const name of lossCounters) losses.set(`${station.label} ${name}`, found.get(name) ?? 0);
  }
  for (const [name, value] of Object.entries((await nic?.()) ?? {}))
    if (/drop/i.test(name)) losses.set(`NIC ${name}`, value);
  return {
    sent: all.get(from)?.get('Udp:OutDatagrams') ?? 0,
    received: deliveredToUdp(all.get(to)!),
    atSocket: (all.get(to)!.get('Udp:InErrors') ?? 0) + (all.get(to)!.get('Udp:NoPorts') ?? 0),
    losses,
  };
}

async function flood(
  from: Station,
  to: Station,
  stations: readonly Station[],
  nic: NicCounters | undefined,
): Promise<FloodResult> {
  const before = await snapshot(from, to, stations, nic);
  await iperf(from, to, 0);
  const after = await snapshot(from, to, stations, nic);
  const taken = after.received - before.received - (after.atSocket - before.atSocket);
  const sustainedMbps = (taken * datagramLength * 8) / seconds / 1e6;
  await iperf(from, to, sustainedMbps / 2);
  const atHalf = await snapshot(from, to, stations, nic);
  const sent = after.sent - before.sent;
  const received = after.received - before.received;
  const sentAtHalf = atHalf.sent - after.sent;
  const lostAtHalf = sentAtHalf - (atHalf.received - after.received);
  const counted = [...after.losses]
    .map(([name, value]): [string, number] => [name, value - (before.losses.get(name) ?? 0)])
    .filter(([, count]) => count !== 0);
  const unaccounted = sent - received - counted.reduce((sum, [, count]) => sum + count, 0);
  return {
    from: from.label,
    to: to.label,
    sustainedMbps: Number(sustainedMbps.toFixed(1)),
    sent,
    received,
    counted: Object.fromEntries(counted),
    unaccounted,
    tooMuchForSocket: after.atSocket - before.atSocket,
    sentAtHalf,
    lostAtHalf,
    tooMuchForSocketAtHalf: atHalf.atSocket - after.atSocket,
    ok: lostAtHalf === 0 && unaccounted <= 0 && unaccounted >= -othersAtMost,
  };
}

/** The longest buffer that iperf3 gets at both ends: the kernel takes what is asked for up to a limit, doubled. */
function bufferBytes(from: Station, to: Station): number {
  if (!(from.place instanceof HostPlace || to.place instanceof HostPlace)) return guestBufferBytes;
  const limits = ['rmem_max', 'wmem_max'].map((name) => Number(readFileSync(`/proc/sys/net/core/${name}`, 'utf8')));
  return Math.min(guestBufferBytes, 2 * Math.min(...limits));
}

/**
 * Stations know each other's addresses for good: a flood fills queues in which answers of ARP are lost as well, and what
 * waits for one is then dropped where no counter of an interface has it.
 */
export async function introduce(stations: readonly Station[]): Promise<void> {
  const macs = new Map<Station, string>();
  for (const station of stations) {
    const text = await station.run(`ip -o link show dev ${station.interfaceName}`);
    macs.set(station, /link\/ether (\S+)/.exec(text)![1]!);
  }
  for (const from of stations)
    for (const to of stations)
      if (from !== to)
        await from.run(
          `ip neigh replace ${to.address(4)} lladdr ${macs.get(to)} dev ${from.interfaceName} nud permanent`,
        );
}

/** Floods each pair of stations, one after the other. */
export async function floods(
  title: string,
  stations: readonly Station[],
  nic: NicCounters | undefined,
  step: Reporter['step'],
): Promise<FloodResult[]> {
  for (const { place } of stations)
    if (!(place instanceof HostPlace))
      await mustRun(place, `for max in rmem_max wmem_max; do echo ${guestBufferBytes} > /proc/sys/net/core/$max; done`);
  for (const station of stations) {
    await station.place.start(station.inside(`iperf3 -s -p ${port}`));
    const listening = `grep -q ':${port.toString(16).toUpperCase()} .* 0A ' /proc/net/tcp6`;
    await station.run(`i=0; until ${listening}; do i=$((i+1)); [ $i -gt 100 ] && exit 1; sleep 0.1; done`, scriptMs);
  }
  await introduce(stations);
  const results: FloodResult[] = [];
  for (const from of stations)
    for (const to of stations)
      if (from !== to)
        await step(`${title}: UDP flood from ${from.label} to ${to.label}`, async (report) => {
          // A machine that is busy with others starves guests for longer than a ring of descriptors lasts.
          let result = await flood(from, to, stations, nic);
          for (let attempt = 2; !result.ok && attempt <= attempts; attempt++)
            result = await flood(from, to, stations, nic);
          results.push(result);
          const { sustainedMbps, sent, received, unaccounted, lostAtHalf, sentAtHalf } = result;
          report(
            `${sustainedMbps} Mb/s; ${sent - received} of ${sent} lost, ${unaccounted} in no counter; at half ${lostAtHalf} of ${sentAtHalf} lost`,
          );
        });
  return results;
}
