/** The device thread's side of one capture: frames go into the ring. */
import { type GuestMapping, mapGuestMemory } from '../linux/index.ts';
import { arena, copyFromArena } from '../packet/index.ts';
import { ViewCache } from '../packet/views.ts';
import { place, type FrameOffload, type TakeFrame } from '../ports/index.ts';
import * as memory from './capture-memory.ts';
import type { CaptureMemory, Epoch } from './capture-memory.ts';
import { pointNames, points, PORT_POINTS } from './points.ts';

// As constants of the module: V8 folds them then, and does not through an import.
const {
  CAPACITY,
  HEADER,
  SKIP,
  field,
  NEEDS_CHECKSUM,
  SEGMENTATION_SHIFT,
  segmentations,
  WRITTEN,
  READ,
  BASE,
  INBOUND,
  OUTBOUND,
  FIGURES_BEFORE,
  entryBytes,
} = memory;

export class CaptureWriter {
  readonly memory: CaptureMemory;
  readonly #time: Float64Array;
  /** The ring: in the packet arena's memory, where there is room, so that a frame is copied like any other. */
  readonly #ring: GuestMapping;
  readonly #doubles: Float64Array;
  readonly #dwords: Uint32Array;
  readonly #counters: Int32Array;
  readonly #figures: Float64Array;
  /** Interface of each point, or -1. */
  readonly #interfaces: Int16Array;
  readonly #views: ViewCache;
  /** Bytes written since the ring was made, those that were not published yet included. */
  #written: number;
  #published: number;
  /** Value of `#written` at the ring's first byte. */
  #base: number;
  /** Bytes that the reading side may not have read yet. */
  #used: number;

  /** Times of frames count from `epoch`; `time` holds that of the frame at hand, since a double that is passed on is allocated. */
  constructor(memory: CaptureMemory, epoch: Epoch, time: Float64Array) {
    this.memory = memory;
    this.#time = time;
    this.#ring = mapGuestMemory(memory.dataFd, 0, CAPACITY, true);
    const { bytes, dwords } = this.#ring;
    this.#doubles = new Float64Array(bytes.buffer, bytes.byteOffset, CAPACITY / 8);
    this.#dwords = dwords;
    this.#counters = new Int32Array(memory.counters);
    this.#figures = new Float64Array(memory.figures);
    this.#figures[0] = epoch.seconds;
    this.#figures[1] = epoch.nanoseconds;
    this.#interfaces = new Int16Array(pointNames.length).fill(-1);
    for (const [index, point] of memory.points.entries()) this.#interfaces[point] = index;
    this.#views = new ViewCache();
    this.#written = this.#counters[WRITTEN]!;
    this.#published = this.#written;
    this.#base = this.#counters[BASE]!;
    this.#used = 0;
  }

  /** Keeps a frame once for each captured point that it passes; arguments as of FrameCapture. */
  readonly frame: TakeFrame = (at, reason, packet, bytes, offset, length, kept, offload) => {
    const { directions, withDrops, maxLength } = this.memory;
    if ((directions & ((at & place.outbound) !== 0 ? OUTBOUND : INBOUND)) === 0) return;
    if (reason >= 0 && !withDrops) return;
    const count = kept < maxLength ? kept : maxLength;
    const found = this.#interfaces;
    const first = (at & place.secondPort) === 0 ? 0 : PORT_POINTS;
    if ((at & place.wire) !== 0) {
      this.#keep(found[first + points.wire]!, at, reason, packet, bytes, offset, length, count, offload);
      return;
    }
    const queue = (at >>> place.queueShift) & place.queueMask;
    const fn = (at >>> place.functionShift) & place.functionMask;
    const pool = (at >>> place.poolShift) & place.poolMask;
    const queues = first + ((at & place.outbound) !== 0 ? points.tx : points.rx);
    for (let which = 0; which < 4; which += 1) {
      let index = -1;
      if (which === 0) index = fn === place.functionMask ? -1 : found[first + points.functions + fn]!;
      else if (which === 1) index = pool === place.poolMask ? -1 : found[first + points.pools + pool]!;
      else if (which === 2) index = queue === place.queueMask ? -1 : found[queues + queue]!;
      else index = reason < 0 ? -1 : found[first + points.drops]!;
      this.#keep(index, at, reason, packet, bytes, offset, length, count, offload);
    }
  };

  /** Gives the memory back. */
  close(): void {
    this.#ring.unmap();
  }

  /** `interfaceIndex` is -1 of a point that is not captured. */
  #keep(
    interfaceIndex: number,
    at: number,
    reason: number,
    packet: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    kept: number,
    offload: FrameOffload | undefined,
  ): void {
    if (interfaceIndex < 0) return;
    const figures = this.#figures;
    const seen = FIGURES_BEFORE + 2 * interfaceIndex;
    figures[seen]! += 1;
    const size = entryBytes(kept);
    const start = this.#reserve(size);
    if (start < 0) {
      figures[seen + 1]! += 1;
      return;
    }
    const dwords = this.#dwords;
    const entry = start >>> 2;
    this.#doubles[start >>> 3] = this.#time[0]!;
    this.#doubles[(start + field.packet) >>> 3] = packet;
    dwords[entry + field.length / 4] = length;
    dwords[entry + field.kept / 4] = kept;
    dwords[entry + field.interfaceAndReason / 4] = interfaceIndex | ((reason + 1) << 16);
    let flags = at;
    if (offload !== undefined) {
      if (offload.needsChecksum) flags |= NEEDS_CHECKSUM;
      flags |= segmentations.indexOf(offload.segmentation) << SEGMENTATION_SHIFT;
      dwords[entry + field.checksum / 4] = offload.checksumStart | (offload.checksumOffset << 16);
      dwords[entry + field.segment / 4] = offload.headerLength | (offload.segmentSize << 16);
    }
    dwords[entry + field.place / 4] = flags;
    if (bytes === arena.bytes) copyFromArena(this.#ring, start + HEADER, offset, kept);
    else if (kept > 0) this.#ring.bytes.set(this.#views.of(bytes, offset, kept), start + HEADER);
    this.#written = (this.#written + size) | 0;
  }

  /**
   * Shows the reading side what was kept. Not with each frame: it waits until all of them are in memory, which costs as much as
   * to keep one.
   */
  publish(): void {
    if (this.#written === this.#published) return;
    this.#published = this.#written;
    Atomics.store(this.#counters, WRITTEN, this.#written);
  }

  /** Where an entry of `size` bytes goes, which must follow at once; -1 where there is no room. */
  #reserve(size: number): number {
    if (this.#written === this.#published) this.#begin();
    const at = (this.#written - this.#base) & (CAPACITY - 1);
    // An entry does not wrap: what is left at the end is skipped, and says so.
    const skip = at + size > CAPACITY ? CAPACITY - at : 0;
    if (this.#used + skip + size > CAPACITY) {
      this.#look();
      if (this.#used + skip + size > CAPACITY) return -1;
    }
    this.#used += skip + size;
    if (skip === 0) return at;
    if (skip > field.length) this.#dwords[(at + field.length) >>> 2] = SKIP;
    this.#written = (this.#written + skip) | 0;
    return 0;
  }

  /** All that was kept is published. An empty ring begins anew: memory that was used just now is in the cache. */
  #begin(): void {
    this.#look();
    if (this.#used !== 0) return;
    this.#base = this.#written;
    Atomics.store(this.#counters, BASE, this.#base);
  }

  /** How far the reading side has come: it only comes further. */
  #look(): void {
    this.#used = (this.#written - Atomics.load(this.#counters, READ)) >>> 0;
  }
}
