/** Takes the fetched descriptors of one packet to frames at the sink (§5.2 to §5.5). */
import { arena } from '../../../packet/index.ts';
import { capturedAt, type FrameOffload, type GuestMemory } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { TAG_BYTES } from '../rx/vlan.ts';
import { Checksums, hasTransport } from './checksums.ts';
import { slotOf } from './context.ts';
import { carriesData, command, kindOf, kinds, option } from './descriptor.ts';
import { dropReason, PacketDrops } from './drops.ts';
import type { DescriptorFetch } from './fetch.ts';
import { FrameExit } from './frame-exit.ts';
import { gatherFrame, GATHERED_AT, MOST_GATHERED } from './gather.ts';
import { GuestPayload } from './guest-payload.ts';
import { describeAdvanced, describeLegacy } from './left-to-do.ts';
import { fillLegacyChecksum } from './offload.ts';
import { Packet } from './packet.ts';
import { route, type TransmitParts } from './parts.ts';
import type { TransmitRing } from './ring.ts';
import { SegmentedSender } from './segmented.ts';
import { LARGEST_FRAME, MAC_BYTES } from './sizes.ts';
import { insertTag, NEVER, tagRule } from './tags.ts';

/** More than MACLEN, IPLEN and L4LEN can say together. */
const MOST_HEADERS = 1024;

export class PacketSender {
  readonly drops: PacketDrops;
  readonly #context: PortContext;
  readonly #parts: TransmitParts;
  /** The one at hand. */
  readonly #packet: Packet;
  readonly #exit: FrameExit;
  readonly #segmented: SegmentedSender;
  readonly #payload: GuestPayload;
  readonly #checksums: Checksums;
  /** What is left to do on a packet, for whoever is shown it. */
  readonly #offload: FrameOffload;

  constructor(context: PortContext, parts: TransmitParts) {
    this.drops = new PacketDrops(context);
    this.#context = context;
    this.#parts = parts;
    this.#packet = new Packet();
    this.#exit = new FrameExit(context, parts, this.#packet);
    this.#payload = new GuestPayload();
    this.#checksums = new Checksums();
    this.#offload = {
      needsChecksum: false,
      checksumStart: 0,
      checksumOffset: 0,
      segmentation: 'none',
      headerLength: 0,
      segmentSize: 0,
    };
    this.#segmented = new SegmentedSender(context, parts, {
      packet: this.#packet,
      exit: this.#exit,
      drops: this.drops,
      payload: this.#payload,
      offload: this.#offload,
      tap: () => this.#tap(),
    });
  }

  /** What the last packet took on the wire, with FCS, preamble and gap, or would have taken. */
  get wireBytes(): number {
    return this.#packet.wireBytes;
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

  /** Drops a packet of more descriptors than one may have. */
  dropEndless(queue: number, fetch: DescriptorFetch): void {
    this.#packet.queue = queue;
    this.#packet.length = 0;
    this.#packet.fetchedBytes = fetch.bytes;
    this.#drop(dropReason.endless, fetch.count);
  }

  #send(ring: TransmitRing, fetch: DescriptorFetch, memory: GuestMemory): number {
    const packet = this.#packet;
    this.#latch(ring, fetch);
    const { segments } = packet;
    if (fetch.bytes > (segments ? MOST_GATHERED : LARGEST_FRAME)) return this.#drop(dropReason.oversize, fetch.bytes);
    // Segments take their payload from where it lies, unless somebody wants to see the packet whole.
    const direct = segments && this.#context.taps.watched === 0 && this.#payload.begin(fetch, memory);
    const gathered = gatherFrame(fetch, memory, 0, direct ? MOST_HEADERS : MOST_GATHERED);
    if (gathered < 0) return this.#drop(dropReason.unreadable, fetch.bytes);
    packet.frame = GATHERED_AT;
    // With or without IFCS: software's own FCS cannot be told from data, and QEMU's tests send packets that have none.
    packet.length = direct ? fetch.bytes : gathered;
    if (packet.length < MAC_BYTES) return this.#drop(dropReason.short, packet.length);
    if (!packet.context.stored && !packet.legacy) this.#traceContext();
    this.#insertTag();
    this.#payload.inserted = packet.tagBytes;
    const ways = this.#parts.sink.route(packet.queue, packet.frame, packet.length, packet.tagIsPools);
    if (ways === 0) return 0;
    packet.ways = ways;
    packet.direct = direct && (ways & (route.whole | route.pieces)) !== route.whole;
    if (direct && !packet.direct && gatherFrame(fetch, memory, MOST_HEADERS) < 0)
      return this.#drop(dropReason.unreadable, fetch.bytes);
    packet.stampDue = !segments && (packet.command & command.TSTAMP) !== 0 && !packet.legacy;
    if (segments) return this.#segmented.send(ring);
    if (packet.length > LARGEST_FRAME) return this.#drop(dropReason.oversize, packet.length);
    return this.#sendSingle();
  }

  #drop(reason: number, detail: number): 0 {
    return this.drops.drop(this.#packet, reason, detail);
  }

  /**
   * Commands and options come from the first data descriptor, those of legacy descriptors from the last (drivers of the
   * older chips set them there only). Context descriptors in between are stored.
   */
  #latch(ring: TransmitRing, fetch: DescriptorFetch): void {
    const packet = this.#packet;
    const { words, count } = fetch;
    const last = (count - 1) * 4;
    packet.queue = ring.queue;
    packet.wireBytes = 0;
    packet.length = 0;
    packet.fetchedBytes = fetch.bytes;
    packet.tagBytes = 0;
    packet.legacy = kindOf(words[2]!) === kinds.legacy;
    const from = packet.legacy ? last : 0;
    packet.command = words[from + 2]!;
    packet.options = words[from + 3]!;
    for (let at = 4; at < last; at += 4) {
      const word2 = words[at + 2]!;
      if (carriesData(word2) || kindOf(word2) !== kinds.context) continue;
      ring.contexts[slotOf(words[at + 3]!)]!.store(words[at]!, word2, words[at + 3]!);
    }
    packet.context = ring.contexts[slotOf(packet.options)]!;
  }

  #insertTag(): void {
    const packet = this.#packet;
    const { values } = this.#context.registers;
    const rule = tagRule(values, packet.queue);
    packet.tagIsPools = rule >= 0;
    let tag = rule;
    if (rule < 0) {
      if (rule === NEVER || (packet.command & command.VLE) === 0) return;
      tag = packet.legacy ? packet.options >>> 16 : packet.context.vlanTag;
    }
    packet.frame = insertTag(values, packet.frame, packet.length, tag);
    packet.length += TAG_BYTES;
    packet.tagBytes = TAG_BYTES;
  }

  /** Shows captures the packet as software gave it, with what is left to do; a tag is in. */
  #tap(): void {
    const { taps } = this.#context;
    if (taps.on[capturedAt.queues] === 0) return;
    const { queue, legacy, context, frame, length, tagBytes } = this.#packet;
    if (legacy) describeLegacy(this.#offload, this.#packet.command, this.#packet.options, tagBytes);
    else describeAdvanced(this.#offload, context, this.#packet.command, this.#packet.options, tagBytes, frame);
    taps.queue(1, queue, arena.bytes, frame, length, this.#offload);
  }

  #sendSingle(): number {
    const { queue, legacy, options, context, frame, length, end, l3, ways } = this.#packet;
    const sums = !legacy && (options & option.TXSM) !== 0;
    if (sums && !hasTransport(context.l4Type, context.ipLength, end - l3))
      return this.#drop(dropReason.offload, length);
    this.#tap();
    let offload: FrameOffload | undefined;
    if (legacy) this.#legacyChecksum();
    else {
      const l4 = l3 + context.ipLength;
      offload = this.#checksums.complete(options, context.l4Type, frame, l3, l4, end, ways);
      if ((options & option.IXSM) !== 0) this.#traceChecksum(0, l3, 0);
      if (sums) this.#traceChecksum(1, l4, offload === undefined ? 0 : 1);
    }
    this.#parts.sink.pools.begin(1);
    this.#exit.send(frame, length, offload, !legacy && this.#checksums.known);
    this.#parts.sink.pools.end(queue);
    return 1;
  }

  /** Positions outside the frame leave it as it is. */
  #legacyChecksum(): void {
    const { command: commands, options, frame, length, tagBytes } = this.#packet;
    if ((commands & command.IC) === 0) return;
    const start = ((options >>> 8) & 0xff) + tagBytes;
    const field = ((commands >>> 16) & 0xff) + tagBytes;
    fillLegacyChecksum(frame, length, start, field);
  }

  #traceContext(): void {
    const { trace, events } = this.#context;
    if (trace.on[events.igb_guest_error_tx_context] === 0) return;
    const { queue, command: commands, options } = this.#packet;
    const wants = (commands & (command.VLE | command.TSE)) | (options & (option.IXSM | option.TXSM));
    if (wants !== 0) trace.emit(events.igb_guest_error_tx_context, queue, slotOf(options));
  }

  #traceChecksum(kind: number, from: number, byWire: number): void {
    const { trace, events } = this.#context;
    if (trace.on[events.igb_tx_checksum] === 0) return;
    const { queue, frame } = this.#packet;
    trace.emit(events.igb_tx_checksum, queue, kind, from - frame, byWire);
  }
}
