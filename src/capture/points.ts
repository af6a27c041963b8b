/** The points of a NIC where frames can be captured, by number: those of port 0, then those of port 1. */
import { place } from '../ports/index.ts';

const FUNCTIONS = 9;
const POOLS = 8;
const QUEUES = 16;

export const points = {
  /** Between the NIC and its netdev. */
  wire: 0,
  /** Frames that the device dropped, wherever they were. */
  drops: 1,
  /** The PF, then the VFs. */
  functions: 2,
  pools: 2 + FUNCTIONS,
  rx: 2 + FUNCTIONS + POOLS,
  tx: 2 + FUNCTIONS + POOLS + QUEUES,
} as const;

/** A point in words that users type and tools show. */
export interface PointName {
  readonly name: string;
  readonly description: string;
}

function group(count: number, name: (n: number) => string, description: (n: number) => string): PointName[] {
  return Array.from({ length: count }, (_, n) => ({ name: name(n), description: description(n) }));
}

const ofPort0: readonly PointName[] = [
  { name: 'wire', description: 'between the NIC and its netdev' },
  { name: 'drops', description: 'frames that the NIC dropped, and why' },
  { name: 'pf', description: 'physical function' },
  ...group(
    FUNCTIONS - 1,
    (n) => `vf${n}`,
    (n) => `virtual function ${n}`,
  ),
  ...group(
    POOLS,
    (n) => `pool${n}`,
    (n) => `VMDq pool ${n}`,
  ),
  ...group(
    QUEUES,
    (n) => `rx${n}`,
    (n) => `receive queue ${n}`,
  ),
  ...group(
    QUEUES,
    (n) => `tx${n}`,
    (n) => `transmit queue ${n}, packets as software gives them`,
  ),
];

/** How many a port has. */
export const PORT_POINTS = ofPort0.length;

/** By number. Those of port 1 have the name of its PF in front: `pf1`, `pf1vf0`, `pf1rx3`. */
export const pointNames: readonly PointName[] = [
  ...ofPort0,
  ...ofPort0.map(({ name, description }) => ({
    name: name === 'pf' ? 'pf1' : `pf1${name}`,
    description: `${description}, port 1`,
  })),
];

export const portOfPoint = (point: number): number => (point < PORT_POINTS ? 0 : 1);

/** Queue of a place, or -1. */
export function queueOf(at: number): number {
  const queue = (at >>> place.queueShift) & place.queueMask;
  return queue === place.queueMask ? -1 : queue;
}
