import { QUEUES } from '../../devices/igb/context.ts';
import { pf } from '../../devices/igb/tables/index.ts';
import type { AssembledNic } from '../assembled-nic.ts';
import { functionOf, partsOf, type PortView } from '../functions.ts';

const DESCRIPTOR_BYTES = 16;
const TWO_32 = 2 ** 32;

export interface RingsRequest {
  readonly port?: number;
  /** All queues where not given. */
  readonly queue?: number | undefined;
  /** Descriptors around the head to copy. */
  readonly window: number;
}

/** One ring that has a length, with descriptors as they lie in memory. */
export interface RingStatus {
  readonly direction: 'rx' | 'tx';
  readonly queue: number;
  /** Whose memory it is in: 0 the PF's, 1 + v that of VF v. */
  readonly number: number;
  readonly enabled: boolean;
  readonly base: number;
  /** In descriptors. */
  readonly size: number;
  readonly head: number;
  readonly tail: number;
  /** Number of the first descriptor copied; they wrap at the ring's end. */
  readonly first: number;
  /** Four dwords each; undefined where they are in no memory. */
  readonly descriptors: Uint32Array | undefined;
}

/** Rings and what lies in them, without any effect. */
export function peekRings(nic: AssembledNic, { port = 0, queue, window }: RingsRequest): RingStatus[] {
  const view = partsOf(nic, port);
  const rings: RingStatus[] = [];
  for (const direction of ['rx', 'tx'] as const) {
    for (let n = queue ?? 0; n < (queue === undefined ? QUEUES : queue + 1); n += 1) {
      const ring = ringOf(view, direction, n, window);
      if (ring !== undefined) rings.push(ring);
    }
  }
  return rings;
}

function ringOf(view: PortView, direction: 'rx' | 'tx', queue: number, window: number): RingStatus | undefined {
  const { registers, queueFunction } = view.port.context;
  const [low, high, length, head, tail, control] =
    direction === 'rx'
      ? [pf.RDBAL, pf.RDBAH, pf.RDLEN, pf.RDH, pf.RDT, pf.RXDCTL]
      : [pf.TDBAL, pf.TDBAH, pf.TDLEN, pf.TDH, pf.TDT, pf.TXDCTL];
  const value = ({ index, step }: { readonly index: number; readonly step: number }): number =>
    registers.values[index + queue * step]!;
  const size = (value(length) & 0xfffff) >>> 4;
  if (size === 0) return undefined;
  const number = queueFunction[queue]!;
  const base = value(high) * TWO_32 + value(low);
  const count = Math.min(window, size);
  const at = value(head) & 0xffff;
  // What the device has done last is before the head, what it does next behind it.
  const first = at < size ? (at - (count >>> 1) + size) % size : 0;
  return {
    ...{ direction, queue, number, base, size, first },
    enabled: (value(control) & control.ENABLE.mask) !== 0,
    head: at,
    tail: value(tail) & 0xffff,
    descriptors: copyDescriptors(view, number, base, { first, count, size }),
  };
}

function copyDescriptors(
  view: PortView,
  number: number,
  base: number,
  { first, count, size }: { readonly first: number; readonly count: number; readonly size: number },
): Uint32Array | undefined {
  const { memory } = functionOf(view, number);
  const bytes = new Uint8Array(count * DESCRIPTOR_BYTES);
  const before = Math.min(count, size - first) * DESCRIPTOR_BYTES;
  const copied =
    memory.peek(base + first * DESCRIPTOR_BYTES, bytes.subarray(0, before)) + memory.peek(base, bytes.subarray(before));
  return copied === bytes.length ? new Uint32Array(bytes.buffer) : undefined;
}
