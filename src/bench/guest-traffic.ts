/** Traffic between two stations of a guest, and what it took. */
import { LabError } from '../lab/errors.ts';
import type { Station } from '../lab/workloads/matrix/station.ts';
import { type GuestSide, type ProcessorSeconds, serverPort, type StationName } from './guest-side.ts';

/** Room for an iperf3 that a busy guest starts and ends slowly. */
const GRACE_MS = 60_000;
const SMALL_DATAGRAM = 64;
const PING_INTERVAL_SECONDS = 0.005;

export interface Path {
  readonly from: StationName;
  readonly to: StationName;
}

/** One measurement of a stream: how fast, and processor time for each unit of work (a gigabyte, a million packets). */
export interface Flow {
  readonly rate: number;
  readonly processorEach: ProcessorSeconds;
}

interface Iperf {
  readonly end?: { readonly sum_received?: { readonly bits_per_second: number; readonly bytes: number } };
  readonly error?: string;
}

async function iperf(from: Station, to: Station, words: string, seconds: number): Promise<Iperf> {
  const command = `iperf3 -J -c ${to.address(4)} -p ${serverPort} -t ${seconds} ${words}`;
  const result = await from.try(command, seconds * 1000 + GRACE_MS);
  const found = JSON.parse(result.stdout || '{}') as Iperf;
  if (found.end === undefined || found.error !== undefined)
    throw new LabError('IPERF', `iperf3 from ${from.label} to ${to.label}: ${found.error ?? 'no result'}`);
  return found;
}

const each = (before: ProcessorSeconds, after: ProcessorSeconds, units: number): ProcessorSeconds => ({
  guest: (after.guest - before.guest) / units,
  qemu: (after.qemu - before.qemu) / units,
  device: (after.device - before.device) / units,
});

/** TCP as fast as it goes: Gb/s that arrived, processor time for a gigabyte. */
export async function tcp(side: GuestSide, { from, to }: Path, flows: number, seconds: number): Promise<Flow> {
  const before = await side.processorSeconds();
  const { end } = await iperf(side.station(from), side.station(to), `-P ${flows}`, seconds);
  const after = await side.processorSeconds();
  const { bits_per_second: bits, bytes } = end!.sum_received!;
  return { rate: bits / 1e9, processorEach: each(before, after, bytes / 1e9) };
}

/** Datagrams that reached a station's IP and are of UDP: also those that no socket had room for. */
async function datagramsReceived(station: Station): Promise<number> {
  const text = await station.run('cat /proc/net/snmp');
  const values = new Map<string, number>();
  const lines = text.split('\n').filter((line) => /^\w+: /.test(line));
  for (let row = 0; row + 1 < lines.length; row += 2) {
    const names = lines[row]!.split(' ');
    const numbers = lines[row + 1]!.split(' ');
    for (const [column, name] of names.entries()) values.set(`${names[0]}${name}`, Number(numbers[column]));
  }
  const [all = 0, tcpSegments = 0, icmp = 0] = ['Ip:InDelivers', 'Tcp:InSegs', 'Icmp:InMsgs'].map((name) =>
    values.get(name),
  );
  return all - tcpSegments - icmp;
}

/** Small datagrams as fast as they go: thousands a second that arrived, processor time for a million. */
export async function udp(side: GuestSide, { from, to }: Path, flows: number, seconds: number): Promise<Flow> {
  const receiver = side.station(to);
  const [received, before] = [await datagramsReceived(receiver), await side.processorSeconds()];
  await iperf(side.station(from), receiver, `-u -b 0 -l ${SMALL_DATAGRAM} -P ${flows}`, seconds);
  const after = await side.processorSeconds();
  const packets = (await datagramsReceived(receiver)) - received;
  return { rate: packets / seconds / 1e3, processorEach: each(before, after, packets / 1e6) };
}

/** Round trips in ms of `count` pings from the PF to the external host, a few ms apart or each upon the answer before. */
export async function pings(side: GuestSide, count: number, flood: boolean): Promise<number[]> {
  const pace = flood ? '-A' : `-i ${PING_INTERVAL_SECONDS}`;
  const { stdout } = await side
    .station('pf')
    .try(`ping -n ${pace} -c ${count} ${side.station('host').address(4)}`, GRACE_MS);
  const times = [...stdout.matchAll(/ time=([\d.]+) ms/g)].map(([, time]) => Number(time));
  if (times.length < count / 2) throw new LabError('PING_LOSS', `${count - times.length} of ${count} pings were lost`);
  return times;
}
