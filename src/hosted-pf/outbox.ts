/**
 * Control messages of the PF that wait until a VF's mailbox can take them: not while the VF owns the buffer, and not over an
 * answer that the VF has yet to read (igb overwrites it, and igbvf's reset then fails). They say what is true when they leave,
 * so one place for each VF is enough.
 */
import { POOLS } from '../driver/index.ts';
import { makeTimer, type Clock, type Timer } from '../ports/index.ts';

/** igbvf looks for an answer 10 ms after its request was read. */
const ANSWER_NS = 100e6;
const RETRY_NS = 1e6;
/** A VF that keeps its buffer for so many tries is told nothing. */
const TRIES = 1000;

export class Outbox {
  readonly #clock: Clock;
  readonly #deliver: (vf: number) => boolean;
  readonly #timer: Timer;
  /** Tries left, 0 where nothing waits. */
  readonly #waiting: Uint16Array;
  /** Until when an answer is left alone. */
  readonly #unreadUntilNs: Float64Array;

  /** `deliver` posts what there is to say, false while the VF owns the buffer; `due` asks for a `flush`. */
  constructor(clock: Clock, deliver: (vf: number) => boolean, due: () => void) {
    this.#clock = clock;
    this.#deliver = deliver;
    this.#timer = makeTimer(due);
    this.#waiting = new Uint16Array(POOLS);
    this.#unreadUntilNs = new Float64Array(POOLS);
  }

  /** There is something to say to a VF. */
  post(vf: number): void {
    this.#waiting[vf] = TRIES;
  }

  /** An answer is in the mailbox, which the VF is going to read. */
  answered(vf: number): void {
    this.#unreadUntilNs[vf] = this.#clock.now() + ANSWER_NS;
  }

  /** The VF has read what there was, or has written something of its own. */
  readBy(vf: number): void {
    this.#unreadUntilNs[vf] = 0;
  }

  /** The VF was reset: it waits for nothing and is told nothing. */
  forget(vf: number): void {
    this.#waiting[vf] = 0;
    this.#unreadUntilNs[vf] = 0;
  }

  /** Sends what can leave, and comes back for the rest. */
  flush(): void {
    const nowNs = this.#clock.now();
    let nextNs = Infinity;
    for (let vf = 0; vf < POOLS; vf += 1) {
      if (this.#waiting[vf] === 0) continue;
      if (this.#unreadUntilNs[vf]! > nowNs) {
        nextNs = Math.min(nextNs, this.#unreadUntilNs[vf]!);
      } else if (this.#deliver(vf)) {
        this.#waiting[vf] = 0;
      } else {
        this.#waiting[vf]! -= 1;
        if (this.#waiting[vf] !== 0) nextNs = Math.min(nextNs, nowNs + RETRY_NS);
      }
    }
    if (nextNs === Infinity) this.#clock.disarm(this.#timer);
    else this.#clock.arm(this.#timer, nextNs);
  }

  stop(): void {
    this.#waiting.fill(0);
    this.#clock.disarm(this.#timer);
  }
}
