/**
 * The port's packet buffer: frames that some queue, not allowed to drop, had no descriptors for (§4.7). They keep their
 * order; while it holds any, the wire is told to wait.
 */
import { arena } from '../../../packet/arena.ts';
import type { ReceivedFrame } from './frame.ts';
import type { ViewCache } from './views.ts';

/** Enough for one large frame that has been cut; silicon has 64 KB (RXPBS). */
const BUFFER_BYTES = 128 * 1024;
const MOST_FRAMES = 512;
const ALIGNMENT = 63;

export class PacketBuffer {
  private readonly at: number;
  private readonly views: ViewCache;
  private readonly starts: Uint32Array;
  private readonly lengths: Uint32Array;
  /** Pool of the sender plus one; bit 7 says that checksums are known to be right. */
  private readonly origins: Uint8Array;
  /** Queues that each frame still has to go to, a bit each. */
  readonly queues: Uint16Array;
  /** Frames held, among them some done already; they are 0 to count - 1, oldest first. */
  count: number;
  private used: number;

  constructor(views: ViewCache) {
    this.at = arena.reserve(BUFFER_BYTES);
    this.views = views;
    this.starts = new Uint32Array(MOST_FRAMES);
    this.lengths = new Uint32Array(MOST_FRAMES);
    this.origins = new Uint8Array(MOST_FRAMES);
    this.queues = new Uint16Array(MOST_FRAMES);
    this.count = 0;
    this.used = 0;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** Keeps a copy of a frame for `queues`; false where it does not fit. */
  push(frame: ReceivedFrame, queues: number): boolean {
    const { count, used } = this;
    // The spare bytes let an FCS be appended in place.
    const room = (frame.length + 4 + ALIGNMENT) & ~ALIGNMENT;
    if (count === MOST_FRAMES || used + room > BUFFER_BYTES) return false;
    const start = this.at + used;
    if (frame.bytes === arena.bytes) arena.bytes.copyWithin(start, frame.start, frame.start + frame.length);
    else arena.bytes.set(this.views.of(frame.bytes, frame.start, frame.length), start);
    this.starts[count] = start;
    this.lengths[count] = frame.length;
    this.origins[count] = (frame.sourcePool + 1) | (frame.knownGood ? 0x80 : 0);
    this.queues[count] = queues;
    this.count = count + 1;
    this.used = used + room;
    return true;
  }

  /** Makes `frame` the held frame `index`. */
  restore(index: number, frame: ReceivedFrame): void {
    frame.take(arena.bytes, this.starts[index]!, this.lengths[index]!);
    frame.hasSpare = true;
    frame.knownGood = (this.origins[index]! & 0x80) !== 0;
    frame.sourcePool = (this.origins[index]! & 0x7f) - 1;
  }

  /** Forgets everything where no frame has a queue left. Memory is used again only then, which keeps it simple. */
  settle(): void {
    for (let index = 0; index < this.count; index += 1) if (this.queues[index] !== 0) return;
    this.clear();
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
  }
}
