/** What a stock guest gets out of the NIC: the same guest with ours and with QEMU's igb, in turns. */
import type { GuestSide, ProcessorSeconds, StationName } from './guest-side.ts';
import { type Path, pings, tcp, udp } from './guest-traffic.ts';

export interface GuestEffort {
  readonly rounds: number;
  /** Rounds before these that do not count: a program like ours compiles its own in them. */
  readonly warmUp: number;
  /** Of each stream of each round. */
  readonly seconds: number;
  readonly pings: number;
}

/** One figure of one round. */
export interface GuestSample {
  readonly value: number;
  /** For each gigabyte or million packets. */
  readonly processorEach?: ProcessorSeconds | undefined;
}

export interface GuestFigure {
  readonly name: string;
  readonly title: string;
  readonly unit: 'Gb/s' | 'thousand/s' | 'ms';
  /** How many times as fast it is to be. */
  readonly goal?: number;
}

/** One measurement, which may give several figures. */
export interface GuestCase {
  readonly name: string;
  readonly title: string;
  readonly figures: readonly GuestFigure[];
  /** It is measured with VFs enabled; else before they are. */
  readonly virtualFunctions: boolean;
  /** A sample for each figure. */
  measure(side: GuestSide, effort: GuestEffort): Promise<readonly GuestSample[]>;
}

const TCP_GOAL = 1.2;
const UDP_GOAL = 1.1;
/** At most 1.1 times as long as QEMU's, turned round. */
const PING_GOAL = 1 / 1.1;

const spoken: Readonly<Record<StationName, string>> = { host: 'external', pf: 'PF', vf0: 'VF', vf1: 'VF' };
const pfPaths: readonly Path[] = [
  { from: 'host', to: 'pf' },
  { from: 'pf', to: 'host' },
];
const vfPaths: readonly Path[] = [
  { from: 'host', to: 'vf0' },
  { from: 'vf0', to: 'host' },
  { from: 'vf0', to: 'vf1' },
];
const flowCounts = [1, 4];

/** "tcp-pf-host" and with several flows "tcp-pf-host-4". */
const nameOf = (kind: string, { from, to }: Path, flows: number): string =>
  [kind, from, to, ...(flows === 1 ? [] : [flows])].join('-');

const titleOf = (kind: string, { from, to }: Path, flows: number): string =>
  `${kind} ${spoken[from]} to ${spoken[to]}${flows === 1 ? '' : `, ${flows} flows`}`;

function streamCase(kind: 'tcp' | 'udp', path: Path, flows: number): GuestCase {
  const figure: GuestFigure = {
    name: nameOf(kind, path, flows),
    title: titleOf(kind.toUpperCase(), path, flows),
    ...(kind === 'tcp' ? { unit: 'Gb/s', goal: TCP_GOAL } : { unit: 'thousand/s', goal: UDP_GOAL }),
  };
  const stream = kind === 'tcp' ? tcp : udp;
  return {
    name: figure.name,
    title: figure.title,
    figures: [figure],
    virtualFunctions: vfPaths.includes(path),
    measure: async (side, { seconds }) => {
      const { rate, processorEach } = await stream(side, path, flows, seconds);
      return [{ value: rate, processorEach }];
    },
  };
}

function pingCase(name: string, title: string, flood: boolean): GuestCase {
  const figures: readonly GuestFigure[] = [
    { name: `${name}-p50`, title: `${title}, median`, unit: 'ms', goal: PING_GOAL },
    { name: `${name}-p99`, title: `${title}, 99 %`, unit: 'ms' },
  ];
  return {
    ...{ name, title, figures, virtualFunctions: false },
    measure: async (side, effort) => {
      const times = (await pings(side, effort.pings, flood)).sort((a, b) => a - b);
      return [0.5, 0.99].map((share) => ({ value: times[Math.floor((times.length - 1) * share)]! }));
    },
  };
}

const streams = (paths: readonly Path[]): GuestCase[] =>
  (['tcp', 'udp'] as const).flatMap((kind) =>
    paths.flatMap((path) => flowCounts.map((flows) => streamCase(kind, path, flows))),
  );

/** First those without VFs. */
export const guestCases: readonly GuestCase[] = [
  ...streams(pfPaths),
  pingCase('ping', 'ping, 5 ms apart', false),
  pingCase('ping-flood', 'ping, one upon the other', true),
  ...streams(vfPaths),
];
