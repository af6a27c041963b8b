/**
 * Rate limits of the transmit queues (§5.6): RTTDQSEL selects a queue, RTTBCNRC is its rate as a factor below the link's
 * speed. Every packet has its time on the wire by that rate; a queue goes on once the packets before are paid for.
 */
import { makeTimer, type Timer } from '../../../ports/index.ts';
import { QUEUES, type PortContext } from '../context.ts';
import { pf } from '../tables/index.ts';

const { RTTBCNRC, RTTDQSEL } = pf;

const GIGABIT = 1000;
/** FCS, preamble and gap: what a frame takes on the wire besides itself. */
export const WIRE_OVERHEAD_BYTES = 24;
/** What a queue that was idle may send at once, as time at its rate. */
const IDLE_CREDIT_NS = 2e6;
/** How much of a timer's lateness a queue with work makes up for. */
const LATENESS_NS = 10e6;

export class RateLimiter {
  readonly #context: PortContext;
  readonly #link: { readonly speedMbps: number } | undefined;
  /** RTTBCNRC of each queue. */
  readonly #settings: Uint32Array;
  /** Link speed over rate; 0 for no limit. */
  readonly #factors: Float64Array;
  /** When the packets sent so far are paid for. */
  readonly #paidAt: Float64Array;
  readonly #timers: readonly Timer[];
  /** Queues that had to wait and have had work ever since, a bit each. */
  #waited: number;

  /** `resume` is called for a queue that may go on. */
  constructor(context: PortContext, link: { readonly speedMbps: number } | undefined, resume: (queue: number) => void) {
    this.#context = context;
    this.#link = link;
    this.#settings = new Uint32Array(QUEUES);
    this.#factors = new Float64Array(QUEUES);
    this.#paidAt = new Float64Array(QUEUES);
    this.#timers = Array.from({ length: QUEUES }, (_, queue) => makeTimer(() => resume(queue)));
    this.#waited = 0;
  }

  /** RTTDQSEL was written: RTTBCNRC shows the setting of that queue. */
  selected(): void {
    const { values } = this.#context.registers;
    values[RTTBCNRC.index] = this.#settings[values[RTTDQSEL.index]! & RTTDQSEL.TXDQ_IDX.mask]!;
  }

  /** RTTBCNRC was written: the setting of the selected queue, which begins without debt. Returns the queue. */
  written(): number {
    const { values } = this.#context.registers;
    const queue = values[RTTDQSEL.index]! & RTTDQSEL.TXDQ_IDX.mask;
    const setting = values[RTTBCNRC.index]!;
    this.#settings[queue] = setting;
    const factor = (setting & (RTTBCNRC.RF_INT.mask | RTTBCNRC.RF_DEC.mask)) / 2 ** RTTBCNRC.RF_INT.shift;
    this.#factors[queue] = (setting & RTTBCNRC.RS_ENA.mask) === 0 ? 0 : factor;
    this.#paidAt[queue] = 0;
    this.#waited &= ~(1 << queue);
    this.#context.clock.disarm(this.#timers[queue]!);
    return queue;
  }

  /** Whether a queue has a rate at all. */
  limits(queue: number): boolean {
    return this.#factors[queue] !== 0;
  }

  /** Whether a queue may begin a packet; where not, it is resumed when it may. */
  maySend(queue: number): boolean {
    if (this.#factors[queue] === 0) return true;
    const { clock, trace, events } = this.#context;
    const wait = this.#paidAt[queue]! - clock.now();
    if (wait <= 0) return true;
    this.#waited |= 1 << queue;
    clock.arm(this.#timers[queue]!, Math.ceil(this.#paidAt[queue]!));
    if (trace.on[events.igb_tx_rate_wait] !== 0) trace.emit(events.igb_tx_rate_wait, queue, wait);
    return false;
  }

  /** A queue sent `bytes` on the wire, overhead included. */
  charge(queue: number, bytes: number): void {
    const factor = this.#factors[queue]!;
    if (factor === 0) return;
    const nsPerByte = (8000 / (this.#link?.speedMbps ?? GIGABIT)) * factor;
    const credit = (this.#waited & (1 << queue)) === 0 ? IDLE_CREDIT_NS : LATENESS_NS;
    const from = Math.max(this.#paidAt[queue]!, this.#context.clock.now() - credit);
    this.#paidAt[queue] = from + bytes * nsPerByte;
  }

  /** A queue has nothing left to send. */
  emptied(queue: number): void {
    this.#waited &= ~(1 << queue);
  }

  reset(): void {
    this.#settings.fill(0);
    this.#factors.fill(0);
    this.#paidAt.fill(0);
    this.#waited = 0;
    for (const timer of this.#timers) this.#context.clock.disarm(timer);
  }
}
