import { Segmenter, type SegmentSink } from '../packet/index.ts';
import type { FrameOffload } from '../ports/index.ts';
import type { BaseWire } from './wire.ts';

/** Cuts large UDP packets for a wire whose kernel does not (Linux before 6.2). */
export class UdpCutter implements SegmentSink {
  private readonly wire: BaseWire;
  private readonly segmenter: Segmenter;

  constructor(wire: BaseWire) {
    this.wire = wire;
    this.segmenter = new Segmenter();
  }

  send(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload): void {
    if (this.segmenter.segmentOffloaded(bytes, offset, length, offload, this) === 0) this.wire.counters.dropped += 1;
  }

  /** One datagram. */
  segment(bytes: Uint8Array, offset: number, length: number): void {
    this.wire.send(bytes, offset, length, undefined);
  }
}
