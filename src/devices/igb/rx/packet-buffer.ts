/**
 * The port's packet buffer: frames that some queue, not allowed to drop, had no descriptors for (§4.7). They keep their
 * order; while it holds any, the wire is told to wait, but not in the VMDq modes, where each queue has its own share.
 */
import { arena } from '../../../packet/arena.ts';
import { copyInArena } from '../../../packet/copy.ts';
import { QUEUES } from '../context.ts';
import type { ReceivedFrame } from './frame.ts';
import type { ViewCache } from '../../../packet/views.ts';

/** Enough for one large frame that has been cut; silicon has 64 KB (RXPBS). */
const BUFFER_BYTES = 256 * 1024;
/** What one queue may hold where pools must not harm each other. */
const SHARE_BYTES = BUFFER_BYTES / QUEUES;
/** What a frame counts at least, so that many small ones are no more than a share either. */
const LEAST_COUNTED = 512;
/** As many of 64 bytes as fit into 64 KB may wait. */
const MOST_WAITING = 1024;
/** Those, as many that are done, and those of one large frame. */
const MOST_FRAMES = 2 * MOST_WAITING + 64;
const ALIGNMENT = 63;
/** The frame's checksums are known to be right. */
const KNOWN_GOOD = 0x80;
/** The frame was time stamped. */
const STAMPED = 0x40;
const SENDER = 0x3f;

/** Bytes that a frame takes; the spare ones let an FCS be appended in place. */
function roomFor(length: number): number {
  return (length + 4 + ALIGNMENT) & ~ALIGNMENT;
}

export class PacketBuffer {
  private readonly at: number;
  private readonly views: ViewCache;
  /** By frame: where it is in the arena, and its length. */
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  /** Pool of the sender plus one, KNOWN_GOOD and STAMPED. */
  private readonly origins: Uint8Array;
  /** Each frame's number in traces. */
  readonly packets: Uint32Array;
  /** Queues that each frame still has to go to, a bit each. */
  readonly queues: Uint16Array;
  /** Frames held, `first` to count - 1, oldest first; some may be done, but not the first. */
  first: number;
  count: number;
  /** Queues that some held frame waits for, a bit each. */
  waitedFor: number;
  private used: number;
  /** Of the frames that some queue waits for: their bytes, and how many. */
  fill: number;
  private waiting: number;
  /** Bytes held for each queue, and frames. */
  private readonly held: Uint32Array;
  private readonly frames: Uint16Array;

  constructor(views: ViewCache) {
    this.at = arena.reserve(BUFFER_BYTES);
    this.views = views;
    this.starts = new Int32Array(MOST_FRAMES);
    this.lengths = new Int32Array(MOST_FRAMES);
    this.origins = new Uint8Array(MOST_FRAMES);
    this.packets = new Uint32Array(MOST_FRAMES);
    this.queues = new Uint16Array(MOST_FRAMES);
    this.first = 0;
    this.count = 0;
    this.waitedFor = 0;
    this.used = 0;
    this.fill = 0;
    this.waiting = 0;
    this.held = new Uint32Array(QUEUES);
    this.frames = new Uint16Array(QUEUES);
  }

  /** Keeps a copy of a frame for `wanted`, with `shared` only for those of them whose share has room; returns for which. */
  push(frame: ReceivedFrame, packet: number, wanted: number, shared: boolean): number {
    const { length } = frame;
    const queues = this.makeRoom(length, wanted, shared);
    if (queues === 0) return 0;
    const start = this.at + this.used;
    if (frame.bytes === arena.bytes) copyInArena(start, frame.start, length);
    else arena.bytes.set(this.views.of(frame.bytes, frame.start, length), start);
    const known = frame.knownGood ? KNOWN_GOOD : 0;
    this.append(length, (frame.sourcePool + 1) | known | (frame.stamped ? STAMPED : 0), packet, queues);
    return queues;
  }

  /** `push` for a frame from the wire at `at` in the arena, without a stamp and for one queue; false where there is no room. */
  pushPlain(at: number, length: number, knownGood: boolean, packet: number, wanted: number, shared: boolean): boolean {
    if (this.makeRoom(length, wanted, shared) === 0) return false;
    copyInArena(this.at + this.used, at, length);
    this.append(length, knownGood ? KNOWN_GOOD : 0, packet, wanted);
    return true;
  }

  /** No frame more should come where the buffer is this large, but for the rest of one that is being cut. */
  isFull(sizeBytes: number): boolean {
    return this.fill >= sizeBytes || this.waiting >= MOST_WAITING;
  }

  /** Frame `index` waits for one of its queues no more. */
  release(index: number, queue: number): void {
    const room = roomFor(this.lengths[index]!);
    this.held[queue]! -= Math.max(room, LEAST_COUNTED);
    this.frames[queue]! -= 1;
    if (this.frames[queue] === 0) this.waitedFor &= ~(1 << queue);
    this.queues[index]! &= ~(1 << queue);
    if (this.queues[index] !== 0) return;
    this.fill -= room;
    this.waiting -= 1;
    while (this.first < this.count && this.queues[this.first] === 0) this.first += 1;
  }

  /**
   * Where those frames end that begin with `index`, `most` at most, came from the wire without a stamp, and wait for `queues` and no
   * others; whether their checksums are known is the same for all of them.
   */
  endOfPlain(index: number, queues: number, most: number): number {
    const origin = this.origins[index]!;
    if ((origin & ~KNOWN_GOOD) !== 0) return index;
    const last = Math.min(this.count, index + most);
    let end = index;
    while (end < last && this.queues[end] === queues && this.origins[end] === origin) end += 1;
    return end;
  }

  /** The transport checksum of frame `index` is known to be right. */
  isKnownGood(index: number): boolean {
    return (this.origins[index]! & KNOWN_GOOD) !== 0;
  }

  /** Makes `frame` the held frame `index`. */
  restore(index: number, frame: ReceivedFrame): void {
    frame.take(arena.bytes, this.starts[index]!, this.lengths[index]!);
    frame.hasSpare = true;
    const origin = this.origins[index]!;
    frame.knownGood = (origin & KNOWN_GOOD) !== 0;
    frame.stamped = (origin & STAMPED) !== 0;
    frame.sourcePool = (origin & SENDER) - 1;
  }

  /** Forgets the frames that have no queue left, and moves the others together. */
  compact(): void {
    let kept = 0;
    let used = 0;
    for (let { first: index } = this; index < this.count; index += 1) {
      if (this.queues[index] === 0) continue;
      const from = this.starts[index]!;
      const length = this.lengths[index]!;
      const start = this.at + used;
      if (start !== from) arena.bytes.copyWithin(start, from, from + length);
      this.starts[kept] = start;
      this.lengths[kept] = length;
      this.origins[kept] = this.origins[index]!;
      this.packets[kept] = this.packets[index]!;
      this.queues[kept] = this.queues[index]!;
      kept += 1;
      used += roomFor(length);
    }
    this.first = 0;
    this.count = kept;
    this.used = used;
  }

  clear(): void {
    this.first = 0;
    this.count = 0;
    this.waitedFor = 0;
    this.used = 0;
    this.fill = 0;
    this.waiting = 0;
    this.held.fill(0);
    this.frames.fill(0);
  }

  /** Queues of `wanted` that a frame may be kept for, 0 for none; there is room for it then. */
  private makeRoom(length: number, wanted: number, shared: boolean): number {
    const room = roomFor(length);
    const queues = shared ? this.withShare(wanted, room) : wanted;
    if (queues === 0 || this.has(room)) return queues;
    this.compact();
    return this.has(room) ? queues : 0;
  }

  /** The frame was copied to behind the last one. */
  private append(length: number, origin: number, packet: number, queues: number): void {
    const { count } = this;
    const room = roomFor(length);
    this.hold(queues, room);
    this.starts[count] = this.at + this.used;
    this.lengths[count] = length;
    this.origins[count] = origin;
    this.packets[count] = packet;
    this.queues[count] = queues;
    this.count = count + 1;
    this.used += room;
    this.fill += room;
    this.waiting += 1;
  }

  private hold(queues: number, room: number): void {
    this.waitedFor |= queues;
    for (let rest = queues; rest !== 0; rest &= rest - 1) {
      const queue = 31 - Math.clz32(rest & -rest);
      this.held[queue]! += Math.max(room, LEAST_COUNTED);
      this.frames[queue]! += 1;
    }
  }

  private withShare(queues: number, room: number): number {
    let allowed = 0;
    for (let rest = queues; rest !== 0; rest &= rest - 1) {
      const bit = rest & -rest;
      if (this.held[31 - Math.clz32(bit)]! + Math.max(room, LEAST_COUNTED) <= SHARE_BYTES) allowed |= bit;
    }
    return allowed;
  }

  private has(room: number): boolean {
    return this.count < MOST_FRAMES && this.used + room <= BUFFER_BYTES;
  }
}
