/**
 * Captured frames in shared memory, from the device thread (capture-writer.ts) to the thread that writes the file
 * (capture-reader.ts). A full ring drops and counts; it never waits.
 */
import { close, createMemfd } from '../linux/index.ts';

export const CAPACITY = 1 << 25;
/** Bytes in front of each frame; see `field`. */
export const HEADER = 40;
/** Entries start at multiples of this. */
const ALIGN = 8;
/** In place of a length: the rest of the ring is left out. */
export const SKIP = 0xffffffff;
/** Dwords of an entry's header behind its time and packet number, which are doubles; offsets in bytes. */
export const field = {
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
export const NEEDS_CHECKSUM = 1 << 16;
export const SEGMENTATION_SHIFT = 20;
export const segmentations = ['none', 'tcp4', 'tcp6', 'udp'] as const;

/** Places in `counters`. */
export const WRITTEN = 0;
export const READ = 1;
export const BASE = 2;

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

export const FIGURES_BEFORE = 2;

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

/** What an entry takes of the ring. */
export function entryBytes(kept: number): number {
  return (HEADER + kept + ALIGN - 1) & -ALIGN;
}

/** Nanoseconds since 1970 in two parts, because one double cannot hold them. */
export interface Epoch {
  readonly seconds: number;
  readonly nanoseconds: number;
}
