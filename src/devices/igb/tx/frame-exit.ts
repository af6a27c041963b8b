/** The last step of frames that are not segmented any more: padding, stamps, statistics, the ways out. */
import { arena } from '../../../packet/index.ts';
import type { FrameOffload } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { pf } from '../tables/index.ts';
import type { Packet } from './packet.ts';
import { route, type TransmitParts } from './parts.ts';
import { WIRE_OVERHEAD_BYTES } from './rate-limit.ts';
import { padsShort, SHORTEST_PADDED } from './sizes.ts';

const { TSYNCTXCTL } = pf;
const { bytes } = arena;

export class FrameExit {
  readonly #context: PortContext;
  readonly #parts: TransmitParts;
  readonly #packet: Packet;

  /** Frames are those of the packet at hand. */
  constructor(context: PortContext, parts: TransmitParts, packet: Packet) {
    this.#context = context;
    this.#parts = parts;
    this.#packet = packet;
  }

  /** Lets out the frame at `offset` in the arena. `checksumsKnown`: its transport checksum is right. */
  send(offset: number, length: number, offload: FrameOffload | undefined, checksumsKnown: boolean): void {
    const { queue, ways, stampDue } = this.#packet;
    const padded = this.padded(length);
    for (let n = length; n < padded; n += 1) bytes[offset + n] = 0;
    this.trace(padded);
    if (stampDue) this.stamp();
    const { sink, statistics, time } = this.#parts;
    if ((ways & route.wire) !== 0) {
      statistics.transmitted(bytes, offset, padded, queue);
      sink.transmit(queue, bytes, offset, padded, offload);
    }
    if ((ways & route.pools) !== 0) sink.pools.deliver(queue, offset, offset, padded, checksumsKnown);
    if (stampDue) time?.departed();
    // What the wire got whole has been charged for already.
    if ((ways & (route.wire | route.whole)) !== route.whole) this.charge(padded);
  }

  stamp(): void {
    this.#packet.stampDue = false;
    const { values } = this.#context.registers;
    if ((values[TSYNCTXCTL.index]! & TSYNCTXCTL.EN.mask) !== 0) this.#parts.time?.txStamp();
  }

  /** What TCTL.PSP makes of a length. */
  padded(length: number): number {
    return length < SHORTEST_PADDED && padsShort(this.#context.registers.values) ? SHORTEST_PADDED : length;
  }

  charge(length: number, frames = 1): void {
    this.#packet.wireBytes += (Math.max(length, SHORTEST_PADDED) + WIRE_OVERHEAD_BYTES) * frames;
  }

  trace(length: number): void {
    const { trace, events } = this.#context;
    if (trace.on[events.igb_tx_packet] !== 0) trace.emit(events.igb_tx_packet, this.#packet.queue, length);
  }
}
