/** What the transmit engine uses of the rest of the port. */
import type { FrameOffload } from '../../../ports/index.ts';

/** Where frames go: the local switch, a loopback, the wire. */
export interface TransmitSink {
  /** Frames of this queue may be handed over with checksums and TCP segmentation left to do. */
  acceptsOffload(queue: number): boolean;
  /** One frame without FCS, in the packet arena; the bytes are free again on return. `offload` is used again for the next. */
  transmit(queue: number, bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void;
}

interface TransmitStatistics {
  /** A frame on the wire, length without FCS. */
  transmitted(bytes: Uint8Array, offset: number, length: number, queue: number): void;
  /** Adds to the counter at a dword index. */
  count(registerIndex: number, amount: number): void;
}

export interface TransmitParts {
  readonly interrupts: { transmitDone(queue: number): void };
  readonly statistics: TransmitStatistics;
  readonly sink: TransmitSink;
  /** Latches a transmit time stamp (§5.10). */
  readonly time?: { txStamp(): void };
}
