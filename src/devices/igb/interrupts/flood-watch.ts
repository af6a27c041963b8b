/**
 * Whether the guest of a queue is flooded: whether it goes on where an interrupt is held, instead of waiting for it.
 *
 * It is where, again and again, an interrupt tells of what several turns did to one ring; who waits for answers makes one turn each. So
 * does a guest whose interrupts reach it one by one while it is busy sending, and what would tell the two apart is an interrupt that is
 * held. Where interrupts tell of many descriptors that is tried: once in up to 1,024 times while it turns out that the guest waits.
 */
import { QUEUES } from '../context.ts';

/** What weighs for a flood and against it, from which weight on it is one, and how far the weight may grow. */
const SEVERAL_TURNS = 2;
const ONE_TURN = -1;
const FLOOD_WEIGHT = 8;
const MAX_WEIGHT = 16;

/** Descriptors of an interrupt after which holding the next is worth a try: more than a request needs, which are context, headers, payload. */
const MANY_DESCRIPTORS = 4;
/** Such interrupts between two tries: doubled each time that the guest waited. */
const FIRST_REST = 4;
const LONGEST_REST = 1024;

/** After so long without an interrupt a flood is over: twice as long as one is held at most. */
const QUIET_NS = 8_000_000;

/** The queue of a vector that has told of none. */
export const NO_QUEUE = QUEUES;

export class FloodWatch {
  private readonly weights: Int8Array;
  private readonly toldAtNs: Float64Array;
  private readonly trying: Uint8Array;
  private readonly rests: Uint16Array;
  private readonly resting: Uint16Array;
  /** When a message that had been held last told of several turns. */
  private readonly wentOnAtNs: Float64Array;

  constructor() {
    this.weights = new Int8Array(QUEUES + 1);
    this.toldAtNs = new Float64Array(QUEUES + 1);
    this.trying = new Uint8Array(QUEUES + 1);
    this.rests = new Uint16Array(QUEUES + 1).fill(FIRST_REST);
    this.resting = new Uint16Array(QUEUES + 1);
    this.wentOnAtNs = new Float64Array(QUEUES + 1);
  }

  /** Interrupts of the queue are to be held. */
  holds(queue: number): boolean {
    return this.weights[queue]! >= FLOOD_WEIGHT || this.trying[queue] === 1;
  }

  /** An interrupt of the queue was sent, and told of this. `held`: it was held until then. */
  told(queue: number, turns: number, descriptors: number, held: boolean, nowNs: number): void {
    const several = turns > 1;
    if (nowNs - this.toldAtNs[queue]! > QUIET_NS) {
      this.weights[queue] = 0;
      this.trying[queue] = 0;
    }
    this.toldAtNs[queue] = nowNs;
    const weight = this.weights[queue]! + (several ? SEVERAL_TURNS : ONE_TURN);
    this.weights[queue] = Math.min(Math.max(weight, 0), MAX_WEIGHT);
    if (held) this.tried(queue, several, nowNs);
    if (descriptors < MANY_DESCRIPTORS) return;
    if (this.resting[queue]! > 0) this.resting[queue]! -= 1;
    else this.trying[queue] = 1;
  }

  /** Nothing is known of the queue. */
  forget(queue: number): void {
    this.weights[queue] = 0;
    this.trying[queue] = 0;
    this.rests[queue] = FIRST_REST;
    this.resting[queue] = 0;
  }

  /** `several`: the guest went on meanwhile; of a queue's two vectors, which leave together, one says so for both. */
  private tried(queue: number, several: boolean, nowNs: number): void {
    if (several) {
      this.wentOnAtNs[queue] = nowNs;
      this.rests[queue] = FIRST_REST;
      this.resting[queue] = 0;
    } else if (this.wentOnAtNs[queue] !== nowNs) {
      this.trying[queue] = 0;
      this.rests[queue] = Math.min(this.rests[queue]! * 2, LONGEST_REST);
      this.resting[queue] = this.rests[queue]!;
    }
  }
}
