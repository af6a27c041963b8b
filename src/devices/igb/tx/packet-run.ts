/**
 * The ordinary packets at the head of a ring, taken note of together, so that the reads of all their headers are under way at once:
 * advanced descriptors with buffers in the arena's reach; whether a tag and checksums are wanted or not. Context descriptors between
 * packets are stored.
 */
import { arena } from '../../../packet/index.ts';
import type { GuestMemory } from '../../../ports/index.ts';
import { TAG_BYTES, UNTAGGED } from '../rx/vlan.ts';
import { hasTransport } from './checksums.ts';
import { slotOf } from './context.ts';
import { command, l4Type, option } from './descriptor.ts';
import type { TransmitRing } from './ring.ts';
import { LARGEST_FRAME, SHORTEST_PADDED } from './sizes.ts';
import { AS_ASKED } from './tags.ts';

const { dwords, simd } = arena;

/** Descriptors of a run. */
const MOST = 64;
const NO_PLACE = -1;
const TWO_32 = 2 ** 32;
/** What is looked at of dword 2, and how it reads on the last descriptor of an ordinary packet, on others, and on a context descriptor. */
const KIND = command.TSE | command.DEXT | command.EOP | command.TSTAMP | (0xf << 20);
const LAST = command.DEXT | command.EOP | (3 << 20);
const PART = command.DEXT | (3 << 20);
const TYPE = command.DEXT | (0xf << 20);
const CONTEXT = command.DEXT | (2 << 20);
const CHECKSUMS = option.IXSM | option.TXSM;

export class PacketRun {
  packets: number;
  /** Those of the packets, and contexts between them. */
  descriptors: number;
  /** By packet: its bytes in the guest, and where they lie in the arena's memory, or those of its first descriptor. */
  readonly lengths: Uint16Array;
  readonly places: Int32Array;
  /** How many descriptors it has behind the first one. */
  readonly laters: Uint8Array;
  /** Places and lengths of those, packet after packet, and which is the first one of each. */
  private readonly laterPlaces: Int32Array;
  private readonly laterLengths: Uint16Array;
  private readonly laterFirsts: Uint8Array;
  /** How many of those there are, and the bytes of those noted last. */
  private later: number;
  private laterBytes: number;
  /** Whether it is a multicast. */
  readonly groups: Uint8Array;
  /** The tag that it gets, or UNTAGGED. */
  readonly tags: Int32Array;
  /** Checksums that it gets, as bits of `option`; where any, also its `l4Type`, and bytes in front of its headers, the tag included. */
  readonly checksums: Uint16Array;
  readonly l4Types: Uint8Array;
  readonly l3Offsets: Uint16Array;
  readonly l4Offsets: Uint16Array;

  /** How the packets of the queue at hand are read: one of `tagRule`; the least that is not padded, or is; no work is done on any. */
  rule: number;
  shortest: number;
  plainOnly: boolean;

  constructor() {
    this.packets = 0;
    this.descriptors = 0;
    this.lengths = new Uint16Array(MOST);
    this.places = new Int32Array(MOST);
    this.laters = new Uint8Array(MOST);
    this.laterPlaces = new Int32Array(MOST);
    this.laterLengths = new Uint16Array(MOST);
    this.laterFirsts = new Uint8Array(MOST);
    this.later = 0;
    this.laterBytes = 0;
    this.groups = new Uint8Array(MOST);
    this.tags = new Int32Array(MOST);
    this.checksums = new Uint16Array(MOST);
    this.l4Types = new Uint8Array(MOST);
    this.l3Offsets = new Uint16Array(MOST);
    this.l4Offsets = new Uint16Array(MOST);
    this.rule = AS_ASKED;
    this.shortest = SHORTEST_PADDED;
    this.plainOnly = false;
  }

  /**
   * Takes note of packets from the ring's head on, up to the first one that is not ordinary and to `limit` descriptors; `first` is
   * the dword of descriptor 0.
   */
  scan(ring: TransmitRing, memory: GuestMemory, first: number, limit: number): void {
    const { lengths, places, laters, groups, shortest } = this;
    const most = limit < MOST ? limit : MOST;
    let index = ring.head;
    let count = 0;
    let descriptors = 0;
    this.later = 0;
    while (descriptors < most && index !== ring.tail) {
      const at = first + index * 4;
      const word2 = dwords[at + 2]! | 0;
      const word3 = dwords[at + 3]!;
      const kind = word2 & KIND;
      index = index + 1 === ring.size ? 0 : index + 1;
      if (kind !== LAST && kind !== PART) {
        if ((word2 & TYPE) !== CONTEXT) break;
        ring.contexts[slotOf(word3)]!.store(dwords[at]!, word2, word3);
        descriptors += 1;
        continue;
      }
      const part = word2 & command.LENGTH;
      const later = kind === LAST ? 0 : this.noteLater(ring, memory, first, index, most - descriptors - 1);
      const length = later === 0 ? part : part + this.laterBytes;
      if (later < 0 || part === 0 || length < shortest || length > LARGEST_FRAME) break;
      if (!this.noteWork(ring, count, length, word2, word3)) break;
      const place = memory.placeForReading(dwords[at + 1]! * TWO_32 + dwords[at]!, part);
      if (place === NO_PLACE) break;
      lengths[count] = length;
      places[count] = place;
      laters[count] = later;
      if (later !== 0) {
        this.laterFirsts[count] = this.later;
        this.later += later;
        index = (index + later) % ring.size;
      }
      descriptors += 1 + later;
      // The first look at the frame, long before anybody needs it: the bit that makes it a multicast.
      groups[count] = (dwords[place >>> 2]! >>> ((place & 3) * 8)) & 1;
      count += 1;
    }
    this.packets = count;
    this.descriptors = descriptors;
  }

  /** The end of the packets up to `end` that lie in one piece, and on which the same is to be done as on packet `n`: no tag inserted. */
  likeEnd(n: number, end: number): number {
    const { laters, tags, checksums, l4Types, l3Offsets, l4Offsets } = this;
    let next = n + 1;
    while (next < end && laters[next] === 0 && tags[next] === UNTAGGED && checksums[next] === checksums[n]) {
      const same =
        checksums[n] === 0 ||
        (l4Types[next] === l4Types[n] && l3Offsets[next] === l3Offsets[n] && l4Offsets[next] === l4Offsets[n]);
      if (!same) break;
      next += 1;
    }
    return next;
  }

  /** Brings the bytes of a packet of several descriptors together at `to` in the arena. */
  gather(n: number, to: number): void {
    const { laters, laterFirsts, laterPlaces, laterLengths } = this;
    const first = laterFirsts[n]!;
    const end = first + laters[n]!;
    let part = this.lengths[n]!;
    for (let at = first; at < end; at += 1) part -= laterLengths[at]!;
    simd!.copy(to, this.places[n]!, part);
    let position = to + part;
    for (let at = first; at < end; at += 1) {
      simd!.copy(position, laterPlaces[at]!, laterLengths[at]!);
      position += laterLengths[at]!;
    }
  }

  /**
   * Takes note of the descriptors of a packet from `index` on, behind its first one; returns how many they are, or -1 where one is not
   * ordinary, or the last one is not among the next `room`.
   */
  private noteLater(ring: TransmitRing, memory: GuestMemory, first: number, index: number, room: number): number {
    const { laterPlaces, laterLengths } = this;
    let slot = index;
    let bytes = 0;
    for (let n = 0; n < room && slot !== ring.tail; n += 1) {
      const at = first + slot * 4;
      const word2 = dwords[at + 2]! | 0;
      const kind = word2 & KIND;
      const length = word2 & command.LENGTH;
      if ((kind !== LAST && kind !== PART) || length === 0) return -1;
      const place = memory.placeForReading(dwords[at + 1]! * TWO_32 + dwords[at]!, length);
      if (place === NO_PLACE) return -1;
      laterPlaces[this.later + n] = place;
      laterLengths[this.later + n] = length;
      bytes += length;
      this.laterBytes = bytes;
      if (kind === LAST) return n + 1;
      slot = slot + 1 === ring.size ? 0 : slot + 1;
    }
    return -1;
  }

  /** What is to be done on the next packet; false where it is not ordinary. */
  private noteWork(ring: TransmitRing, n: number, length: number, word2: number, word3: number): boolean {
    const { rule } = this;
    const checksums = word3 & CHECKSUMS;
    this.checksums[n] = checksums;
    this.tags[n] = rule < 0 ? UNTAGGED : rule;
    if (((word2 & command.VLE) | checksums) === 0 && rule < 0) return true;
    if (this.plainOnly) return false;
    const { macLength, ipLength, l4Type: type, vlanTag } = ring.contexts[slotOf(word3)]!;
    if (rule === AS_ASKED && (word2 & command.VLE) !== 0) this.tags[n] = vlanTag;
    const tagBytes = this.tags[n] === UNTAGGED ? 0 : TAG_BYTES;
    if (length + tagBytes > LARGEST_FRAME) return false;
    if ((checksums & option.TXSM) !== 0 && (type > l4Type.TCP || !hasTransport(type, ipLength, length - macLength)))
      return false;
    this.l4Types[n] = type;
    this.l3Offsets[n] = macLength + tagBytes;
    this.l4Offsets[n] = macLength + tagBytes + ipLength;
    return true;
  }
}
