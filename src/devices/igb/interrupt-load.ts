/**
 * Interrupts of a flooded guest. EITR says how close they may follow each other, but not what one costs: in a virtual machine a message,
 * handler and poll take as long as many packets do. Where packets keep coming, a vector is held until its guest has had nine times as
 * long for itself as it took to handle the last one, so that one tells of many. Handling ends where the guest unmasks the vector
 * again, so this scales with the machine; a driver that does not mask is never held.
 *
 * A flood is when, again and again, an interrupt tells of what several turns wrote back. Who waits for answers makes one turn each.
 */
import { QUEUES, type PortContext } from './context.ts';
import { pf } from './tables/index.ts';

/** Numbers that an IVAR entry can hold. */
const NAMED_VECTORS = 32;
const DESCRIPTOR_SHIFT = 4;

/** What weighs for a flood and against it, from which weight on it is one, and how far the weight may grow. */
const SEVERAL_TURNS = 2;
const ONE_TURN = -1;
const FLOOD_WEIGHT = 8;
const MAX_WEIGHT = 16;

/** A tenth of the guest's time is for handling. */
const TIMES_HANDLING = 10;
/** Held at most so many of EITR's intervals, by which drivers tell what is urgent, and so long in any case. */
const MAX_INTERVALS = 32;
const MAX_HELD_NS = 2_000_000;
/** No longer than until a quarter of a ring is used: the driver must be back before it is full. */
const RING_SHARE_SHIFT = 2;

export class InterruptLoad {
  /** Until when each vector is held, in the clock's ns. */
  readonly heldUntilNs: Float64Array;
  private readonly context: PortContext;
  private readonly sentAtNs: Float64Array;
  private readonly weights: Int8Array;
  /** Turns with write-backs since each vector was sent. */
  private readonly turns: Int32Array;
  /** Descriptors written back since each vector was held. */
  private readonly descriptors: Int32Array;
  /** Heads of the rings when they were last looked at: receive queues, then transmit queues. */
  private readonly heads: Uint16Array;

  constructor(context: PortContext) {
    this.context = context;
    this.heldUntilNs = new Float64Array(NAMED_VECTORS);
    this.sentAtNs = new Float64Array(NAMED_VECTORS);
    this.weights = new Int8Array(NAMED_VECTORS);
    this.turns = new Int32Array(NAMED_VECTORS);
    this.descriptors = new Int32Array(NAMED_VECTORS);
    this.heads = new Uint16Array(2 * QUEUES);
  }

  /** A turn wrote descriptors of a queue back, of which `vector` tells; true when they are too many to be held any longer. */
  wroteBack(vector: number, queue: number, transmit: boolean): boolean {
    const { values } = this.context.registers;
    const head = transmit ? pf.TDH : pf.RDH;
    const length = transmit ? pf.TDLEN : pf.RDLEN;
    const size = values[length.index + queue * length.step]! >>> DESCRIPTOR_SHIFT;
    const ring = transmit ? QUEUES + queue : queue;
    const before = this.heads[ring]!;
    this.heads[ring] = values[head.index + queue * head.step]!;
    const done = this.heads[ring] - before;
    this.turns[vector]! += 1;
    this.descriptors[vector]! += done < 0 ? done + size : done;
    return this.heldUntilNs[vector]! > 0 && this.descriptors[vector]! >= size >>> RING_SHARE_SHIFT;
  }

  /** The vector's message left. */
  sent(vector: number, nowNs: number): void {
    const weight = this.weights[vector]! + (this.turns[vector]! > 1 ? SEVERAL_TURNS : ONE_TURN);
    this.weights[vector] = Math.min(Math.max(weight, 0), MAX_WEIGHT);
    this.sentAtNs[vector] = nowNs;
    this.heldUntilNs[vector] = 0;
    this.turns[vector] = 0;
  }

  /** Software unmasked the vector, whose EITR interval is `intervalNs`: it is done with the last message. */
  unmasked(vector: number, intervalNs: number): void {
    const sentAtNs = this.sentAtNs[vector]!;
    if (this.weights[vector]! < FLOOD_WEIGHT || sentAtNs === 0) return;
    const handlingNs = this.context.clock.now() - sentAtNs;
    const heldNs = Math.min(TIMES_HANDLING * handlingNs, MAX_INTERVALS * intervalNs, MAX_HELD_NS);
    this.heldUntilNs[vector] = sentAtNs + heldNs;
    this.sentAtNs[vector] = 0;
    this.descriptors[vector] = 0;
  }

  /** The vector is not held, and of what it did nothing is known. */
  forget(vector: number): void {
    this.heldUntilNs[vector] = 0;
    this.sentAtNs[vector] = 0;
    this.weights[vector] = 0;
    this.turns[vector] = 0;
    this.descriptors[vector] = 0;
  }
}
