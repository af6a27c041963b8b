/** Where a frame is put that has to be changed, or that does not lie in the arena. */
import { arena } from '../../../packet/arena.ts';
import type { ReceivedFrame } from './frame.ts';
import { MAXIMUM_BYTES } from './size.ts';
import type { ViewCache } from '../../../packet/views.ts';

export const SPARE_BYTES = 64;

export class FrameRoom {
  /** Its offset in the arena; the longest frame fits, with spare bytes behind. */
  readonly at: number;
  private readonly views: ViewCache;

  constructor(views: ViewCache) {
    this.at = arena.reserve(MAXIMUM_BYTES + SPARE_BYTES);
    this.views = views;
  }

  /** Moves the frame to where bytes can be put behind it. */
  makeOwn(frame: ReceivedFrame): void {
    this.copyIn(frame.bytes, frame.start, frame.length, this.at);
    frame.bytes = arena.bytes;
    frame.start = this.at;
    frame.hasSpare = true;
  }

  /** Copies bytes to a place in the arena. */
  copyIn(bytes: Uint8Array, offset: number, length: number, to: number): void {
    if (bytes === arena.bytes) arena.bytes.copyWithin(to, offset, offset + length);
    else arena.bytes.set(this.views.of(bytes, offset, length), to);
  }
}
