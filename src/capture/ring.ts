/**
 * Captured frames in shared memory, from the device thread to the thread that writes the file. A full ring drops and
 * counts; it never waits.
 */
import { ViewCache } from '../packet/views.ts';
import { place, type FrameOffload } from '../ports/index.ts';
import { points } from './points.ts';

const CAPACITY = 1 << 25;
/** Bytes in front of each frame; see `field`. */
const HEADER = 40;
/** Entries start at multiples of this, and bytes lie as they did modulo it: copies are then made word by word. */
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
  /** Place in bits 14:0; then whether a checksum is left to do, and the segmentation. */
  place: 28,
  /** Checksum's start and offset. */
  checksum: 32,
  /** Bytes of headers and of a segment. */
  segment: 36,
} as const;
const NEEDS_CHECKSUM = 1 << 16;
const SEGMENTATION_SHIFT = 20;
export const segmentations = ['none', 'tcp4', 'tcp6', 'udp'] as const;

/** Which ways of frames a capture takes: bits. */
export const INBOUND = 1;
export const OUTBOUND = 2;

/** The memory that both sides share, and what a capture is of; safe to post to a worker. */
export interface CaptureMemory {
  readonly id: string;
  readonly data: SharedArrayBuffer;
  /** Written bytes, read bytes (both modulo 2^32). */
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
    data: new SharedArrayBuffer(CAPACITY),
    counters: new SharedArrayBuffer(8),
    figures: new SharedArrayBuffer(8 * (FIGURES_BEFORE + 2 * options.points.length)),
  };
}

function entryBytes(pad: number, kept: number): number {
  return (HEADER + pad + kept + ALIGN - 1) & -ALIGN;
}

/** Nanoseconds since 1970 in two parts, because one double cannot hold them. */
export interface Epoch {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** The device thread's side of one capture. */
export class CaptureWriter {
  readonly memory: CaptureMemory;
  readonly #bytes: Uint8Array;
  readonly #doubles: Float64Array;
  readonly #dwords: Uint32Array;
  readonly #counters: Int32Array;
  readonly #figures: Float64Array;
  /** Interface of each point, or -1. */
  readonly #interfaces: Int16Array;
  readonly #views: ViewCache;

  /** Times of frames count from `epoch`. */
  constructor(memory: CaptureMemory, epoch: Epoch) {
    this.memory = memory;
    this.#bytes = new Uint8Array(memory.data);
    this.#doubles = new Float64Array(memory.data);
    this.#dwords = new Uint32Array(memory.data);
    this.#counters = new Int32Array(memory.counters);
    this.#figures = new Float64Array(memory.figures);
    this.#figures[0] = epoch.seconds;
    this.#figures[1] = epoch.nanoseconds;
    this.#interfaces = new Int16Array(64).fill(-1);
    for (const [index, point] of memory.points.entries()) this.#interfaces[point] = index;
    this.#views = new ViewCache();
  }

  /** Keeps a frame once for each captured point that it passes; arguments as of FrameCapture, and the time. */
  frame(
    timeNs: number,
    at: number,
    reason: number,
    packet: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    kept: number,
    offload: FrameOffload | undefined,
  ): void {
    const { directions, withDrops, maxLength } = this.memory;
    if ((directions & ((at & place.outbound) !== 0 ? OUTBOUND : INBOUND)) === 0) return;
    if (reason >= 0 && !withDrops) return;
    const count = Math.min(kept, maxLength);
    const queue = (at >>> place.queueShift) & place.queueMask;
    const fn = (at >>> place.functionShift) & place.functionMask;
    const pool = (at >>> place.poolShift) & place.poolMask;
    const queues = (at & place.outbound) !== 0 ? points.tx : points.rx;
    const found = this.#interfaces;
    for (let which = 0; which < 5; which += 1) {
      let point = -1;
      if (which === 0) point = (at & place.wire) !== 0 ? points.wire : -1;
      else if (which === 1) point = fn === place.functionMask ? -1 : points.functions + fn;
      else if (which === 2) point = pool === place.poolMask ? -1 : points.pools + pool;
      else if (which === 3) point = queue === place.queueMask ? -1 : queues + queue;
      else point = reason < 0 ? -1 : points.drops;
      if (point < 0 || found[point]! < 0) continue;
      this.#keep(found[point]!, timeNs, at, reason, packet, bytes, offset, length, count, offload);
    }
  }

  #keep(
    interfaceIndex: number,
    timeNs: number,
    at: number,
    reason: number,
    packet: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    kept: number,
    offload: FrameOffload | undefined,
  ): void {
    const figures = this.#figures;
    const seen = FIGURES_BEFORE + 2 * interfaceIndex;
    figures[seen]! += 1;
    const pad = (bytes.byteOffset + offset) & (ALIGN - 1);
    const start = this.#reserve(entryBytes(pad, kept));
    if (start < 0) {
      figures[seen + 1]! += 1;
      return;
    }
    const dwords = this.#dwords;
    const entry = start >>> 2;
    this.#doubles[start >>> 3] = timeNs;
    this.#doubles[(start + field.packet) >>> 3] = packet;
    dwords[entry + field.length / 4] = length;
    dwords[entry + field.kept / 4] = kept | (pad << 24);
    dwords[entry + field.interfaceAndReason / 4] = interfaceIndex | ((reason + 1) << 16);
    let flags = at;
    if (offload !== undefined) {
      if (offload.needsChecksum) flags |= NEEDS_CHECKSUM;
      flags |= segmentations.indexOf(offload.segmentation) << SEGMENTATION_SHIFT;
      dwords[entry + field.checksum / 4] = offload.checksumStart | (offload.checksumOffset << 16);
      dwords[entry + field.segment / 4] = offload.headerLength | (offload.segmentSize << 16);
    }
    dwords[entry + field.place / 4] = flags;
    if (kept > 0) this.#bytes.set(this.#views.of(bytes, offset, kept), start + HEADER + pad);
    const size = entryBytes(pad, kept);
    Atomics.store(this.#counters, 0, (this.#counters[0]! + size) | 0);
  }

  /** Where an entry of `size` bytes goes, which must follow at once; -1 where there is no room. */
  #reserve(size: number): number {
    const counters = this.#counters;
    const written = counters[0]! >>> 0;
    const at = written & (CAPACITY - 1);
    // An entry does not wrap: what is left at the end is skipped, and says so.
    const skip = at + size > CAPACITY ? CAPACITY - at : 0;
    const used = (written - (Atomics.load(counters, 1) >>> 0)) >>> 0;
    if (used + skip + size > CAPACITY) return -1;
    if (skip === 0) return at;
    if (skip > field.length) this.#dwords[(at + field.length) >>> 2] = SKIP;
    Atomics.store(counters, 0, (written + skip) | 0);
    return 0;
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
  readonly #view: DataView;
  readonly #frame: CapturedFrame;
  #position: number;

  constructor(memory: CaptureMemory) {
    this.#counters = new Int32Array(memory.counters);
    this.#figures = new Float64Array(memory.figures);
    this.#view = new DataView(memory.data);
    this.#position = 0;
    this.#frame = {
      interface: 0,
      timeNs: 0,
      packet: 0,
      at: 0,
      reason: -1,
      length: 0,
      kept: 0,
      bytes: new Uint8Array(memory.data),
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
    Atomics.store(counters, 1, this.#position);
    for (;;) {
      if (Atomics.load(counters, 0) === this.#position) return undefined;
      const at = (this.#position >>> 0) & (CAPACITY - 1);
      const left = CAPACITY - at;
      const length = left <= field.length ? SKIP : this.#view.getUint32(at + field.length, true);
      if (length !== SKIP) return this.#take(at, length);
      this.#position = (this.#position + left) | 0;
      Atomics.store(counters, 1, this.#position);
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

  #take(at: number, length: number): CapturedFrame {
    const frame = this.#frame;
    const view = this.#view;
    const kept = view.getUint32(at + field.kept, true);
    const interfaceAndReason = view.getUint32(at + field.interfaceAndReason, true);
    const flags = view.getUint32(at + field.place, true);
    const segment = view.getUint32(at + field.segment, true);
    const pad = kept >>> 24;
    frame.interface = interfaceAndReason & 0xffff;
    frame.reason = (interfaceAndReason >>> 16) - 1;
    frame.timeNs = view.getFloat64(at + field.time, true);
    frame.packet = view.getFloat64(at + field.packet, true);
    frame.at = flags & 0xffff;
    frame.length = length;
    frame.kept = kept & 0xffffff;
    frame.start = at + HEADER + pad;
    frame.needsChecksum = (flags & NEEDS_CHECKSUM) !== 0;
    frame.segmentation = segmentations[flags >>> SEGMENTATION_SHIFT]!;
    frame.headerLength = segment & 0xffff;
    frame.segmentSize = segment >>> 16;
    this.#position = (this.#position + entryBytes(pad, frame.kept)) | 0;
    return frame;
  }
}
