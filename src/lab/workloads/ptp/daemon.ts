/** ptp4l: its arguments, and whether it can work. */

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
  /** A client that measures and leaves its clock alone, as the host's is everybody's. */
  readonly freeRunning?: boolean;
  readonly log: string;
}

/** Four Syncs a second; a server that hears of no other is one at once, a client does not lose it for a late announcement. */
const settings = [
  ...['--logSyncInterval=-2', '--logMinDelayReqInterval=-1', '--logMinPdelayReqInterval=-1'],
  '--logAnnounceInterval=-1',
  // Linux fetches a transmit stamp in a work item, which a guest without processors of its own may run late.
  '--tx_timestamp_timeout=2000',
  // A receive stamp is lost where the one before has not been read, and ptp4l takes what follows of it for a fault.
  '--fault_reset_interval=ASAP',
  // Stamps jitter by what else the host's processors do; this servo looks at as many of them as it takes.
  '--clock_servo=linreg',
  // What took longer than the rest counts less.
  '--tsproc_mode=filter_weight',
  // No summary: each measurement is told.
  '--summary_interval=-2',
];

export function daemonCommand(daemon: Daemon): string {
  const { interfaceName, role, transport, delay, stamps, freeRunning = false, log } = daemon;
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
    ...(freeRunning ? ['--free_running=1'] : []),
  ];
  return `${words.join(' ')} > ${log} 2>&1`;
}

/** Why a daemon cannot work, as it says; empty where it can. */
export function complaint(log: string): string {
  const bad = /failed to|does not support|not found|[Ii]nvalid/;
  return log.split('\n').find((line) => bad.test(line)) ?? '';
}
