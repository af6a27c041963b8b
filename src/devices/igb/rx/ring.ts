/** The rings of the receive queues as the guest programs them (03 §3.8): all state is in the registers. */
import { pf } from '../tables/index.ts';

// As constants of the module: V8 folds their fields then, and does not through an import (3 ns a test).
const { QDE, RCTL, RDBAH, RDBAL, RDH, RDLEN, RDT, RXDCTL, SRRCTL } = pf;

export const DESCRIPTOR_BYTES = 16;

/** Sizes of RCTL.BSIZE, and times 16 with BSEX. */
const LEGACY_SIZES = Uint16Array.of(2048, 1024, 512, 256);

/** Values of SRRCTL.DESCTYPE; 1 and the reserved ones are one buffer. */
export const DESCRIPTOR_LEGACY = 0;
export const DESCRIPTOR_SPLIT = 2;
export const DESCRIPTOR_REPLICATE = 3;
export const DESCRIPTOR_REPLICATE_LARGE = 4;
export const DESCRIPTOR_SPLIT_ALWAYS = 5;

export class ReceiveRings {
  private readonly values: Uint32Array;

  constructor(values: Uint32Array) {
    this.values = values;
  }

  isEnabled(queue: number): boolean {
    return (this.values[RXDCTL.index + queue * RXDCTL.step]! & RXDCTL.ENABLE.mask) !== 0;
  }

  /** Guest address of the first descriptor. */
  base(queue: number): number {
    const { values } = this;
    const low = values[RDBAL.index + queue * RDBAL.step]! & ~0xf;
    return values[RDBAH.index + queue * RDBAH.step]! * 0x1_0000_0000 + (low >>> 0);
  }

  /** Descriptors in the ring. */
  size(queue: number): number {
    return (this.values[RDLEN.index + queue * RDLEN.step]! & 0xfffff) >>> 4;
  }

  head(queue: number): number {
    return this.values[RDH.index + queue * RDH.step]! & 0xffff;
  }

  /** Descriptors that the guest has made available. Head or tail beyond the ring: none, as in QEMU. */
  free(queue: number): number {
    const size = this.size(queue);
    const head = this.head(queue);
    const tail = this.values[RDT.index + queue * RDT.step]! & 0xffff;
    if (head >= size || tail >= size) return 0;
    return tail >= head ? tail - head : tail - head + size;
  }

  /** Moves the head over `count` free descriptors; the ring is not empty then. */
  advance(queue: number, count: number): void {
    const next = this.head(queue) + count;
    const size = this.size(queue);
    this.values[RDH.index + queue * RDH.step] = next >= size ? next - size : next;
  }

  /** Bytes of a packet buffer: SRRCTL's KB, or else RCTL's size; at least 256. */
  bufferBytes(queue: number): number {
    const { values } = this;
    const kilobytes = values[SRRCTL.index + queue * SRRCTL.step]! & SRRCTL.BSIZEPACKET.mask;
    if (kilobytes !== 0) return kilobytes << 10;
    const rctl = values[RCTL.index]!;
    const code = (rctl & RCTL.BSIZE.mask) >>> RCTL.BSIZE.shift;
    const bytes = LEGACY_SIZES[code]!;
    // Code 0 with BSEX is reserved; it stays 2048.
    return (rctl & RCTL.BSEX.mask) === 0 || code === 0 ? bytes : bytes << 4;
  }

  /** Bytes of a header buffer, 0 to 960. */
  headerBytes(queue: number): number {
    const srrctl = this.values[SRRCTL.index + queue * SRRCTL.step]!;
    return ((srrctl & SRRCTL.BSIZEHEADER.mask) >>> SRRCTL.BSIZEHEADER.shift) << 6;
  }

  descriptorType(queue: number): number {
    const srrctl = this.values[SRRCTL.index + queue * SRRCTL.step]!;
    return (srrctl & SRRCTL.DESCTYPE.mask) >>> SRRCTL.DESCTYPE.shift;
  }

  /** Whether frames without a descriptor are dropped instead of waiting (SRRCTL.DROP_EN or QDE). */
  mayDrop(queue: number): boolean {
    const { values } = this;
    if ((values[SRRCTL.index + queue * SRRCTL.step]! & SRRCTL.DROP_EN.mask) !== 0) return true;
    return ((values[QDE.index]! >>> queue) & 1) !== 0;
  }

  /** Descriptors that are written back together (RXDCTL.WTHRESH); 0 and 1: each by itself. */
  writeBackThreshold(queue: number): number {
    return (this.values[RXDCTL.index + queue * RXDCTL.step]! & RXDCTL.WTHRESH.mask) >>> RXDCTL.WTHRESH.shift;
  }

  /** Free descriptors at which RXDMT0 is due. */
  threshold(queue: number): number {
    const srrctl = this.values[SRRCTL.index + queue * SRRCTL.step]!;
    return ((srrctl & SRRCTL.RDMTS.mask) >>> SRRCTL.RDMTS.shift) << 4;
  }
}
