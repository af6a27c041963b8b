/** What the transmit engine uses of the rest of the port. */
import type { FrameOffload, FramePieces } from '../../../ports/index.ts';
import type { Interrupts } from '../interrupts/interrupts.ts';

/** Where a packet goes: bits of what `TransmitSink.route` returns. Nothing at all: it is dropped, and was counted there. */
export const route = {
  /** To the wire, or through a loopback. */
  wire: 1,
  /** The wire takes it with checksums and TCP segmentation left to do. */
  whole: 2,
  /** To pools of this port. */
  pools: 4,
  /** Beside `wire`: nobody is there, and counting is enough. */
  unseen: 8,
  /** Beside `whole`: in pieces as well (`transmitPieces`). */
  pieces: 16,
} as const;

/** Where frames go: the local switch, a loopback, the wire. All frames lie in the packet arena and are free on return. */
export interface TransmitSink {
  /**
   * Decides on a packet before it is segmented, by its addresses and tag, which are final; `start` is its offset in the
   * arena. Holds for all frames until the next call. `tagIsPools`: its tag was inserted by a rule for the pool (VMVIR).
   */
  route(queue: number, start: number, length: number, tagIsPools: boolean): number;
  /**
   * Begins a run of plain packets of a queue. Bits of `route` that hold for all of them, `pools` where each has to be asked
   * about by `routePlain`; 0 where none may go as a plain packet.
   */
  beginRun(queue: number): number;
  /** `route` for a packet of such a run, in which `tagIsPools` is the same for all: its first 16 bytes say all that decides. */
  routePlain(queue: number, start: number, length: number, tagIsPools: boolean): number;
  /** Frames for `route.unseen`: how many, and their bytes altogether. */
  drain(frames: number, bytes: number): void;
  /** One frame without FCS for `route.wire`. `offload` is used again for the next. */
  transmit(queue: number, bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void;
  /** The same for a frame with segmentation left to do, where it lies. For `route.pieces`. */
  transmitPieces(pieces: FramePieces, length: number, offload: FrameOffload): void;
  /** Those for `route.pools`. */
  readonly pools: PoolSink;
}

/** The pools of this port that get the packet decided on last. */
export interface PoolSink {
  /** Before frames of a queue are given to them, about so many, and after it. */
  begin(frames: number): void;
  end(queue: number): void;
  /**
   * One finished frame at `headers` in the arena; at least 64 bytes behind it may be overwritten. Of a plain one that is longer than
   * 256 bytes it is enough if HEADERS_COPIED bytes, and a tag, are there, and all of it at `body` in the arena's memory.
   * `checksumsKnown`: its transport checksum is known to be right. False where no pool may have it, or where it has to come whole.
   */
  deliver(queue: number, headers: number, body: number, length: number, checksumsKnown: boolean): boolean;
  /**
   * Behind a frame that only pools got: takes those of [first, end) that go the same way as it and lie at `places` in the arena's
   * memory, up to one that does not, which is returned. `from`, an `origin`, says what is to be done on them, and was on it.
   */
  follow(places: Int32Array, lengths: Uint16Array, first: number, end: number, from: number): number;
  /** Where the next segments may be made, instead of being delivered, in the terms of `SegmentSink`. Their checksums are right. */
  placesFor(length: number, most: number, places: Int32Array): number;
  placed(headers: number, length: number, count: number, identification: number): void;
}

export interface TransmitStatistics {
  /** A frame on the wire, length without FCS. */
  transmitted(bytes: Uint8Array, offset: number, length: number, queue: number, frames?: number): void;
  /** The same of unicast frames: first each by its size, then all of them by their sum of bytes, and of octets on the wire. */
  transmittedSize(length: number, frames: number): void;
  transmittedSum(queue: number, frames: number, bytes: number, octets: number): void;
  /** Adds to the counter at a dword index. */
  count(registerIndex: number, amount: number): void;
}

export interface TransmitParts {
  readonly interrupts: Pick<Interrupts, 'transmitDone' | 'quietUntil'>;
  readonly statistics: TransmitStatistics;
  readonly sink: TransmitSink;
  /** Latches a transmit time stamp (§5.10) of a frame that leaves now; then it has left. */
  readonly time?: { txStamp(): void; departed(): void };
  /** Speed for rate limits; 1000 Mb/s where not given. */
  readonly link?: { readonly speedMbps: number };
  /** The link partner may have stopped us; then nothing is fetched. */
  readonly flow?: { readonly paused: boolean };
}
