/** Takes the fetched descriptors of one packet to frames at the sink (§5.2 to §5.5). */
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
import { capturedAt, type FrameOffload, type GuestMemory } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { TAG_BYTES } from '../rx/vlan.ts';
import { pf } from '../tables/index.ts';
import { Checksums, hasTransport } from './checksums.ts';
import { slotOf, type OffloadContext } from './context.ts';
import { carriesData, command, kindOf, kinds, l4Type, option } from './descriptor.ts';
import type { DescriptorFetch } from './fetch.ts';
import { gatherFrame, GATHERED_AT, MOST_GATHERED, SEGMENTS_AT } from './gather.ts';
import { describeAdvanced, describeLegacy } from './left-to-do.ts';
import { GuestPayload } from './guest-payload.ts';
import { checksumOffsetOf, checksumsCover, describeLargePacket, fillLegacyChecksum } from './offload.ts';
import { route, type TransmitParts } from './parts.ts';
import { WIRE_OVERHEAD_BYTES } from './rate-limit.ts';
import type { TransmitRing } from './ring.ts';
import { LARGEST_FRAME, MAC_BYTES, padsShort, SHORTEST_PADDED } from './sizes.ts';
import { insertTag, NEVER, tagRule } from './tags.ts';

/** More than MACLEN, IPLEN and L4LEN can say together. */
const MOST_HEADERS = 1024;
/** Segments of one packet that are made before others have their turn. Only segments of less than 256 bytes come to more. */
const SEGMENTS_A_TURN = 256;
const UDP_HEADER_BYTES = 8;

/** Why packets are dropped; index into `drops`. */
export const dropReason = { short: 0, oversize: 1, unreadable: 2, endless: 3, offload: 4, segmentSize: 5 } as const;

export class PacketSender implements SegmentSink {
  /** Packets dropped, by `dropReason`. */
  readonly drops: Uint32Array;
  /** Trace events, by `dropReason`. */
  readonly #dropEvents: readonly number[];
  readonly #context: PortContext;
  readonly #parts: TransmitParts;
  readonly #segmenter: Segmenter;
  readonly #layout: SegmentLayout;
  readonly #payload: GuestPayload;
  readonly #offload: FrameOffload;
  readonly #checksums: Checksums;
  /** The packet at hand: its queue, bytes inserted in front of its network header, command and option dwords. */
  #queue: number;
  #tagBytes: number;
  #command: number;
  #options: number;
  #legacy: boolean;
  #frame: number;
  /** 0 until it is gathered. */
  #length: number;
  #fetchedBytes: number;
  /** Its tag comes from VMVIR. */
  #tagIsPools: boolean;
  /** Where it goes, in bits of `route`; without `wire` once the wire has it whole. */
  #route: number;
  /** Only its headers were gathered. */
  #direct: boolean;
  /** Its segments' checksums are made from headers that a receiver reads the same way. */
  #checksumsKnown: boolean;
  /** The packet asks for a stamp: taken as it leaves. */
  #stampDue: boolean;
  /** What the last packet took on the wire, with FCS, preamble and gap, or would have taken. */
  wireBytes: number;

  constructor(context: PortContext, parts: TransmitParts) {
    this.drops = new Uint32Array(Object.keys(dropReason).length);
    const { events } = context;
    this.#dropEvents = [
      events.igb_tx_drop_short,
      events.igb_guest_error_tx_length,
      events.igb_tx_drop_dma,
      events.igb_tx_drop_endless,
      events.igb_tx_drop_malformed,
      events.igb_guest_error_tx_segment_size,
    ];
    this.#context = context;
    this.#parts = parts;
    this.#segmenter = new Segmenter(SEGMENTS_AT);
    this.#layout = new SegmentLayout();
    this.#payload = new GuestPayload();
    this.#layout.mostSegments = SEGMENTS_A_TURN;
    this.#offload = {
      needsChecksum: false,
      checksumStart: 0,
      checksumOffset: 0,
      segmentation: 'none',
      headerLength: 0,
      segmentSize: 0,
    };
    this.#checksums = new Checksums();
    this.#queue = 0;
    this.#tagBytes = 0;
    this.#command = 0;
    this.#options = 0;
    this.#legacy = false;
    this.#frame = 0;
    this.#length = 0;
    this.#fetchedBytes = 0;
    this.#tagIsPools = false;
    this.#route = 0;
    this.#direct = false;
    this.#checksumsKnown = false;
    this.#stampDue = false;
    this.wireBytes = 0;
  }

  /**
   * Sends the packet, or drops and counts it; returns the number of frames that it took. One of very many segments is not
   * over then: `ring.segmentsSent` says how many have gone, and it is to be sent again.
   */
  send(ring: TransmitRing, fetch: DescriptorFetch, memory: GuestMemory): number {
    const before = ring.segmentsSent;
    const sent = this.#send(ring, fetch, memory);
    if (ring.segmentsSent === before) ring.packetOver();
    return sent;
  }

  #send(ring: TransmitRing, fetch: DescriptorFetch, memory: GuestMemory): number {
    this.#queue = ring.queue;
    this.wireBytes = 0;
    this.#length = 0;
    this.#fetchedBytes = fetch.bytes;
    this.#latch(ring, fetch);
    const segments = !this.#legacy && (this.#command & command.TSE) !== 0;
    if (fetch.bytes > (segments ? MOST_GATHERED : LARGEST_FRAME))
      return this.drop(dropReason.oversize, ring.queue, fetch.bytes);
    // Segments take their payload from where it lies, unless somebody wants to see the packet whole.
    const direct = segments && this.#context.taps.watched === 0 && this.#payload.begin(fetch, memory);
    let gathered = gatherFrame(fetch, memory, 0, direct ? MOST_HEADERS : MOST_GATHERED);
    if (gathered < 0) return this.drop(dropReason.unreadable, ring.queue, fetch.bytes);
    this.#frame = GATHERED_AT;
    // With or without IFCS: software's own FCS cannot be told from data, and QEMU's tests send packets that have none.
    if (direct) gathered = fetch.bytes;
    this.#length = gathered;
    if (this.#length < MAC_BYTES) return this.drop(dropReason.short, this.#queue, this.#length);
    const context = ring.contexts[slotOf(this.#options)]!;
    if (!context.stored && !this.#legacy) this.#traceContext();
    this.#insertTag(context);
    this.#payload.inserted = this.#tagBytes;
    this.#route = this.#parts.sink.route(this.#queue, this.#frame, this.#length, this.#tagIsPools);
    if (this.#route === 0) return 0;
    this.#direct = direct && (this.#route & (route.whole | route.pieces)) !== route.whole;
    if (direct && !this.#direct && gatherFrame(fetch, memory, MOST_HEADERS) < 0)
      return this.drop(dropReason.unreadable, ring.queue, fetch.bytes);
    this.#stampDue = !segments && (this.#command & command.TSTAMP) !== 0 && !this.#legacy;
    if (segments) return this.#sendSegmented(context, ring);
    if (this.#length > LARGEST_FRAME) return this.drop(dropReason.oversize, this.#queue, this.#length);
    return this.#sendSingle(context);
  }

  /** Drops a packet of more descriptors than one may have. */
  dropEndless(queue: number, fetch: DescriptorFetch): void {
    this.#length = 0;
    this.#fetchedBytes = fetch.bytes;
    this.drop(dropReason.endless, queue, fetch.count);
  }

  /** Counts a packet that goes nowhere; `detail` is its length, or what the reason's event says. */
  drop(reason: number, queue: number, detail: number): 0 {
    this.drops[reason]! += 1;
    const { taps, trace } = this.#context;
    const event = this.#dropEvents[reason]!;
    const gathered = this.#length;
    taps.drop(1, event, queue, arena.bytes, this.#frame, gathered || this.#fetchedBytes, gathered);
    if (trace.on[event] !== 0) trace.emit(event, queue, detail);
    return 0;
  }

  /** One segment of the packet at hand, from the segmenter. */
  segment(bytes: Uint8Array, offset: number, length: number): void {
    this.#transmit(bytes, offset, length, undefined, this.#checksumsKnown);
  }

  /** Where the next segment is made: with the pool that is the only one to get it, if that can be. */
  placeFor(length: number): number {
    const only = (this.#route & (route.wire | route.pools)) === route.pools;
    return only && length >= SHORTEST_PADDED && this.#checksumsKnown ? this.#parts.sink.placeFor(length) : -1;
  }

  placed(headers: number, length: number): void {
    this.#trace(length);
    this.#parts.sink.placed(this.#queue, headers, length);
    this.#charge(length);
  }

  /**
   * Commands and options come from the first data descriptor, those of legacy descriptors from the last (drivers of the
   * older chips set them there only). Context descriptors in between are stored.
   */
  #latch(ring: TransmitRing, fetch: DescriptorFetch): void {
    const { words, count } = fetch;
    const last = (count - 1) * 4;
    this.#legacy = kindOf(words[2]!) === kinds.legacy;
    const from = this.#legacy ? last : 0;
    this.#command = words[from + 2]!;
    this.#options = words[from + 3]!;
    this.#tagBytes = 0;
    for (let at = 4; at < last; at += 4) {
      const word2 = words[at + 2]!;
      if (carriesData(word2) || kindOf(word2) !== kinds.context) continue;
      ring.contexts[slotOf(words[at + 3]!)]!.store(words[at]!, word2, words[at + 3]!);
    }
  }

  #insertTag(context: OffloadContext): void {
    const { values } = this.#context.registers;
    const rule = tagRule(values, this.#queue);
    this.#tagIsPools = rule >= 0;
    let tag = rule;
    if (rule < 0) {
      if (rule === NEVER || (this.#command & command.VLE) === 0) return;
      tag = this.#legacy ? this.#options >>> 16 : context.vlanTag;
    }
    this.#frame = insertTag(values, this.#frame, this.#length, tag);
    this.#length += TAG_BYTES;
    this.#tagBytes = TAG_BYTES;
  }

  #stamp(): void {
    this.#stampDue = false;
    const { values } = this.#context.registers;
    if ((values[pf.TSYNCTXCTL.index]! & pf.TSYNCTXCTL.EN.mask) !== 0) this.#parts.time?.txStamp();
  }

  /** Shows captures the packet as software gave it, with what is left to do; a tag is in. */
  #tap(context: OffloadContext): void {
    const { taps } = this.#context;
    if (taps.on[capturedAt.queues] === 0) return;
    if (this.#legacy) describeLegacy(this.#offload, this.#command, this.#options, this.#tagBytes);
    else describeAdvanced(this.#offload, context, this.#command, this.#options, this.#tagBytes, this.#frame);
    taps.queue(1, this.#queue, arena.bytes, this.#frame, this.#length, this.#offload);
  }

  #sendSegmented(context: OffloadContext, ring: TransmitRing): number {
    const layout = this.#layout;
    layout.l3Offset = context.macLength + this.#tagBytes;
    layout.l3Length = context.ipLength;
    layout.l4Length = context.l4Length;
    layout.segmentSize = context.segmentSize;
    layout.protocol = context.l4Type === l4Type.TCP ? ipProtocols.tcp : ipProtocols.udp;
    if (context.l4Type > l4Type.TCP) return this.drop(dropReason.offload, this.#queue, this.#length);
    const count = segmentCount(layout, this.#length);
    if (count === 0) return this.#dropUnfit(layout);
    const headerLength = layout.l3Offset + layout.l3Length + layout.l4Length;
    const largest = Math.min(this.#length, headerLength + layout.segmentSize);
    if (largest > LARGEST_FRAME) return this.drop(dropReason.oversize, this.#queue, this.#length);
    let sent = 0;
    if (ring.segmentsSent === 0) {
      this.#beginSegments(context, layout);
      ring.handedOver = this.#isUnseen() || this.#handOver(layout, count, headerLength);
      if (ring.handedOver) {
        this.#countSegments(count, headerLength);
        sent = 1;
      }
    }
    if (ring.handedOver) this.#route &= ~route.wire;
    if ((this.#route & (route.wire | route.pools)) !== 0) {
      layout.firstSegment = ring.segmentsSent;
      const made = this.#cut(layout);
      sent += made;
      if (made > 0 && layout.firstSegment + made < count) {
        ring.segmentsSent += made;
        return sent;
      }
    }
    if (sent > 0) this.#parts.statistics.count(pf.TSCTC.index, 1);
    return sent;
  }

  /** What happens to a packet once, however many turns its segments take. */
  #beginSegments(context: OffloadContext, layout: SegmentLayout): void {
    const { trace, events } = this.#context;
    if (trace.on[events.igb_tx_segments] !== 0) {
      trace.emit(events.igb_tx_segments, this.#queue, this.#length, layout.segmentSize);
    }
    this.#tap(context);
    if ((this.#command & command.TSTAMP) === 0) return;
    this.#stamp();
    this.#parts.time?.departed();
  }

  /** Makes the segments; returns how many. */
  #cut(layout: SegmentLayout): number {
    this.#takeFlagMasks(layout);
    const l3 = this.#frame + layout.l3Offset;
    this.#checksumsKnown = checksumsCover(l3, l3 + layout.l3Length, layout.protocol);
    layout.pseudoHeader = pseudoHeaderSum(arena.bytes, l3, layout.l3Length, layout.protocol);
    if (layout.pseudoHeader < 0) layout.pseudoHeader = this.#placedSum(l3 + layout.l3Length, layout.protocol);
    const payload = this.#direct ? this.#payload : undefined;
    this.#parts.sink.beginDeliveries(SEGMENTS_A_TURN);
    const sent = this.#segmenter.segment(arena.bytes, this.#frame, this.#length, layout, this, payload);
    this.#parts.sink.endDeliveries(this.#queue);
    return sent === 0 ? this.drop(dropReason.offload, this.#queue, this.#length) : sent;
  }

  #dropUnfit(layout: SegmentLayout): 0 {
    const { segmentSize } = layout;
    const headerLength = layout.l3Offset + layout.l3Length + layout.l4Length;
    if (headerLength <= this.#length && segmentSize * MOST_SEGMENTS < this.#length) {
      return this.drop(dropReason.segmentSize, this.#queue, segmentSize);
    }
    return this.drop(dropReason.offload, this.#queue, this.#length);
  }

  /** What the driver left in the checksum field: addresses and protocol without the length (§5.4). */
  #placedSum(l4: number, protocol: number): number {
    const at = l4 + checksumOffsetOf(protocol);
    return (arena.bytes[at]! << 8) | arena.bytes[at + 1]!;
  }

  #takeFlagMasks(layout: SegmentLayout): void {
    const { values } = this.#context.registers;
    const low = values[pf.DTXTCPFLGL.index]!;
    layout.firstFlags = low & 0xfff;
    layout.middleFlags = (low >>> 16) & 0xfff;
    layout.lastFlags = values[pf.DTXTCPFLGH.index]! & 0xfff;
  }

  /**
   * Gives a frame to the wire whole. False where the sink or the headers do not allow it, or where whoever cuts it there would
   * keep others waiting.
   */
  #handOver(layout: SegmentLayout, count: number, headerLength: number): boolean {
    if ((this.#route & route.whole) === 0 || count === 1 || count > SEGMENTS_A_TURN) return false;
    const { protocol, l4Length } = layout;
    const l3 = this.#frame + layout.l3Offset;
    const l4 = l3 + layout.l3Length;
    // The kernel goes by the header's own length, not by ours.
    if (protocol === ipProtocols.udp) {
      if (l4Length !== UDP_HEADER_BYTES) return false;
    } else if ((arena.bytes[l4 + 12]! >>> 4) * 4 !== l4Length || !this.#hasUsualFlags()) return false;
    if (!describeLargePacket(l3, l4, this.#frame + this.#length, protocol)) return false;
    const offload = this.#offload;
    offload.needsChecksum = true;
    offload.checksumStart = l4 - this.#frame;
    offload.checksumOffset = checksumOffsetOf(protocol);
    if (protocol === ipProtocols.udp) offload.segmentation = 'udp';
    else offload.segmentation = arena.bytes[l3]! >>> 4 === 4 ? 'tcp4' : 'tcp6';
    offload.headerLength = headerLength;
    offload.segmentSize = layout.segmentSize;
    this.#trace(this.#length);
    const { sink } = this.#parts;
    if (this.#direct) sink.transmitPieces(this.#payload.behind(this.#frame, headerLength), this.#length, offload);
    else sink.transmit(this.#queue, arena.bytes, this.#frame, this.#length, offload);
    return true;
  }

  /** The flags of its segments are those that a kernel gives them: the registers are as after reset. */
  #hasUsualFlags(): boolean {
    const { values } = this.#context.registers;
    const { DTXTCPFLGL, DTXTCPFLGH } = pf;
    return values[DTXTCPFLGL.index] === DTXTCPFLGL.reset && values[DTXTCPFLGH.index] === DTXTCPFLGH.reset;
  }

  /** The wire's share of the packet at hand is only counted. */
  #isUnseen(): boolean {
    return (this.#route & route.unseen) !== 0;
  }

  /** Counts the segments that are not made here, as the chip would have sent them. */
  #countSegments(count: number, headerLength: number): void {
    const { statistics, sink } = this.#parts;
    const full = this.#padded(headerLength + this.#layout.segmentSize);
    const last = this.#padded(this.#length - (count - 1) * this.#layout.segmentSize);
    statistics.transmitted(arena.bytes, this.#frame, full, this.#queue, count - 1);
    statistics.transmitted(arena.bytes, this.#frame, last, this.#queue);
    this.#charge(full, count - 1);
    this.#charge(last);
    if (this.#isUnseen()) sink.drain(count, full * (count - 1) + last);
  }

  #sendSingle(context: OffloadContext): number {
    let offload: FrameOffload | undefined;
    this.#checksumsKnown = false;
    if (this.#legacy) {
      this.#tap(context);
      this.#legacyChecksum();
    } else {
      const l3 = this.#frame + context.macLength + this.#tagBytes;
      const end = this.#frame + this.#length;
      const sums = (this.#options & option.TXSM) !== 0;
      if (sums && !hasTransport(context.l4Type, context.ipLength, end - l3))
        return this.drop(dropReason.offload, this.#queue, this.#length);
      this.#tap(context);
      const l4 = l3 + context.ipLength;
      offload = this.#checksums.complete(this.#options, context.l4Type, this.#frame, l3, l4, end, this.#route);
      this.#checksumsKnown = this.#checksums.known;
      if ((this.#options & option.IXSM) !== 0) this.#traceChecksum(0, l3, 0);
      if (sums) this.#traceChecksum(1, l4, offload === undefined ? 0 : 1);
    }
    this.#parts.sink.beginDeliveries(1);
    this.#transmit(arena.bytes, this.#frame, this.#length, offload, this.#checksumsKnown);
    this.#parts.sink.endDeliveries(this.#queue);
    return 1;
  }

  /** Positions outside the frame leave it as it is. */
  #legacyChecksum(): void {
    if ((this.#command & command.IC) === 0) return;
    const start = ((this.#options >>> 8) & 0xff) + this.#tagBytes;
    const field = ((this.#command >>> 16) & 0xff) + this.#tagBytes;
    fillLegacyChecksum(this.#frame, this.#length, start, field);
  }

  /** The last step of a frame that is not segmented any more: padding, statistics, the ways out. */
  #transmit(
    bytes: Uint8Array,
    offset: number,
    length: number,
    offload: FrameOffload | undefined,
    checksumsKnown: boolean,
  ): void {
    const padded = this.#padded(length);
    for (let n = length; n < padded; n += 1) bytes[offset + n] = 0;
    this.#trace(padded);
    const stamps = this.#stampDue;
    if (stamps) this.#stamp();
    const { sink, statistics, time } = this.#parts;
    const { wire, whole, pools } = route;
    if ((this.#route & wire) !== 0) {
      statistics.transmitted(bytes, offset, padded, this.#queue);
      sink.transmit(this.#queue, bytes, offset, padded, offload);
    }
    if ((this.#route & pools) !== 0) sink.deliver(this.#queue, bytes, offset, padded, checksumsKnown);
    if (stamps) time?.departed();
    // What the wire got whole has been charged for already.
    if ((this.#route & (wire | whole)) !== whole) this.#charge(padded);
  }

  /** What TCTL.PSP makes of a length. */
  #padded(length: number): number {
    return length < SHORTEST_PADDED && padsShort(this.#context.registers.values) ? SHORTEST_PADDED : length;
  }

  #charge(length: number, frames = 1): void {
    this.wireBytes += (Math.max(length, SHORTEST_PADDED) + WIRE_OVERHEAD_BYTES) * frames;
  }

  #traceContext(): void {
    const { trace, events } = this.#context;
    if (trace.on[events.igb_guest_error_tx_context] === 0) return;
    const wants = (this.#command & (command.VLE | command.TSE)) | (this.#options & (option.IXSM | option.TXSM));
    if (wants !== 0) trace.emit(events.igb_guest_error_tx_context, this.#queue, slotOf(this.#options));
  }

  #traceChecksum(kind: number, from: number, byWire: number): void {
    const { trace, events } = this.#context;
    if (trace.on[events.igb_tx_checksum] === 0) return;
    trace.emit(events.igb_tx_checksum, this.#queue, kind, from - this.#frame, byWire);
  }

  #trace(length: number): void {
    const { trace, events } = this.#context;
    if (trace.on[events.igb_tx_packet] !== 0) trace.emit(events.igb_tx_packet, this.#queue, length);
  }
}
