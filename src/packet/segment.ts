/**
 * Cuts a large TCP or UDP frame into segments: headers in front of each piece of payload, with lengths, IP identification,
 * sequence number, flags and checksums of its own. The transmit engine does TSO with it and the receive engine takes large
 * frames of a tap apart.
 */
import { arena } from './arena.ts';
import { copyAndSum, foldSum, scalarSum } from './checksum.ts';
import { PacketHeaders } from './headers.ts';
import { ipProtocols } from './protocols.ts';
import { pseudoHeaderSum } from './pseudo-header.ts';

const view = new DataView(arena.bytes.buffer);

/** Segments that are made in places of a sink before it is told. */
const PLACES = 16;

/** Takes segments one after another. */
export interface SegmentSink {
  /**
   * The bytes lie in the arena, with at least 64 spare ones behind the end. They are not to be changed (only those behind
   * the end may be) and are overwritten once this returns.
   */
  segment(bytes: Uint8Array, offset: number, length: number): void;
  /**
   * Of the next segments of `length` bytes, `most` at most: how many are to be made in `places`, which it fills, in the arena's memory.
   * Then `placed` follows instead of `segment`. 0, or no such method: the next one is made where the segmenter likes.
   */
  placesFor?(length: number, most: number, places: Int32Array): number;
  /**
   * `count` of them were made. `headers` is the place of headers that are theirs but for lengths, numbers, flags and checksums;
   * `identification` is that of the first one's IPv4 header, the others' are those behind it.
   */
  placed?(headers: number, length: number, count: number, identification: number): void;
}

/** Where the payload of a frame comes from whose headers alone lie in the arena. */
export interface PayloadSource {
  /** Copies `length` bytes of the frame from `position` on to `to` in the arena, and returns their folded sum. */
  copyAndSum(to: number, position: number, length: number): number;
}

/** How a large frame is laid out. Offsets are relative to the frame. */
export class SegmentLayout {
  l3Offset: number;
  /** Up to the transport header. In a tunnel this spans the inner headers too. */
  l3Length: number;
  l4Length: number;
  /** 6 or 17. */
  protocol: number;
  /** Payload bytes of each segment but the last. */
  segmentSize: number;
  /** Sum of addresses and protocol to use instead of the IP header's; -1: take them from there. */
  pseudoHeader: number;
  /** Masks of the 12 TCP flag bits in the first, a middle and the last segment; a single segment keeps its flags. */
  firstFlags: number;
  middleFlags: number;
  lastFlags: number;
  /** Which segment is the first that is made, of all that the frame has, and how many are made at most. */
  firstSegment: number;
  mostSegments: number;

  constructor() {
    this.l3Offset = 0;
    this.l3Length = 0;
    this.l4Length = 0;
    this.protocol = ipProtocols.tcp;
    this.segmentSize = 0;
    this.pseudoHeader = -1;
    this.firstFlags = DEFAULT_FIRST_FLAGS;
    this.middleFlags = DEFAULT_MIDDLE_FLAGS;
    this.lastFlags = DEFAULT_LAST_FLAGS;
    this.firstSegment = 0;
    this.mostSegments = MOST_SEGMENTS;
  }
}

/** Without FIN and PSH; without FIN, PSH and CWR; without CWR (RFC 3168 §6.1.2: CWR belongs on one segment only). */
export const DEFAULT_FIRST_FLAGS = 0xff6;
export const DEFAULT_MIDDLE_FLAGS = 0xf76;
export const DEFAULT_LAST_FLAGS = 0xf7f;

/** Largest segment, headers included, that can be cut. */
export const LARGEST_SEGMENT = 16384;
/** Room in the arena that a segmenter builds segments in. */
export const SEGMENTER_BYTES = LARGEST_SEGMENT + 64;
/** More segments of one frame are refused, so that a segment size of a few bytes cannot take the device's time. */
export const MOST_SEGMENTS = 4096;

/** The part of a FrameOffload that says how to segment. */
export interface SegmentationRequest {
  readonly segmentation: 'none' | 'tcp4' | 'tcp6' | 'udp';
  readonly segmentSize: number;
}

/** Segments that a frame of `length` bytes makes; 0 where the layout does not fit it or asks for too many. */
export function segmentCount(layout: SegmentLayout, length: number): number {
  const { l3Length, l4Length, segmentSize, protocol } = layout;
  const headerLength = layout.l3Offset + l3Length + l4Length;
  const least = protocol === ipProtocols.tcp ? 20 : 8;
  if (headerLength > length || l3Length < 20 || l4Length < least || (l4Length & 1) !== 0) return 0;
  if (segmentSize < 1 || headerLength + segmentSize > LARGEST_SEGMENT) return 0;
  const count = Math.max(1, Math.ceil((length - headerLength) / segmentSize));
  return count > MOST_SEGMENTS ? 0 : count;
}

export class Segmenter {
  /** Where segments are built; the headers stay here from one segment to the next. */
  readonly #at: number;
  readonly #headers: PacketHeaders;
  readonly #layout: SegmentLayout;
  /** Where the next segments are made. */
  readonly #places: Int32Array;
  /** Sums of what is the same in all segments. */
  #ipSum: number;
  #transportSum: number;
  #identification: number;
  #sequenceHigh: number;
  #sequenceLow: number;
  #flagsWord: number;

  /** `at` is the offset of SEGMENTER_BYTES in the arena; segmenters that are never at work together may share them. */
  constructor(at = arena.reserve(SEGMENTER_BYTES)) {
    this.#at = at;
    this.#headers = new PacketHeaders();
    this.#layout = new SegmentLayout();
    this.#places = new Int32Array(PLACES);
    this.#ipSum = 0;
    this.#transportSum = 0;
    this.#identification = 0;
    this.#sequenceHigh = 0;
    this.#sequenceLow = 0;
    this.#flagsWord = 0;
  }

  /**
   * Delivers the segments of the frame at bytes[offset, offset + length) to `sink`; returns how many, 0 where the layout
   * does not fit the frame. The frame itself is left as it is; it should lie in the arena. Not to be entered again from
   * `sink`: whoever segments in there needs a segmenter of its own. With a `payload` only the headers are taken from `bytes`.
   */
  segment(
    bytes: Uint8Array,
    offset: number,
    length: number,
    layout: SegmentLayout,
    sink: SegmentSink,
    payload?: PayloadSource,
  ): number {
    const count = segmentCount(layout, length);
    if (count === 0) return 0;
    const headerLength = layout.l3Offset + layout.l3Length + layout.l4Length;
    if (!this.#prepare(bytes, offset, headerLength, layout)) return 0;
    const { firstSegment, segmentSize } = layout;
    const end = Math.min(count, firstSegment + layout.mostSegments);
    const mayPlace = sink.placesFor !== undefined && (payload !== undefined || bytes === arena.bytes);
    const at = this.#at;
    const places = this.#places;
    for (let index = firstSegment; index < end;) {
      const from = headerLength + index * segmentSize;
      const size = Math.min(segmentSize, length - from);
      const segmentLength = headerLength + size;
      // The last one may be shorter.
      const alike = index === count - 1 ? 1 : Math.min(end, count - 1) - index;
      const run = mayPlace ? sink.placesFor!(segmentLength, Math.min(alike, PLACES), places) : 0;
      if (run === 0) {
        this.#make(at, layout, index, count, size, this.#copy(at + headerLength, bytes, offset, from, size, payload));
        sink.segment(arena.bytes, at, segmentLength);
        index += 1;
        continue;
      }
      for (let n = 0; n < run; n += 1) {
        const place = places[n]!;
        // What is different in each segment goes into the copy alone: vectors that read what was just stored in parts wait for it.
        arena.simd!.copy(place, at, headerLength);
        const sum = this.#copy(place + headerLength, bytes, offset, from + n * segmentSize, size, payload);
        this.#make(place, layout, index + n, count, size, sum);
      }
      sink.placed!(at, segmentLength, run, (this.#identification + index) & 0xffff);
      index += run;
    }
    return Math.max(0, end - firstSegment);
  }

  /** The same for a frame that somebody handed over with segmentation left to do; its headers say how it is laid out. */
  segmentOffloaded(
    bytes: Uint8Array,
    offset: number,
    length: number,
    request: SegmentationRequest,
    sink: SegmentSink,
  ): number {
    const headers = this.#headers;
    headers.parse(bytes, offset, length);
    const protocol = request.segmentation === 'udp' ? ipProtocols.udp : ipProtocols.tcp;
    if (request.segmentation === 'none' || headers.protocol !== protocol || headers.l4Length === 0) return 0;
    if (request.segmentation === 'tcp4' && headers.ipVersion !== 4) return 0;
    if (request.segmentation === 'tcp6' && headers.ipVersion !== 6) return 0;
    const layout = this.#layout;
    layout.l3Offset = headers.l3Offset;
    layout.l3Length = headers.l3Length;
    layout.l4Length = headers.l4Length;
    layout.protocol = protocol;
    layout.segmentSize = request.segmentSize;
    return this.segment(bytes, offset, length, layout, sink);
  }

  /** Copies the headers and sums what all segments share; false where there is no IP header. */
  #prepare(bytes: Uint8Array, offset: number, headerLength: number, layout: SegmentLayout): boolean {
    const target = arena.bytes;
    const at = this.#at;
    for (let n = 0; n < headerLength; n += 1) target[at + n] = bytes[offset + n]!;
    const l3 = at + layout.l3Offset;
    const l4 = l3 + layout.l3Length;
    const version = target[l3]! >>> 4;
    if (version !== 4 && (version !== 6 || layout.l3Length < 40)) return false;
    let pseudo = layout.pseudoHeader;
    if (pseudo < 0) pseudo = pseudoHeaderSum(target, l3, layout.l3Length, layout.protocol);
    if (pseudo < 0) return false;
    if (version === 4) {
      this.#identification = (target[l3 + 4]! << 8) | target[l3 + 5]!;
      const rest = ipv4HeaderLength(target, l3, layout.l3Length) - 12;
      this.#ipSum = scalarSum(target, l3 + 12, rest, scalarSum(target, l3 + 6, 4, scalarSum(target, l3, 2, 0)));
    }
    this.#transportSum = scalarSum(target, l4, 4, pseudo);
    if (layout.protocol === ipProtocols.tcp) {
      this.#sequenceHigh = (target[l4 + 4]! << 8) | target[l4 + 5]!;
      this.#sequenceLow = (target[l4 + 6]! << 8) | target[l4 + 7]!;
      this.#flagsWord = (target[l4 + 12]! << 8) | target[l4 + 13]!;
      this.#transportSum = scalarSum(target, l4 + 8, 4, this.#transportSum);
      this.#transportSum = scalarSum(target, l4 + 14, 2, this.#transportSum);
      this.#transportSum = scalarSum(target, l4 + 18, layout.l4Length - 18, this.#transportSum);
    } else {
      this.#transportSum = scalarSum(target, l4 + 8, layout.l4Length - 8, this.#transportSum);
    }
    this.#transportSum = foldSum(this.#transportSum);
    return true;
  }

  /** Copies payload of the frame from `position` on to `to`; returns its folded sum. */
  #copy(
    to: number,
    bytes: Uint8Array,
    offset: number,
    position: number,
    size: number,
    payload: PayloadSource | undefined,
  ): number {
    return payload === undefined
      ? copyAndSum(to, bytes, offset + position, size)
      : payload.copyAndSum(to, position, size);
  }

  /** Writes into the headers at `at` what is different in each segment. */
  #make(at: number, layout: SegmentLayout, index: number, count: number, size: number, sum: number): void {
    const l3 = at + layout.l3Offset;
    const l4 = l3 + layout.l3Length;
    this.#writeIp(l3, layout, index, size);
    if (layout.protocol === ipProtocols.tcp) this.#writeTcp(l4, layout, index, count, size, sum);
    else this.#writeUdp(l4, layout, size, sum);
  }

  #writeIp(l3: number, layout: SegmentLayout, index: number, size: number): void {
    const length = layout.l3Length + layout.l4Length + size;
    if (arena.bytes[this.#at + layout.l3Offset]! >>> 4 === 6) {
      put16(l3 + 4, length - 40);
      return;
    }
    const identification = (this.#identification + index) & 0xffff;
    put16(l3 + 2, length);
    put16(l3 + 4, identification);
    put16(l3 + 10, ~foldSum(this.#ipSum + length + identification));
  }

  #writeTcp(l4: number, layout: SegmentLayout, index: number, count: number, size: number, payloadSum: number): void {
    let mask = 0xfff;
    if (count > 1) {
      mask = layout.middleFlags;
      if (index === 0) mask = layout.firstFlags;
      else if (index === count - 1) mask = layout.lastFlags;
    }
    const flagsWord = this.#flagsWord & (0xf000 | mask);
    const low = this.#sequenceLow + index * layout.segmentSize;
    const sequenceLow = low & 0xffff;
    const sequenceHigh = (this.#sequenceHigh + (low >>> 16)) & 0xffff;
    const sum = this.#transportSum + sequenceHigh + sequenceLow + flagsWord + layout.l4Length + size + payloadSum;
    put16(l4 + 4, sequenceHigh);
    put16(l4 + 6, sequenceLow);
    put16(l4 + 12, flagsWord);
    put16(l4 + 16, ~foldSum(sum));
  }

  #writeUdp(l4: number, layout: SegmentLayout, size: number, payloadSum: number): void {
    const length = layout.l4Length + size;
    // The length counts twice: in the pseudo-header and in the header.
    const checksum = ~foldSum(this.#transportSum + length + length + payloadSum) & 0xffff;
    put16(l4 + 4, length);
    put16(l4 + 6, checksum === 0 ? 0xffff : checksum);
  }
}

/** What its own length field says, at least 20 and at most `most`. */
export function ipv4HeaderLength(bytes: Uint8Array, l3: number, most: number): number {
  return Math.max(20, Math.min((bytes[l3]! & 0xf) * 4, most));
}

/**
 * At a place in the arena's memory. One store: what reads the header next reads more than a byte at a time, and would have to wait for
 * two.
 */
function put16(at: number, value: number): void {
  view.setUint16(at >>> 0, value);
}
