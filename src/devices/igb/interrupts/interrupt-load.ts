/**
 * Interrupts of a flooded guest. EITR says how close they may follow each other, but not what one costs: in a virtual machine a message,
 * handler and poll take as long as many packets do. Where packets keep coming (flood-watch.ts), a vector is held until its guest has had
 * nine times as long for itself as it took to handle the last one, so that one tells of many. Handling ends where the guest unmasks
 * the vector again, so this scales with the machine; a driver that does not mask is never held. A guest that goes on sending
 * until a vector leaves is held twice as long the next time; one that falls silent before may wait for the interrupt, and is not.
 */
import { QUEUES, type PortContext } from '../context.ts';
import { FloodWatch, NO_QUEUE } from './flood-watch.ts';
import { pf } from '../tables/index.ts';

/** Numbers that an IVAR entry can hold. */
const NAMED_VECTORS = 32;
const DESCRIPTOR_SHIFT = 4;

/** A tenth of the guest's time is for handling. */
const TIMES_HANDLING = 10;
/** Held at most so many of EITR's intervals, by which drivers tell what is urgent, and so long in any case. */
const MAX_INTERVALS = 32;
const MAX_HELD_NS = 2_000_000;
/** So many times all of that for a guest that sent in the last eighth of it. What comes from outside says nothing of a guest. */
const LONG_HOLD = 2;
const LAST_PART = 1 / 8;
/** No longer than until a quarter of a ring is used: the driver must be back before it is full. */
const RING_SHARE_SHIFT = 2;

export class InterruptLoad {
  /** Until when each vector is held, in the clock's ns. */
  readonly heldUntilNs: Float64Array;
  private readonly context: PortContext;
  private readonly floods: FloodWatch;
  /** The queue that each vector told of last: its two sides share what is known of it, though their vectors may differ. */
  private readonly queues: Uint8Array;
  /** By queue: its vector was held, and guests sent until the end of that. */
  private readonly wentOn: Uint8Array;
  /** When a transmit queue whose vector is held last wrote back. */
  private sendingAtNs: number;
  private readonly sentAtNs: Float64Array;
  /** For how long each vector is held. */
  private readonly heldNs: Float64Array;
  private readonly messages: Int32Array;
  /** Since each vector's last message: the most turns that wrote back to one ring, and descriptors of all its rings. */
  private readonly turns: Int32Array;
  private readonly descriptors: Int32Array;
  /** Of those descriptors, what was there when the vector was unmasked: the driver has seen them. */
  private readonly handled: Int32Array;
  /** By ring, receive queues and then transmit queues: the head as last seen, turns, and since which message of their vector. */
  private readonly heads: Uint16Array;
  private readonly ringTurns: Int32Array;
  private readonly ringMessages: Int32Array;

  constructor(context: PortContext) {
    this.context = context;
    this.floods = new FloodWatch();
    this.heldUntilNs = new Float64Array(NAMED_VECTORS);
    this.queues = new Uint8Array(NAMED_VECTORS).fill(NO_QUEUE);
    this.wentOn = new Uint8Array(QUEUES + 1);
    this.sendingAtNs = 0;
    this.sentAtNs = new Float64Array(NAMED_VECTORS);
    this.heldNs = new Float64Array(NAMED_VECTORS);
    this.messages = new Int32Array(NAMED_VECTORS);
    this.turns = new Int32Array(NAMED_VECTORS);
    this.descriptors = new Int32Array(NAMED_VECTORS);
    this.handled = new Int32Array(NAMED_VECTORS);
    this.heads = new Uint16Array(2 * QUEUES);
    this.ringTurns = new Int32Array(2 * QUEUES);
    this.ringMessages = new Int32Array(2 * QUEUES);
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
    this.descriptors[vector]! += done < 0 ? done + size : done;
    this.queues[vector] = queue;
    this.countTurn(vector, ring);
    if (this.heldUntilNs[vector] === 0) return false;
    if (transmit) this.sendingAtNs = this.context.clock.now();
    const unseen = this.descriptors[vector]! - this.handled[vector]!;
    return unseen >= size >>> RING_SHARE_SHIFT;
  }

  /** The vector's message left; `waited`: not when it was asked for. */
  sent(vector: number, nowNs: number, waited: boolean): void {
    const held = waited && this.heldUntilNs[vector]! > 0;
    this.judgeLength(vector, nowNs, held);
    this.floods.told(this.queues[vector]!, this.turns[vector]!, this.descriptors[vector]!, held, nowNs);
    this.clear(vector);
    this.sentAtNs[vector] = nowNs;
  }

  /** Software unmasked the vector, whose EITR interval is `intervalNs`: it is done with the last message. */
  unmasked(vector: number, intervalNs: number): void {
    const sentAtNs = this.sentAtNs[vector]!;
    if (sentAtNs === 0) return;
    const queue = this.queues[vector]!;
    if (!this.floods.holds(queue)) {
      this.wentOn[queue] = 0;
      return;
    }
    const handlingNs = this.context.clock.now() - sentAtNs;
    const shortNs = Math.min(TIMES_HANDLING * handlingNs, MAX_INTERVALS * intervalNs, MAX_HELD_NS);
    const heldNs = this.wentOn[queue] === 1 ? LONG_HOLD * shortNs : shortNs;
    this.heldNs[vector] = heldNs;
    this.heldUntilNs[vector] = sentAtNs + heldNs;
    this.sentAtNs[vector] = 0;
    this.handled[vector] = this.descriptors[vector]!;
  }

  /** The vector is not held, and of what it did nothing is known. */
  forget(vector: number): void {
    this.floods.forget(this.queues[vector]!);
    this.wentOn[this.queues[vector]!] = 0;
    this.queues[vector] = NO_QUEUE;
    this.clear(vector);
    this.sentAtNs[vector] = 0;
  }

  /** A message leaves; one that left before its time, because much was waiting or with another, says nothing of it. */
  private judgeLength(vector: number, nowNs: number, held: boolean): void {
    const untilNs = this.heldUntilNs[vector]!;
    if (!held || nowNs < untilNs) return;
    const silentNs = untilNs - this.sendingAtNs;
    this.wentOn[this.queues[vector]!] = silentNs < this.heldNs[vector]! * LAST_PART ? 1 : 0;
  }

  /** What it tells of from now on is another message's. */
  private clear(vector: number): void {
    this.messages[vector]! += 1;
    this.heldUntilNs[vector] = 0;
    this.turns[vector] = 0;
    this.descriptors[vector] = 0;
    this.handled[vector] = 0;
  }

  private countTurn(vector: number, ring: number): void {
    if (this.ringMessages[ring] !== this.messages[vector]) {
      this.ringMessages[ring] = this.messages[vector]!;
      this.ringTurns[ring] = 0;
    }
    const turns = this.ringTurns[ring]! + 1;
    this.ringTurns[ring] = turns;
    if (turns > this.turns[vector]!) this.turns[vector] = turns;
  }
}
