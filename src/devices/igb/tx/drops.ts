/** Packets that go nowhere, for a guest's mistake. */
import { arena } from '../../../packet/index.ts';
import type { PortContext } from '../context.ts';
import type { Packet } from './packet.ts';

/** Why packets are dropped; index into `counts`. */
export const dropReason = { short: 0, oversize: 1, unreadable: 2, endless: 3, offload: 4, segmentSize: 5 } as const;

export class PacketDrops {
  /** By `dropReason`. */
  readonly counts: Uint32Array;
  readonly #context: PortContext;
  /** Trace events, by `dropReason`. */
  readonly #events: readonly number[];

  constructor(context: PortContext) {
    const { events } = context;
    this.counts = new Uint32Array(Object.keys(dropReason).length);
    this.#context = context;
    this.#events = [
      events.igb_tx_drop_short,
      events.igb_guest_error_tx_length,
      events.igb_tx_drop_dma,
      events.igb_tx_drop_endless,
      events.igb_tx_drop_malformed,
      events.igb_guest_error_tx_segment_size,
    ];
  }

  /** Counts a packet; `detail` is its length, or what the reason's event says. */
  drop(packet: Packet, reason: number, detail: number): 0 {
    this.counts[reason]! += 1;
    const { taps, trace } = this.#context;
    const event = this.#events[reason]!;
    const { queue, frame, length, fetchedBytes } = packet;
    taps.drop(1, event, queue, arena.bytes, frame, length || fetchedBytes, length);
    if (trace.on[event] !== 0) trace.emit(event, queue, detail);
    return 0;
  }
}
