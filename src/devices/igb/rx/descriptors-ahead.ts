/**
 * Descriptors of receive queues, fetched some ahead as the chip does: all that has to come from far away is under way at once.
 * What was fetched holds for a run of frames, in which nobody writes a register or changes a map.
 */
import { arena } from '../../../packet/arena.ts';
import { QUEUES, type PortContext } from '../context.ts';
import { pf } from '../tables/index.ts';
import type { FastPlan } from './fast-plan.ts';
import { DESCRIPTOR_BYTES } from './ring.ts';

const { RDH, RDT } = pf;
const { dwords } = arena;

const NO_PLACE = -1;
const TWO_32 = 2 ** 32;
/** Descriptors that are fetched at once. */
export const AHEAD = 16;

export class DescriptorsAhead {
  /** By queue, of the descriptor found last: where its buffer and it itself lie in the arena's memory. */
  readonly buffers: Int32Array;
  readonly descriptors: Int32Array;
  private readonly context: PortContext;
  private readonly values: Uint32Array;
  private readonly plan: FastPlan;
  /** Queues whose rings were looked up in this run, a bit each, and where those lie in the arena's memory. */
  private known: number;
  private readonly rings: Int32Array;
  /** Frames that the run may have, which bounds how many descriptors are worth fetching. */
  private expected: number;
  /** By queue, descriptors that were fetched: the slot of the first one, how many, and the places of their buffers. */
  private readonly firsts: Uint16Array;
  private readonly fetchedCounts: Uint8Array;
  private readonly fetched: Int32Array;
  /** Nothing: what was read there was read for its own sake. */
  private readonly touched: Int32Array;

  constructor(context: PortContext, plan: FastPlan) {
    this.buffers = new Int32Array(QUEUES);
    this.descriptors = new Int32Array(QUEUES);
    this.context = context;
    this.values = context.registers.values;
    this.plan = plan;
    this.known = 0;
    this.rings = new Int32Array(QUEUES);
    this.expected = 1;
    this.firsts = new Uint16Array(QUEUES);
    this.fetchedCounts = new Uint8Array(QUEUES);
    this.fetched = new Int32Array(QUEUES * AHEAD);
    this.touched = new Int32Array(1);
  }

  /** A run of about so many frames begins. */
  begin(frames: number): void {
    this.known = 0;
    this.expected = frames;
  }

  /** At least so many of its frames are still to come. */
  expect(frames: number): void {
    if (frames > this.expected) this.expected = frames;
  }

  /** Finds the descriptor at the head of a queue and its buffer; false where either is missing or out of the arena's reach. */
  find(queue: number, length: number): boolean {
    const { values, plan } = this;
    const head = values[RDH.index + queue * RDH.step]! & 0xffff;
    const tail = values[RDT.index + queue * RDT.step]! & 0xffff;
    const size = plan.sizes[queue]!;
    if (head === tail || head >= size || tail >= size || length > plan.bufferBytes[queue]!) return false;
    let at = head - this.firsts[queue]!;
    if ((this.known & (1 << queue)) === 0 || at < 0 || at >= this.fetchedCounts[queue]!) {
      if (!this.fetch(queue, head, tail)) return false;
      at = 0;
    }
    const buffer = this.fetched[queue * AHEAD + at]!;
    this.buffers[queue] = buffer;
    this.descriptors[queue] = this.rings[queue]! + head * DESCRIPTOR_BYTES;
    return buffer !== NO_PLACE;
  }

  /** Finds descriptors behind each other, from the head on, `most` and AHEAD at most, and the places of their buffers; returns how many. */
  findRun(queue: number, length: number, most: number, places: Int32Array): number {
    if (!this.find(queue, length)) return 0;
    const { fetched } = this;
    const at = (this.values[RDH.index + queue * RDH.step]! & 0xffff) - this.firsts[queue]!;
    const end = Math.min(most, this.fetchedCounts[queue]! - at);
    let count = 0;
    for (let from = queue * AHEAD + at; count < end && fetched[from]! !== NO_PLACE; from += 1) {
      places[count] = fetched[from]!;
      count += 1;
    }
    return count;
  }

  /**
   * Reads descriptors from the head on, as many as the run may want and no more than AHEAD, and touches their buffers: all that
   * has to come from far away is under way at once. False where the ring is out of reach.
   */
  private fetch(queue: number, head: number, tail: number): boolean {
    const { context, plan, fetched } = this;
    const size = plan.sizes[queue]!;
    const memory = context.memory[context.queueFunction[queue]!]!;
    if ((this.known & (1 << queue)) === 0) {
      this.known |= 1 << queue;
      this.rings[queue] = memory.placeForWriting(plan.bases[queue]!, size * DESCRIPTOR_BYTES);
    }
    const ring = this.rings[queue]!;
    if (ring === NO_PLACE) return false;
    const end = tail > head ? tail : size;
    const count = Math.min(AHEAD, this.expected, end - head);
    const first = queue * AHEAD;
    for (let n = 0; n < count; n += 1) {
      const dword = (ring + (head + n) * DESCRIPTOR_BYTES) >>> 2;
      const address = dwords[dword + 1]! * TWO_32 + dwords[dword]!;
      const place = address === 0 ? NO_PLACE : memory.placeForWriting(address, plan.bufferBytes[queue]!);
      fetched[first + n] = place;
    }
    // A loop of its own: the shorter it is, the more of its reads are under way at once.
    let touched = 0;
    for (let n = first; n < first + count; n += 1) {
      const place = fetched[n]!;
      if (place !== NO_PLACE) touched ^= dwords[place >>> 2]!;
    }
    this.touched[0] = touched;
    this.firsts[queue] = head;
    this.fetchedCounts[queue] = count;
    return true;
  }
}
