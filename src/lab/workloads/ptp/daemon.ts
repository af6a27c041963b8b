/** ptp4l: its arguments, and what its log says. */

export type Transport = 'L2' | 'UDPv4';
export type Delay = 'E2E' | 'P2P';
export type Role = 'server' | 'client';

/** One of linuxptp's daemons. */
export interface Daemon {
  readonly interfaceName: string;
  readonly role: Role;
  readonly transport: Transport;
  readonly delay: Delay;
  /** Where the stamps are made: by the NIC, or by the host's network stack, which is all that a tap has. */
  readonly stamps: 'hardware' | 'software';
  readonly log: string;
}

/** Offset from the server over an interval of one second, in ns, and the frequency in parts per billion. */
export interface Interval {
  readonly rmsNs: number;
  readonly maxNs: number;
  readonly frequencyPpb: number;
  readonly delayNs: number;
}

/** Four Syncs a second; a server that hears of no other is one at once, a client does not lose it for a late announcement. */
const settings = [
  ...['--logSyncInterval=-2', '--logMinDelayReqInterval=-1', '--logMinPdelayReqInterval=-1'],
  ...['--logAnnounceInterval=-1', '--summary_interval=0'],
  // Linux fetches a transmit stamp in a work item, which a guest without processors of its own may run late.
  '--tx_timestamp_timeout=2000',
  // A receive stamp is lost where the one before has not been read, and ptp4l takes what follows of it for a fault.
  '--fault_reset_interval=ASAP',
  // Stamps jitter by what else the host's processors do; this servo looks at as many of them as it takes.
  '--clock_servo=linreg',
];

export function daemonCommand({ interfaceName, role, transport, delay, stamps, log }: Daemon): string {
  const words = [
    ...['ptp4l', '-m', '-q', '-i', interfaceName],
    transport === 'L2' ? '-2' : '-4',
    delay === 'E2E' ? '-E' : '-P',
    stamps === 'hardware' ? '-H' : '-S',
    ...(role === 'client'
      ? ['--clientOnly=1', '--announceReceiptTimeout=20']
      : ['--serverOnly=1', '--announceReceiptTimeout=2']),
    `--uds_address=${log}.uds`,
    `--uds_ro_address=${log}.uds-ro`,
    ...settings,
  ];
  return `${words.join(' ')} > ${log} 2>&1`;
}

const summary = /rms +(\d+) max +(\d+) freq +([+-]\d+) \+\/- +\d+(?: delay +([+-]?\d+) \+\/- +\d+)?/;

/** The intervals of a client's log since it took its server, in their order. */
export function intervals(log: string): Interval[] {
  const found: Interval[] = [];
  for (const line of log.split('\n')) {
    const match = summary.exec(line);
    if (match === null) continue;
    const [, rms, max, frequency, delay] = match;
    found.push({
      rmsNs: Number(rms),
      maxNs: Number(max),
      frequencyPpb: Number(frequency),
      delayNs: Number(delay ?? 0),
    });
  }
  return found;
}

/** The last intervals, so many, if the offset of each is within the limit. */
export function converged(log: string, count: number, limitNs: number): Interval[] | undefined {
  const last = intervals(log).slice(-count);
  return last.length === count && last.every(({ rmsNs }) => rmsNs <= limitNs) ? last : undefined;
}

/** Why a daemon cannot work, as it says; empty where it can. */
export function complaint(log: string): string {
  const bad = /failed to|does not support|not found|[Ii]nvalid/;
  return log.split('\n').find((line) => bad.test(line)) ?? '';
}
