/**
 * Captured frames in shared memory, from the device thread to the thread that writes the file. A full ring drops and
 * counts; it never waits.
 */
import { close, createMemfd, type GuestMapping, mapGuestMemory, mapShared, type Mapping } from '../linux/index.ts';
import { arena, copyFromArena } from '../packet/index.ts';
import { ViewCache } from '../packet/views.ts';
import { place, type FrameOffload, type TakeFrame } from '../ports/index.ts';
import { pointNames, points, PORT_POINTS } from './points.ts';

const CAPACITY = 1 << 25;
/** Bytes in front of each frame; see `field`. */
const HEADER = 40;
/** Entries start at multiples of this. */
const ALIGN = 8;
/** In place of a length: the rest of the ring is left out. */
const SKIP = 0xffffffff;
/** Dwords of an entry's header behind its time and packet number, which are doubles; offsets in bytes. */
const field = {
  time: 0,
  packet: 8,
  length: 16,
  kept: 20,
  /** Interface, and the reason of a drop plus one. */
  interfaceAndReason: 24,
  /** Place in bits 15:0; then whether a checksum is left to do, and the segmentation. */
  place: 28,
  /** Checksum's start and offset. */
  checksum: 32,
  /** Bytes of headers and of a segment. */
  segment: 36,
} as const;
const NEEDS_CHECKSUM = 1 << 16;
const SEGMENTATION_SHIFT = 20;
export const segmentations = ['none', 'tcp4', 'tcp6', 'udp'] as const;

/** Places in `counters`. */
const WRITTEN = 0;
const READ = 1;
const BASE = 2;

/** Which ways of frames a capture takes: bits. */
export const INBOUND = 1;
export const OUTBOUND = 2;

/** The memory that both sides share, and what a capture is of; safe to post to a worker. */
export interface CaptureMemory {
  readonly id: string;
  /**
   * Descriptor of a memfd with the entries, which each side maps: copies into and out of a SharedArrayBuffer take up to ten
   * times as long.
   */
  readonly dataFd: number;
  /** Written bytes, read bytes, and the written bytes at which the memory began anew (all modulo 2^32). */
  readonly counters: SharedArrayBuffer;
  /** Doubles: when the writer's time began, in whole seconds since 1970 and nanoseconds; then for each interface frames seen, and lost. */
  readonly figures: SharedArrayBuffer;
  readonly maxLength: number;
  /** Points by number; a frame's interface is a place in this list. */
  readonly points: readonly number[];
  readonly directions: number;
  /** Takes frames that are dropped, which a classic pcap file cannot tell from others. */
  readonly withDrops: boolean;
}

const FIGURES_BEFORE = 2;

export type CaptureOptions = Pick<CaptureMemory, 'id' | 'maxLength' | 'points' | 'directions' | 'withDrops'>;

export function makeCaptureMemory(options: CaptureOptions): CaptureMemory {
  return {
    ...options,
    dataFd: createMemfd(`capture ${options.id}`, CAPACITY),
    counters: new SharedArrayBuffer(12),
    figures: new SharedArrayBuffer(8 * (FIGURES_BEFORE + 2 * options.points.length)),
  };
}

/** Gives back what `makeCaptureMemory` took; mappings of it stay. */
export function releaseCaptureMemory({ dataFd }: CaptureMemory): void {
  close(dataFd);
}

function entryBytes(kept: number): number {
  return (HEADER + kept + ALIGN - 1) & -ALIGN;
}

/** Nanoseconds since 1970 in two parts, because one double cannot hold them. */
export interface Epoch {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** The device thread's side of one capture. */
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

/** A captured frame as the reading side hands it out; one object serves all. */
export interface CapturedFrame {
  interface: number;
  /** From the epoch on. */
  timeNs: number;
  /** Its number, or 0. */
  packet: number;
  /** Bits as `placeOf` makes them. */
  at: number;
  /** The trace event that says why it was dropped, or -1. */
  reason: number;
  /** Bytes that it has; `kept` of them were captured and lie at `start` in `bytes`, until the next frame is asked for. */
  length: number;
  kept: number;
  bytes: Uint8Array;
  start: number;
  /** Segmentation and checksum that were left to do. */
  needsChecksum: boolean;
  segmentation: (typeof segmentations)[number];
  headerLength: number;
  segmentSize: number;
}

/** The file writer's side. */
export class CaptureReader {
  readonly #counters: Int32Array;
  readonly #figures: Float64Array;
  readonly #mapping: Mapping;
  readonly #view: DataView;
  readonly #frame: CapturedFrame;
  #position: number;

  constructor(memory: CaptureMemory) {
    this.#counters = new Int32Array(memory.counters);
    this.#figures = new Float64Array(memory.figures);
    this.#mapping = mapShared(memory.dataFd, 0, CAPACITY, true);
    this.#view = new DataView(this.#mapping.buffer);
    this.#position = 0;
    this.#frame = {
      interface: 0,
      timeNs: 0,
      packet: 0,
      at: 0,
      reason: -1,
      length: 0,
      kept: 0,
      bytes: new Uint8Array(this.#mapping.buffer),
      start: 0,
      needsChecksum: false,
      segmentation: 'none',
      headerLength: 0,
      segmentSize: 0,
    };
  }

  /** The oldest frame that is left, whose predecessor's room is given back; undefined where there is none. */
  next(): CapturedFrame | undefined {
    const counters = this.#counters;
    Atomics.store(counters, READ, this.#position);
    for (;;) {
      if (Atomics.load(counters, WRITTEN) === this.#position) return undefined;
      const at = (this.#position - Atomics.load(counters, BASE)) & (CAPACITY - 1);
      const left = CAPACITY - at;
      const length = left <= field.length ? SKIP : this.#view.getUint32(at + field.length, true);
      if (length !== SKIP) return this.#take(at, length);
      this.#position = (this.#position + left) | 0;
      Atomics.store(counters, READ, this.#position);
    }
  }

  get epoch(): Epoch {
    return { seconds: this.#figures[0]!, nanoseconds: this.#figures[1]! };
  }

  /** Frames that passed an interface so far. */
  seen(interfaceIndex: number): number {
    return this.#figures[FIGURES_BEFORE + 2 * interfaceIndex]!;
  }

  /** Those of them that the ring had no room for. */
  lost(interfaceIndex: number): number {
    return this.#figures[FIGURES_BEFORE + 2 * interfaceIndex + 1]!;
  }

  /** Gives the memory back; `seen` and `lost` stay. */
  close(): void {
    this.#mapping.unmap();
  }

  #take(at: number, length: number): CapturedFrame {
    const frame = this.#frame;
    const view = this.#view;
    const kept = view.getUint32(at + field.kept, true);
    const interfaceAndReason = view.getUint32(at + field.interfaceAndReason, true);
    const flags = view.getUint32(at + field.place, true);
    const segment = view.getUint32(at + field.segment, true);
    frame.interface = interfaceAndReason & 0xffff;
    frame.reason = (interfaceAndReason >>> 16) - 1;
    frame.timeNs = view.getFloat64(at + field.time, true);
    frame.packet = view.getFloat64(at + field.packet, true);
    frame.at = flags & 0xffff;
    frame.length = length;
    frame.kept = kept;
    frame.start = at + HEADER;
    frame.needsChecksum = (flags & NEEDS_CHECKSUM) !== 0;
    frame.segmentation = segmentations[flags >>> SEGMENTATION_SHIFT]!;
    frame.headerLength = segment & 0xffff;
    frame.segmentSize = segment >>> 16;
    this.#position = (this.#position + entryBytes(kept)) | 0;
    return frame;
  }
}
