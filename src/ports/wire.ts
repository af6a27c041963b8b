/** What a frame that is not finished still needs, in the terms of virtio_net_hdr. One object is reused for all frames. */
export interface FrameOffload {
  /** The checksum from `checksumStart` to the end is still to be stored at `checksumStart + checksumOffset`; the field holds the pseudo-header's sum. */
  needsChecksum: boolean;
  checksumStart: number;
  checksumOffset: number;
  /** Segmentation that is still to be done. */
  segmentation: 'none' | 'tcp4' | 'tcp6' | 'udp';
  /** Bytes of all headers, and payload bytes a segment; meaningless without segmentation. */
  headerLength: number;
  segmentSize: number;
}

/** A frame as it lies in the packet arena's memory: pieces of the arena itself, and of guest memory that has a place there. */
export interface FramePieces {
  /** By piece: its place, whether signed or not, and its length. */
  readonly places: Int32Array;
  readonly lengths: Int32Array;
  count: number;
}

/** Takes large frames where they lie. */
export interface WireGather {
  /** `Wire.send` for a frame of `length` bytes with segmentation left to do. */
  sendPieces(pieces: FramePieces, length: number, offload: FrameOffload): void;
}

/** Stands for the frames of a wire with nobody at its other end. */
export interface WireDrain {
  /** So many frames went there, so many bytes altogether. */
  drained(frames: number, bytes: number): void;
}

/** The medium that a port is plugged into. Frames carry no FCS. */
export interface Wire {
  /** Frames may be handed over with checksums and segmentation left to do. */
  readonly acceptsOffload: boolean;
  /** The medium has a carrier. */
  readonly carrier: boolean;
  /** There while nobody is at the other end: counts will do, and frames need not be made. */
  readonly drain?: WireDrain | undefined;
  /** There while large frames need not be brought together before they are sent. */
  readonly gather?: WireGather | undefined;
  /** Sends one frame, or drops and counts it; never waits. The bytes are free again on return. */
  send(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void;
  /** Plugs a port in; frames and carrier changes then go there. */
  plug(port: WirePort): void;
  /** The port can take frames again after it said that it cannot. */
  resume(): void;
}

/** Finished frames that came at once, in the packet arena. One object is used again and again. */
export interface FrameRun {
  /** By frame: its offset in the arena, and its length. */
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  /** Those that are still to be delivered: [first, end). */
  first: number;
  end: number;
}

/** The end of a port that a wire delivers to. */
export interface WirePort {
  /** False while a frame offered now could not be stored: the wire keeps its frames until `resume`. */
  canReceive(): boolean;
  /** One frame, finished or not; taken or dropped and counted before it returns. */
  receive(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void;
  /**
   * Takes frames from the beginning of a run, as many as need no closer look, and returns how many; whoever has the run moves
   * its `first` on. The next frame wants `canReceive` and `receive`. Where this is missing all of them do.
   */
  receiveRun?(run: FrameRun): number;
  /**
   * Frames come one after another, about so many, and then `endRun`: what they have in common is looked up once, and counted once.
   * Between the two nobody writes a register or changes a map.
   */
  beginRun?(frames: number): void;
  endRun?(): void;
  carrierChanged(): void;
}
