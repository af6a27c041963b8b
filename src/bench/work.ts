/** One batch of packets, over and over: what is made ready, what is timed, and what must have come of it. */
import type { BenchCard } from './card.ts';
import type { Feed } from './feed.ts';
import type { BatchReceiver, BatchSender } from './rings.ts';

const MOST_POLLS = 20_000;
/** Shares of the least time that a batch took until now. */
const ALONE = 0.8;
const BETWEEN_LOOKS = 0.05;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

export interface Work {
  /** Packets of a batch: the unit of the result. */
  readonly packets: number;
  /** Bytes of frame in a batch, for rates. */
  readonly bytes: number;
  /** Makes the next batch ready. */
  prepare(): void;
  /** Has the batch done; returns when it is. */
  run(): void;
  /** The same commands with nothing to do: what QTest itself costs. */
  idle(): void;
}

interface Size {
  readonly packets: number;
  readonly bytes: number;
}

/** Tail writes of some queues; a command is answered after what it caused, and the last ones look whether it is all done. */
export class TransmitWork implements Work {
  readonly packets: number;
  readonly bytes: number;
  readonly #card: BenchCard;
  readonly #senders: readonly BatchSender[];
  readonly #receivers: readonly BatchReceiver[];

  constructor(
    card: BenchCard,
    { packets, bytes }: Size,
    senders: readonly BatchSender[],
    receivers: readonly BatchReceiver[],
  ) {
    this.packets = packets;
    this.bytes = bytes;
    this.#card = card;
    this.#senders = senders;
    this.#receivers = receivers;
  }

  get #rings(): readonly (BatchSender | BatchReceiver)[] {
    return [...this.#senders, ...this.#receivers];
  }

  prepare(): void {
    this.#card.do(this.#rings.flatMap((ring) => ring.prepare()));
  }

  run(): void {
    const answers = this.#do(this.#senders.map((sender) => sender.start()));
    this.#rings.forEach((ring, n) => ring.check(answers.slice(2 * n)));
    for (const ring of this.#rings) ring.next();
  }

  idle(): void {
    this.#do(this.#senders.map((sender) => sender.idle()));
  }

  /** Answers of the looks at all rings, two each. */
  #do(commands: readonly string[]): string[] {
    return this.#card.do([...commands, ...this.#rings.flatMap((ring) => ring.look())]).slice(commands.length);
  }
}

/** Frames from the wire: the far end of the netdev sends them, and the heads of the rings are watched. */
export class ReceiveWork implements Work {
  readonly packets: number;
  readonly bytes: number;
  readonly #card: BenchCard;
  readonly #feed: Feed;
  readonly #receivers: readonly BatchReceiver[];
  #leastMs: number;

  constructor(card: BenchCard, { packets, bytes }: Size, feed: Feed, receivers: readonly BatchReceiver[]) {
    this.packets = packets;
    this.bytes = bytes;
    this.#card = card;
    this.#feed = feed;
    this.#receivers = receivers;
    this.#leastMs = 0;
  }

  prepare(): void {
    this.#card.do(this.#receivers.flatMap((ring) => ring.prepare()));
  }

  run(): void {
    const received = this.#feed.send();
    const begin = performance.now();
    // A look costs the program something too: it is left alone for most of the time that a batch took at best.
    if (!received) Atomics.wait(sleeper, 0, 0, this.#leastMs * ALONE);
    const last = this.#receivers.at(-1)!;
    for (let polls = 0; !last.isDone(this.#card.do(last.look())); polls += 1) {
      if (polls === MOST_POLLS)
        throw new Error(`frames from the wire did not arrive: ${this.#card.do(last.look()).join(' ')}`);
      Atomics.wait(sleeper, 0, 0, this.#leastMs * BETWEEN_LOOKS);
    }
    this.#leastMs = Math.min(this.#leastMs || Infinity, performance.now() - begin);
    for (const ring of this.#receivers) {
      ring.check(this.#card.do(ring.look()));
      ring.next();
    }
  }

  idle(): void {
    for (const ring of this.#receivers) this.#card.do(ring.look());
    this.#card.do(this.#receivers.at(-1)!.look());
  }
}
