/** The points of a NIC where frames can be captured, by number. */
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

/** By number. */
export const pointNames: readonly PointName[] = [
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

/** Queue of a place, or -1. */
export function queueOf(at: number): number {
  const queue = (at >>> place.queueShift) & place.queueMask;
  return queue === place.queueMask ? -1 : queue;
}
