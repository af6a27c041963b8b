/**
 * Write-backs of receive descriptors that wait until RXDCTL.WTHRESH of a queue are there, or the interval of its interrupt is
 * over (03 §3.4, §3.8). The data are in their buffers meanwhile.
 */
import { makeTimer, type Timer } from '../../../ports/index.ts';
import { QUEUES, type PortContext } from '../context.ts';
import { mayMaster } from '../master-disable.ts';

/** WTHRESH has five bits, and a frame may add many descriptors at once: they are flushed as they come to this. */
const MOST_HELD = 32;
const DWORDS = 4;
const BYTES = 16;

export class HeldWriteBacks {
  /** How many each queue holds. */
  readonly counts: Uint8Array;
  /** Those that hold some, a bit each. */
  queues: number;
  private readonly context: PortContext;
  private readonly timers: readonly Timer[];
  private readonly addresses: Float64Array;
  private readonly dwords: Uint32Array;
  private readonly bytes: Uint8Array;

  /** `due` is called for a queue whose wait is over. */
  constructor(context: PortContext, due: (queue: number) => void) {
    this.context = context;
    this.timers = Array.from({ length: QUEUES }, (_, queue) => makeTimer(() => due(queue)));
    this.counts = new Uint8Array(QUEUES);
    this.queues = 0;
    this.addresses = new Float64Array(QUEUES * MOST_HELD);
    this.dwords = new Uint32Array(QUEUES * MOST_HELD * DWORDS);
    this.bytes = new Uint8Array(this.dwords.buffer);
  }

  /** Keeps four dwords for a descriptor; false where the queue has no room left, and is to be flushed. */
  hold(queue: number, address: number, dwords: Uint32Array): boolean {
    const count = this.counts[queue]!;
    if (count === MOST_HELD) return false;
    const at = queue * MOST_HELD + count;
    this.addresses[at] = address;
    this.dwords.set(dwords, at * DWORDS);
    this.counts[queue] = count + 1;
    this.queues |= 1 << queue;
    return true;
  }

  /** What a queue holds is due at `untilNs`. */
  wait(queue: number, untilNs: number): void {
    this.context.clock.arm(this.timers[queue]!, untilNs);
  }

  /** Writes a queue's descriptors, oldest first, unless the function cannot do so now; true when none is held any more. */
  flush(queue: number): boolean {
    if (this.counts[queue] === 0) return true;
    const memory = this.context.memory[this.context.queueFunction[queue]!]!;
    if (!memory.usable || !mayMaster(this.context, queue)) return false;
    const end = queue * MOST_HELD + this.counts[queue]!;
    for (let at = queue * MOST_HELD; at < end; at += 1) {
      memory.write(this.addresses[at]!, this.bytes, at * BYTES, BYTES);
    }
    const { trace, events } = this.context;
    if (trace.on[events.igb_rx_flush] !== 0) trace.emit(events.igb_rx_flush, queue, this.counts[queue]);
    this.forget(queue);
    return true;
  }

  forget(queue: number): void {
    this.counts[queue] = 0;
    this.queues &= ~(1 << queue);
    this.context.clock.disarm(this.timers[queue]!);
  }
}
