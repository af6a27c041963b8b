/** Where a record belongs in a picture: a process for each function and the rest, a track in it for each queue and vector. */
import { POOLS } from '../devices/igb/context.ts';
import { VF_VECTORS } from '../devices/igb/sizes.ts';
import { firstVector } from '../devices/igb/interrupts/vf-interrupts.ts';
import { argumentOf, type TraceRecord } from './record.ts';

export interface Track {
  /** 0 is what belongs to no function, 1 the PF, 2 + v VF v; and sixteen times the port. */
  readonly process: number;
  readonly track: number;
}

const OTHER = 0;
/** More than there are. */
const VECTORS = 64;
const PER_PORT = 16;
const QUEUES = 16;
/** First track of each kind within a process. */
const first = { tx: 100, rx: 200, vector: 300 } as const;
/** Tracks by the beginning of an event's name; the longest that fits counts. */
const modules: readonly (readonly [prefix: string, name: string])[] = [
  ['igb_reg', 'registers'],
  ['igb_vf_reg', 'VF registers'],
  ['igb_guest_error', 'guest errors'],
  ['igb_mailbox', 'mailboxes'],
  ['pf_manager', 'hosted PF'],
  ['igb_switch', 'switch'],
  ['igb_rx', 'receive'],
  ['igb_tx', 'transmit'],
  ['igb_irq', 'interrupts'],
  ['igb_reset', 'resets'],
  ['igb_time', 'IEEE 1588'],
  ['net_', 'wire'],
  ['pci_', 'PCI'],
  ['vmd_', 'VMD'],
  ['vfio_user_', 'vfio-user'],
  ['loop_', 'event loop'],
];
const FIRST_MODULE = 1;
const UNKNOWN = modules.length + FIRST_MODULE;

function moduleOf(name: string): number {
  const found = modules.findIndex(([prefix]) => name.startsWith(prefix));
  return found === -1 ? UNKNOWN : found + FIRST_MODULE;
}

export function processName(process: number): string {
  const fn = process % PER_PORT;
  const port = process < PER_PORT ? '' : `port ${Math.floor(process / PER_PORT)}: `;
  if (fn === OTHER) return `${port}82576`;
  return port + (fn === 1 ? 'PF' : `VF ${fn - 2}`);
}

export function trackName(track: number): string {
  if (track >= first.vector) return `vector ${track - first.vector}`;
  if (track >= first.rx) return `receive queue ${track - first.rx}`;
  if (track >= first.tx) return `transmit queue ${track - first.tx}`;
  return modules[track - FIRST_MODULE]?.[1] ?? 'other';
}

/** Finds tracks for records in their order: whose a queue or vector is, is learnt from records that say so. */
export class Tracks {
  /** By port. */
  readonly #queueOwner: readonly Uint8Array[];
  readonly #vectorOwner: readonly Uint8Array[];

  constructor() {
    this.#queueOwner = [new Uint8Array(QUEUES), new Uint8Array(QUEUES)];
    this.#vectorOwner = [new Uint8Array(VECTORS), new Uint8Array(VECTORS)];
  }

  of(record: TraceRecord): Track {
    const { process, track } = this.#within(record);
    return { process: record.port * PER_PORT + process, track };
  }

  #within(record: TraceRecord): Track {
    const { name, port } = record;
    const queue = argumentOf(record, 'queue');
    const vector = argumentOf(record, 'vector');
    const vf = argumentOf(record, 'vf');
    const fn = record.spec.args['function'] === 'function' ? argumentOf(record, 'function') : undefined;
    if (queue !== undefined && queue < QUEUES && !name.startsWith('igb_irq')) {
      const owners = this.#queueOwner[port]!;
      if (fn !== undefined) owners[queue] = fn;
      return { process: 1 + owners[queue]!, track: (name.startsWith('igb_rx') ? first.rx : first.tx) + queue };
    }
    if (vector !== undefined && vector < VECTORS && name.startsWith('igb_irq')) {
      const owners = this.#vectorOwner[port]!;
      if (fn !== undefined) owners[vector] = fn;
      return { process: 1 + owners[vector]!, track: first.vector + vector };
    }
    if (name === 'igb_vf_live' && vf !== undefined)
      this.#giveTo(port, vf, argumentOf(record, 'live') === 1 ? 1 + vf : 0);
    return { process: vf === undefined ? OTHER : 2 + vf, track: moduleOf(name) };
  }

  /** A VF has its two queues and three vectors, or the PF has. */
  #giveTo(port: number, vf: number, fn: number): void {
    this.#queueOwner[port]!.fill(fn, vf, vf + 1).fill(fn, vf + POOLS, vf + POOLS + 1);
    this.#vectorOwner[port]!.fill(fn, firstVector(vf), firstVector(vf) + VF_VECTORS);
  }
}
