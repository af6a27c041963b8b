/**
 * The port's packet buffer: frames that some queue, not allowed to drop, had no descriptors for (§4.7). They keep their
 * order; while it holds any, the wire is told to wait, but not in the VMDq modes, where each queue has its own share.
 */
import { arena } from '../../../packet/arena.ts';
import { QUEUES } from '../context.ts';
import type { ReceivedFrame } from './frame.ts';
import type { ViewCache } from '../../../packet/views.ts';

/** Enough for one large frame that has been cut; silicon has 64 KB (RXPBS). */
const BUFFER_BYTES = 256 * 1024;
/** What one queue may hold where pools must not harm each other. */
const SHARE_BYTES = BUFFER_BYTES / QUEUES;
/** What a frame counts at least, so that many small ones are no more than a share either. */
const LEAST_COUNTED = 512;
/** As many of 64 bytes as fit into 64 KB, and those of one large frame. */
const MOST_FRAMES = 1024 + 64;
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
  private readonly starts: Uint32Array;
  private readonly lengths: Uint32Array;
  /** Pool of the sender plus one, KNOWN_GOOD and STAMPED. */
  private readonly origins: Uint8Array;
  /** Each frame's number in traces. */
  readonly packets: Uint32Array;
  /** Queues that each frame still has to go to, a bit each. */
  readonly queues: Uint16Array;
  /** Frames held, 0 to count - 1, oldest first; some may be done. */
  count: number;
  private used: number;
  /** Of the frames that some queue waits for: their bytes, and how many. */
  fill: number;
  private waiting: number;
  /** Bytes held for each queue. */
  private readonly held: Uint32Array;

  constructor(views: ViewCache) {
    this.at = arena.reserve(BUFFER_BYTES);
    this.views = views;
    this.starts = new Uint32Array(MOST_FRAMES);
    this.lengths = new Uint32Array(MOST_FRAMES);
    this.origins = new Uint8Array(MOST_FRAMES);
    this.packets = new Uint32Array(MOST_FRAMES);
    this.queues = new Uint16Array(MOST_FRAMES);
    this.count = 0;
    this.used = 0;
    this.fill = 0;
    this.waiting = 0;
    this.held = new Uint32Array(QUEUES);
  }

  /** Keeps a copy of a frame for `wanted`, with `shared` only for those of them whose share has room; returns for which. */
  push(frame: ReceivedFrame, packet: number, wanted: number, shared: boolean): number {
    const room = roomFor(frame.length);
    const queues = shared ? this.withShare(wanted, room) : wanted;
    if (queues === 0) return 0;
    if (!this.has(room)) {
      this.compact();
      if (!this.has(room)) return 0;
    }
    this.hold(queues, room);
    const { count } = this;
    const start = this.at + this.used;
    if (frame.bytes === arena.bytes) arena.bytes.copyWithin(start, frame.start, frame.start + frame.length);
    else arena.bytes.set(this.views.of(frame.bytes, frame.start, frame.length), start);
    this.starts[count] = start;
    this.lengths[count] = frame.length;
    this.origins[count] = (frame.sourcePool + 1) | (frame.knownGood ? KNOWN_GOOD : 0) | (frame.stamped ? STAMPED : 0);
    this.packets[count] = packet;
    this.queues[count] = queues;
    this.count = count + 1;
    this.used += room;
    this.fill += room;
    this.waiting += 1;
    return queues;
  }

  /** No frame more should come where the buffer is this large, but for the rest of one that is being cut. */
  isFull(sizeBytes: number): boolean {
    return this.fill >= sizeBytes || this.waiting >= MOST_FRAMES - 64;
  }

  /** Frame `index` waits for one of its queues no more. */
  release(index: number, queue: number): void {
    const room = roomFor(this.lengths[index]!);
    this.held[queue]! -= Math.max(room, LEAST_COUNTED);
    this.queues[index]! &= ~(1 << queue);
    if (this.queues[index] !== 0) return;
    this.fill -= room;
    this.waiting -= 1;
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
    for (let index = 0; index < this.count; index += 1) {
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
    this.count = kept;
    this.used = used;
  }

  /** Queues that some held frame waits for. */
  get waitedFor(): number {
    let queues = 0;
    for (let index = 0; index < this.count; index += 1) queues |= this.queues[index]!;
    return queues;
  }

  clear(): void {
    this.count = 0;
    this.used = 0;
    this.fill = 0;
    this.waiting = 0;
    this.held.fill(0);
  }

  private hold(queues: number, room: number): void {
    for (let rest = queues; rest !== 0; rest &= rest - 1) {
      this.held[31 - Math.clz32(rest & -rest)]! += Math.max(room, LEAST_COUNTED);
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
