/**
 * The transmit side of a port: sixteen queues worked on in turns by one task. A register write only marks a queue; frames,
 * write-backs and interrupts follow when the task runs (reference §5.1, §5.2).
 */
import { beginPacket, type GuestMemory, makeTask, makeTimer, type Task, type Timer } from '../../../ports/index.ts';
import { POOLS, QUEUES, type PortContext } from '../context.ts';
import { mayMaster } from '../master-disable.ts';
import { pf } from '../tables/index.ts';
import { slotOf } from './context.ts';
import { DESCRIPTOR_BYTES, kindOf, kinds } from './descriptor.ts';
import { FastPath } from './fast-path.ts';
import { DescriptorFetch, fetched } from './fetch.ts';
import { PacketSender } from './packet-sender.ts';
import type { TransmitParts } from './parts.ts';
import { RateLimiter } from './rate-limit.ts';
import { TransmitRing } from './ring.ts';
import { flush, writeBack } from './write-back.ts';

/** Descriptors and frames a queue may do before the next one has its turn. */
const TURN = 64;

export class TransmitEngine {
  readonly #context: PortContext;
  readonly #parts: TransmitParts;
  readonly #task: Task;
  readonly #rings: readonly TransmitRing[];
  readonly #fetch: DescriptorFetch;
  readonly #sender: PacketSender;
  readonly #fast: FastPath;
  readonly #rates: RateLimiter;
  /** Ends of intervals at which held write-backs are due, by queue. */
  readonly #flushes: readonly Timer[];
  /** Queues that may have work, a bit each. */
  #ready: number;
  /** Queues with a write-back in this run, whose interrupt is still to be raised. */
  #reported: number;
  /** Where the next round begins. */
  #next: number;
  /** Queues that were last seen enabled; for traces only. */
  #enabledQueues: number;

  constructor(context: PortContext, parts: TransmitParts) {
    this.#context = context;
    this.#parts = parts;
    this.#task = makeTask((budget) => this.run(budget));
    this.#rings = Array.from({ length: QUEUES }, (_, queue) => new TransmitRing(queue));
    this.#fetch = new DescriptorFetch();
    this.#sender = new PacketSender(context, parts);
    this.#fast = new FastPath(context, parts);
    this.#rates = new RateLimiter(context, parts.link, (queue) => this.#resume(queue));
    this.#flushes = Array.from({ length: QUEUES }, (_, queue) => makeTimer(() => this.#flush(queue)));
    this.#ready = 0;
    this.#reported = 0;
    this.#next = 0;
    this.#enabledQueues = 0;
  }

  /** Packets dropped for a guest's mistake, by `dropReason`. */
  get drops(): Uint32Array {
    return this.#sender.drops.counts;
  }

  /** TDT was written. */
  tailWritten(queue: number): void {
    const { trace, events } = this.#context;
    if (trace.on[events.igb_tx_tail] !== 0) this.#traceTail(queue);
    this.#resume(queue);
  }

  /** A queue may have work. */
  #resume(queue: number): void {
    this.#ready |= 1 << queue;
    this.#context.tasks.mark(this.#task);
  }

  /** TXDCTL, TCTL, VFTE or the mode changed: a queue that waited may go on now. One that was disabled forgets half a packet. */
  controlWritten(queue: number): void {
    const { values } = this.#context.registers;
    const { TXDCTL, TDH, TDT } = pf;
    const index = TXDCTL.index + queue * TXDCTL.step;
    const control = values[index]! & ~TXDCTL.SWFLSH.mask;
    values[index] = control;
    const enabled = (control & TXDCTL.ENABLE.mask) !== 0;
    this.#traceEnable(queue, enabled);
    if (this.#rings[queue]!.held > 0) this.#heldBack(queue, enabled);
    if (!enabled) {
      this.#rings[queue]!.discarding = false;
      this.#rings[queue]!.packetOver();
    } else if (values[TDH.index + queue * TDH.step] !== values[TDT.index + queue * TDT.step]) this.#resume(queue);
  }

  /** What held up all queues is over. */
  resume(): void {
    if (this.#ready !== 0) this.#context.tasks.mark(this.#task);
  }

  /** TXDCTL.SWFLSH: what is held is written back now; a stored head only with SN_WB. */
  flushWriteBacks(queue: number): void {
    if (this.#rings[queue]!.flushable) this.#flush(queue);
  }

  /** RTTDQSEL was written. */
  rateSelected(): void {
    this.#rates.selected();
  }

  /** RTTBCNRC was written. */
  rateWritten(): void {
    this.#resume(this.#rates.written());
  }

  /** The device was reset, registers included: nothing is left to do and no context is known. */
  reset(): void {
    this.#ready = 0;
    this.#reported = 0;
    this.#enabledQueues = 0;
    this.#rates.reset();
    for (const ring of this.#rings) ring.reset();
    for (const timer of this.#flushes) this.#context.clock.disarm(timer);
  }

  /** One queue was reset (a VF's function level reset). */
  resetQueue(queue: number): void {
    this.#ready &= ~(1 << queue);
    this.#rings[queue]!.reset();
  }

  /**
   * Works on the queues in turns, for about `budget` descriptors and frames; true when some are left. Interrupts are raised
   * at the end, once for each queue.
   */
  run(budget: number): boolean {
    if (this.#parts.flow?.paused === true) return false;
    let left = budget;
    while (left > 0 && this.#ready !== 0) {
      const queue = this.#pickQueue();
      left -= this.#serve(queue, left < TURN ? left : TURN);
    }
    const { interrupts } = this.#parts;
    for (let queue = 0; this.#reported !== 0; queue += 1) {
      const bit = 1 << queue;
      if ((this.#reported & bit) === 0) continue;
      this.#reported &= ~bit;
      interrupts.transmitDone(queue);
    }
    return this.#ready !== 0;
  }

  #pickQueue(): number {
    let queue = this.#next;
    while ((this.#ready & (1 << queue)) === 0) queue = (queue + 1) % QUEUES;
    this.#next = (queue + 1) % QUEUES;
    return queue;
  }

  /** §5.1, but for the bus master bit, which the memory port knows. */
  #enabled(queue: number): boolean {
    const { values } = this.#context.registers;
    if (!mayMaster(this.#context, queue)) return false;
    if ((values[pf.TCTL.index]! & pf.TCTL.EN.mask) === 0) return false;
    if ((values[pf.TXDCTL.index + queue * pf.TXDCTL.step]! & pf.TXDCTL.ENABLE.mask) === 0) return false;
    return (values[pf.MRQC.index]! & 1) === 0 || (values[pf.VFTE.index]! & (1 << (queue % POOLS))) !== 0;
  }

  /** Gives a queue its turn; returns what it used. A queue with nothing more to do is not ready any more. */
  #serve(queue: number, turn: number): number {
    const ring = this.#rings[queue]!;
    const { trace, registers } = this.#context;
    const { values } = registers;
    const bit = 1 << queue;
    this.#ready &= ~bit;
    if (!this.#enabled(queue)) return 0;
    if (!ring.load(values)) {
      this.#traceRing(ring);
      return 0;
    }
    const memory = this.#context.memory[this.#context.queueFunction[queue]!]!;
    const piece = memory.forReading(ring.base, ring.size * DESCRIPTOR_BYTES);
    const fast = !this.#rates.limits(queue) && this.#fast.suits(ring);
    let used = 0;
    while (ring.head !== ring.tail) {
      if (used >= turn) {
        this.#ready |= bit;
        break;
      }
      if (fast && ring.segmentsSent === 0) {
        const sent = this.#fast.send(ring, memory, turn - used);
        if (sent > 0) {
          used += sent;
          if (this.#fast.reported) this.#reported |= bit;
          ring.storeHead(values);
          continue;
        }
      }
      if (!this.#rates.maySend(queue)) break;
      const kind = this.#fetch.next(ring, memory, piece);
      if (kind >= fetched.partial) {
        if (kind === fetched.unreadable) this.#traceUnreadable(ring);
        break;
      }
      used += this.#fetch.count + this.#handle(ring, kind, memory);
      if (ring.segmentsSent > 0) {
        this.#ready |= bit;
        trace.packet = 0;
        break;
      }
      if (writeBack(ring, this.#fetch, memory)) {
        this.#reported |= bit;
        this.#traceWriteBack(ring);
      }
      trace.packet = 0;
      ring.storeHead(values);
    }
    if (ring.held > 0) this.#heldBack(queue, true);
    if (ring.head === ring.tail) this.#rates.emptied(queue);
    return used;
  }

  /** Write-backs of a queue are held: they wait for the end of the interrupt's interval, if one runs and the queue is on. */
  #heldBack(queue: number, enabled: boolean): void {
    const ring = this.#rings[queue]!;
    if (enabled && !ring.flushable) return;
    const untilNs = enabled ? this.#parts.interrupts.quietUntil(queue, true) : 0;
    if (untilNs === 0) this.#flush(queue);
    else this.#context.clock.arm(this.#flushes[queue]!, untilNs);
  }

  /** Writes back what is held, unless the function cannot do so now; the interrupt follows. */
  #flush(queue: number): void {
    const ring = this.#rings[queue]!;
    const memory = this.#context.memory[this.#context.queueFunction[queue]!]!;
    if (ring.held === 0 || !memory.usable || !mayMaster(this.#context, queue)) return;
    flush(ring, memory);
    this.#traceWriteBack(ring);
    this.#reported |= 1 << queue;
    this.#context.tasks.mark(this.#task);
  }

  /** Acts on what was fetched; returns the number of frames sent. */
  #handle(ring: TransmitRing, kind: number, memory: GuestMemory): number {
    const { words } = this.#fetch;
    const { trace, events } = this.#context;
    if (kind === fetched.packet) {
      if (ring.segmentsSent > 0) trace.packet = ring.packet;
      else {
        beginPacket(trace);
        ring.packet = trace.packet;
        if (trace.on[events.igb_tx_fetch] !== 0) this.#traceFetch(ring);
        if (trace.on[events.igb_tx_descriptor] !== 0) this.#traceDescriptors(ring);
      }
      const sent = this.#sender.send(ring, this.#fetch, memory);
      this.#rates.charge(ring.queue, this.#sender.wireBytes);
      return sent;
    }
    if (kind === fetched.context) {
      const slot = slotOf(words[3]!);
      ring.contexts[slot]!.store(words[0]!, words[2]!, words[3]!);
      if (trace.on[events.igb_tx_context] !== 0) {
        trace.emit(events.igb_tx_context, ring.queue, slot, words[0]! & 0xffff, words[3]! >>> 16);
      }
    } else if (kind === fetched.endless) this.#sender.dropEndless(ring.queue, this.#fetch);
    else if (kindOf(words[2]!) === kinds.invalid && trace.on[events.igb_guest_error_tx_descriptor] !== 0) {
      trace.emit(events.igb_guest_error_tx_descriptor, ring.queue, ring.head, (words[2]! >>> 20) & 0xf);
    }
    return 0;
  }

  #traceDescriptors(ring: TransmitRing): void {
    const { trace, events } = this.#context;
    const { words, count } = this.#fetch;
    for (let n = 0; n < count; n += 1) {
      const index = (ring.head + n) % ring.size;
      const address = (words[n * 4 + 1]! >>> 0) * 2 ** 32 + (words[n * 4]! >>> 0);
      trace.emit(
        events.igb_tx_descriptor,
        ring.queue,
        index,
        address,
        words[n * 4 + 2]! >>> 0,
        words[n * 4 + 3]! >>> 0,
      );
    }
  }

  #traceWriteBack({ queue, head, headAddress }: TransmitRing): void {
    const { trace, events } = this.#context;
    if (trace.on[events.igb_tx_write_back] === 0) return;
    trace.emit(events.igb_tx_write_back, queue, head, headAddress < 0 ? 0 : 1);
  }

  #traceFetch({ queue, head }: TransmitRing): void {
    const { trace, events, queueFunction } = this.#context;
    trace.emit(events.igb_tx_fetch, queue, queueFunction[queue], head, this.#fetch.count, this.#fetch.bytes);
  }

  #traceTail(queue: number): void {
    const { trace, events, registers } = this.#context;
    const { TDH, TDT } = pf;
    const head = registers.values[TDH.index + queue * TDH.step];
    trace.emit(events.igb_tx_tail, queue, head, registers.values[TDT.index + queue * TDT.step]);
  }

  #traceEnable(queue: number, enabled: boolean): void {
    const { trace, events } = this.#context;
    const bit = 1 << queue;
    if (((this.#enabledQueues & bit) !== 0) === enabled) return;
    this.#enabledQueues ^= bit;
    const event = enabled ? events.igb_tx_queue_enabled : events.igb_tx_queue_disabled;
    if (trace.on[event] !== 0) trace.emit(event, queue);
  }

  /** A head or tail beyond the ring, or no ring at all: the queue counts as empty until a register changes. */
  #traceRing(ring: TransmitRing): void {
    const { trace, events } = this.#context;
    const { queue, size, head, tail } = ring;
    if (head >= size) {
      if (trace.on[events.igb_guest_error_head] !== 0) {
        trace.emit(events.igb_guest_error_head, pf.TDH.at + queue * pf.TDH.step * 4, head, size);
      }
    } else if (trace.on[events.igb_guest_error_tail] !== 0) {
      trace.emit(events.igb_guest_error_tail, pf.TDT.at + queue * pf.TDT.step * 4, tail, size);
    }
  }

  #traceUnreadable(ring: TransmitRing): void {
    const { trace, events } = this.#context;
    if (trace.on[events.igb_guest_error_dma] === 0) return;
    trace.emit(events.igb_guest_error_dma, ring.queue, ring.addressOf(ring.head), DESCRIPTOR_BYTES);
  }
}
