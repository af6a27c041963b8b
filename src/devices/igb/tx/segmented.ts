/** Packets that are segmented (§5.5): given to the wire whole, counted where nobody sees them, or cut here, in turns where they are many. */
import {
  arena,
  ipProtocols,
  MOST_SEGMENTS,
  pseudoHeaderSum,
  segmentCount,
  Segmenter,
  SegmentLayout,
  type SegmentSink,
} from '../../../packet/index.ts';
import type { FrameOffload } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { pf } from '../tables/index.ts';
import { command, l4Type } from './descriptor.ts';
import { dropReason, type PacketDrops } from './drops.ts';
import type { FrameExit } from './frame-exit.ts';
import { SEGMENTS_AT } from './gather.ts';
import type { GuestPayload } from './guest-payload.ts';
import { checksumOffsetOf, checksumsCover, describeLargePacket } from './offload.ts';
import type { Packet } from './packet.ts';
import { route, type TransmitParts } from './parts.ts';
import type { TransmitRing } from './ring.ts';
import { LARGEST_FRAME, SHORTEST_PADDED } from './sizes.ts';

const { DTXTCPFLGH, DTXTCPFLGL, TSCTC } = pf;
const { bytes } = arena;

/** Segments of one packet that are made before others have their turn. Only segments of less than 256 bytes come to more. */
const SEGMENTS_A_TURN = 256;
const UDP_HEADER_BYTES = 8;

/** What it shares with the sender of packets. */
export interface SegmentedShares {
  readonly packet: Packet;
  readonly exit: FrameExit;
  readonly drops: PacketDrops;
  /** The packet's bytes where they lie in the guest, for one that is `direct`. */
  readonly payload: GuestPayload;
  readonly offload: FrameOffload;
  /** Shows the packet to captures. */
  tap(): void;
}

export class SegmentedSender implements SegmentSink {
  readonly #context: PortContext;
  readonly #parts: TransmitParts;
  readonly #shares: SegmentedShares;
  readonly #packet: Packet;
  readonly #exit: FrameExit;
  readonly #segmenter: Segmenter;
  readonly #layout: SegmentLayout;
  /** Checksums of the segments are made from headers that a receiver reads the same way. */
  #checksumsKnown: boolean;

  constructor(context: PortContext, parts: TransmitParts, shares: SegmentedShares) {
    this.#context = context;
    this.#parts = parts;
    this.#shares = shares;
    this.#packet = shares.packet;
    this.#exit = shares.exit;
    this.#segmenter = new Segmenter(SEGMENTS_AT);
    this.#layout = new SegmentLayout();
    this.#layout.mostSegments = SEGMENTS_A_TURN;
    this.#checksumsKnown = false;
  }

  /** Sends the packet at hand, or some of its segments; returns the number of frames that it took. */
  send(ring: TransmitRing): number {
    const layout = this.#layout;
    const packet = this.#packet;
    const { context, length } = packet;
    layout.l3Offset = context.macLength + packet.tagBytes;
    layout.l3Length = context.ipLength;
    layout.l4Length = context.l4Length;
    layout.segmentSize = context.segmentSize;
    layout.protocol = context.l4Type === l4Type.TCP ? ipProtocols.tcp : ipProtocols.udp;
    if (context.l4Type > l4Type.TCP) return this.#drop(dropReason.offload, length);
    const count = segmentCount(layout, length);
    const headerLength = layout.l3Offset + layout.l3Length + layout.l4Length;
    if (count === 0) return this.#dropUnfit(headerLength);
    const largest = Math.min(length, headerLength + layout.segmentSize);
    if (largest > LARGEST_FRAME) return this.#drop(dropReason.oversize, length);
    let sent = 0;
    if (ring.segmentsSent === 0) {
      this.#begin();
      ring.handedOver = this.#isUnseen() || this.#handOver(count, headerLength);
      if (ring.handedOver) {
        this.#countSegments(count, headerLength);
        sent = 1;
      }
    }
    if (ring.handedOver) packet.ways &= ~route.wire;
    if ((packet.ways & (route.wire | route.pools)) !== 0) {
      layout.firstSegment = ring.segmentsSent;
      const made = this.#cut();
      sent += made;
      if (made > 0 && layout.firstSegment + made < count) {
        ring.segmentsSent += made;
        return sent;
      }
    }
    if (sent > 0) this.#parts.statistics.count(TSCTC.index, 1);
    return sent;
  }

  /** One segment of the packet at hand, from the segmenter; like all of it in the arena. */
  segment(_bytes: Uint8Array, offset: number, length: number): void {
    this.#exit.send(offset, length, undefined, this.#checksumsKnown);
  }

  /** How many of the next segments are made with the pool that is the only one to get them, if that can be. */
  placesFor(length: number, most: number, places: Int32Array): number {
    const only = (this.#packet.ways & (route.wire | route.pools)) === route.pools;
    if (!only || length < SHORTEST_PADDED || !this.#checksumsKnown) return 0;
    return this.#parts.sink.pools.placesFor(length, most, places);
  }

  placed(headers: number, length: number, count: number, identification: number): void {
    for (let n = 0; n < count; n += 1) this.#exit.trace(length);
    this.#parts.sink.pools.placed(headers, length, count, identification);
    this.#exit.charge(length, count);
  }

  /** What happens to a packet once, however many turns its segments take. */
  #begin(): void {
    const { trace, events } = this.#context;
    const { queue, length } = this.#packet;
    if (trace.on[events.igb_tx_segments] !== 0) {
      trace.emit(events.igb_tx_segments, queue, length, this.#layout.segmentSize);
    }
    this.#shares.tap();
    if ((this.#packet.command & command.TSTAMP) === 0) return;
    this.#exit.stamp();
    this.#parts.time?.departed();
  }

  /** Makes the segments; returns how many. */
  #cut(): number {
    const layout = this.#layout;
    const { queue, frame, length, direct } = this.#packet;
    this.#takeFlagMasks();
    const l3 = frame + layout.l3Offset;
    this.#checksumsKnown = checksumsCover(l3, l3 + layout.l3Length, layout.protocol);
    layout.pseudoHeader = pseudoHeaderSum(bytes, l3, layout.l3Length, layout.protocol);
    if (layout.pseudoHeader < 0) layout.pseudoHeader = this.#placedSum(l3 + layout.l3Length);
    const payload = direct ? this.#shares.payload : undefined;
    this.#parts.sink.pools.begin(SEGMENTS_A_TURN);
    const sent = this.#segmenter.segment(bytes, frame, length, layout, this, payload);
    this.#parts.sink.pools.end(queue);
    return sent === 0 ? this.#drop(dropReason.offload, length) : sent;
  }

  #dropUnfit(headerLength: number): 0 {
    const { segmentSize } = this.#layout;
    const { length } = this.#packet;
    if (headerLength <= length && segmentSize * MOST_SEGMENTS < length) {
      return this.#drop(dropReason.segmentSize, segmentSize);
    }
    return this.#drop(dropReason.offload, length);
  }

  #drop(reason: number, detail: number): 0 {
    return this.#shares.drops.drop(this.#packet, reason, detail);
  }

  /** What the driver left in the checksum field: addresses and protocol without the length (§5.4). */
  #placedSum(l4: number): number {
    const at = l4 + checksumOffsetOf(this.#layout.protocol);
    return (bytes[at]! << 8) | bytes[at + 1]!;
  }

  #takeFlagMasks(): void {
    const layout = this.#layout;
    const { values } = this.#context.registers;
    const low = values[DTXTCPFLGL.index]!;
    layout.firstFlags = low & 0xfff;
    layout.middleFlags = (low >>> 16) & 0xfff;
    layout.lastFlags = values[DTXTCPFLGH.index]! & 0xfff;
  }

  /**
   * Gives a frame to the wire whole. False where the sink or the headers do not allow it, or where whoever cuts it there would
   * keep others waiting.
   */
  #handOver(count: number, headerLength: number): boolean {
    const { queue, frame, length, end, ways, direct } = this.#packet;
    if ((ways & route.whole) === 0 || count === 1 || count > SEGMENTS_A_TURN) return false;
    const { protocol, l3Offset, l3Length, l4Length, segmentSize } = this.#layout;
    const l3 = frame + l3Offset;
    const l4 = l3 + l3Length;
    // The kernel goes by the header's own length, not by ours.
    if (protocol === ipProtocols.udp) {
      if (l4Length !== UDP_HEADER_BYTES) return false;
    } else if ((bytes[l4 + 12]! >>> 4) * 4 !== l4Length || !this.#hasUsualFlags()) return false;
    if (!describeLargePacket(l3, l4, end, protocol)) return false;
    const { offload, payload } = this.#shares;
    offload.needsChecksum = true;
    offload.checksumStart = l4 - frame;
    offload.checksumOffset = checksumOffsetOf(protocol);
    if (protocol === ipProtocols.udp) offload.segmentation = 'udp';
    else offload.segmentation = bytes[l3]! >>> 4 === 4 ? 'tcp4' : 'tcp6';
    offload.headerLength = headerLength;
    offload.segmentSize = segmentSize;
    this.#exit.trace(length);
    const { sink } = this.#parts;
    if (direct) sink.transmitPieces(payload.behind(frame, headerLength), length, offload);
    else sink.transmit(queue, bytes, frame, length, offload);
    return true;
  }

  /** The flags of its segments are those that a kernel gives them: the registers are as after reset. */
  #hasUsualFlags(): boolean {
    const { values } = this.#context.registers;
    return values[DTXTCPFLGL.index] === DTXTCPFLGL.reset && values[DTXTCPFLGH.index] === DTXTCPFLGH.reset;
  }

  /** The wire's share of the packet at hand is only counted. */
  #isUnseen(): boolean {
    return (this.#packet.ways & route.unseen) !== 0;
  }

  /** Counts the segments that are not made here, as the chip would have sent them. */
  #countSegments(count: number, headerLength: number): void {
    const { statistics, sink } = this.#parts;
    const { queue, frame, length } = this.#packet;
    const exit = this.#exit;
    const full = exit.padded(headerLength + this.#layout.segmentSize);
    const last = exit.padded(length - (count - 1) * this.#layout.segmentSize);
    statistics.transmitted(bytes, frame, full, queue, count - 1);
    statistics.transmitted(bytes, frame, last, queue);
    exit.charge(full, count - 1);
    exit.charge(last);
    if (this.#isUnseen()) sink.drain(count, full * (count - 1) + last);
  }
}
