/** One transmit queue: its registers as they are while its work runs, and the little that it remembers besides. */
import { pf } from '../tables/index.ts';
import { CONTEXT_SLOTS, OffloadContext } from './context.ts';
import { DESCRIPTOR_BYTES } from './descriptor.ts';

const TWO_32 = 2 ** 32;
/** WTHRESH has five bits. */
const MOST_HELD = 32;

export class TransmitRing {
  readonly queue: number;
  /** Guest address of descriptor 0. */
  base: number;
  /** In descriptors. */
  size: number;
  head: number;
  tail: number;
  /** Where the head is stored on a write-back; -1 where descriptors are written back themselves. */
  headAddress: number;
  /** The head is stored at the end of the interrupt's interval as well (SN_WB), whatever RS says. */
  headOnInterval: boolean;
  /** Descriptors that are written back together (WTHRESH); 0: each with RS by itself. */
  threshold: number;
  /** Descriptors that are done and not written back: how many, which, and their last dword as it will be. */
  held: number;
  readonly heldSlots: Uint16Array;
  readonly heldWords: Uint32Array;
  /** Descriptors are thrown away up to the next EOP: the packet that they belong to is too long. */
  discarding: boolean;
  /** Segments of the packet at the head that have gone already: one of many is sent in several turns. */
  segmentsSent: number;
  /** Number of that packet in traces. */
  packet: number;
  /** And the wire has it whole. */
  handedOver: boolean;
  readonly contexts: readonly OffloadContext[];

  constructor(queue: number) {
    this.queue = queue;
    this.base = 0;
    this.size = 0;
    this.head = 0;
    this.tail = 0;
    this.headAddress = -1;
    this.headOnInterval = false;
    this.threshold = 0;
    this.held = 0;
    this.heldSlots = new Uint16Array(MOST_HELD);
    this.heldWords = new Uint32Array(MOST_HELD);
    this.discarding = false;
    this.segmentsSent = 0;
    this.packet = 0;
    this.handedOver = false;
    this.contexts = Array.from({ length: CONTEXT_SLOTS }, () => new OffloadContext());
  }

  /** Takes over the queue's registers; false where they describe no ring or a head or tail beyond it (§3.10). */
  load(values: Uint32Array): boolean {
    const { queue } = this;
    const { TDBAL, TDBAH, TDLEN, TDH, TDT, TDWBAL, TDWBAH, TXDCTL } = pf;
    this.base = values[TDBAH.index + queue * TDBAH.step]! * TWO_32 + values[TDBAL.index + queue * TDBAL.step]!;
    this.size = values[TDLEN.index + queue * TDLEN.step]! >>> 4;
    this.head = values[TDH.index + queue * TDH.step]!;
    this.tail = values[TDT.index + queue * TDT.step]!;
    const writeBack = values[TDWBAL.index + queue * TDWBAL.step]!;
    this.threshold = (values[TXDCTL.index + queue * TXDCTL.step]! & TXDCTL.WTHRESH.mask) >>> TXDCTL.WTHRESH.shift;
    const storesHead = (writeBack & TDWBAL.HEAD_WB.mask) !== 0;
    this.headOnInterval = storesHead && (writeBack & TDWBAL.SN_WB.mask) !== 0;
    this.headAddress = !storesHead
      ? -1
      : values[TDWBAH.index + queue * TDWBAH.step]! * TWO_32 + ((writeBack & ~3) >>> 0);
    return this.head < this.size && this.tail < this.size;
  }

  /** A descriptor is done and waits to be written back; where the head is stored instead, only that something waits counts. */
  hold(slot: number, word: number): void {
    if (this.held === MOST_HELD) return;
    this.heldSlots[this.held] = slot;
    this.heldWords[this.held] = word;
    this.held += 1;
  }

  /** What is held may be written back at the end of an interval: not a head without SN_WB, which waits for WTHRESH. */
  get flushable(): boolean {
    return this.held > 0 && (this.headAddress < 0 || this.headOnInterval);
  }

  storeHead(values: Uint32Array): void {
    values[pf.TDH.index + this.queue * pf.TDH.step] = this.head;
  }

  addressOf(index: number): number {
    return this.base + index * DESCRIPTOR_BYTES;
  }

  /** Half a packet is forgotten, or a whole one is done. */
  packetOver(): void {
    this.segmentsSent = 0;
    this.handedOver = false;
  }

  reset(): void {
    this.held = 0;
    this.discarding = false;
    this.packetOver();
    for (const context of this.contexts) context.clear();
  }
}
