import { finishChecksum, type SegmentSink, Segmenter } from '../packet/index.ts';
import type { FrameOffload } from '../ports/index.ts';

/** Finishes frames on their way to where nothing may be left to do: sums them, cuts them into segments. */
export class FrameFinisher {
  private readonly sink: SegmentSink;
  private segmenter: Segmenter | undefined;

  constructor(sink: SegmentSink) {
    this.sink = sink;
    this.segmenter = undefined;
  }

  /** Hands the finished frame or its segments to the sink; false where the frame does not fit its offload. Changes `bytes`. */
  finish(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): boolean {
    if (offload !== undefined && offload.segmentation !== 'none') {
      this.segmenter ??= new Segmenter();
      return this.segmenter.segmentOffloaded(bytes, offset, length, offload, this.sink) > 0;
    }
    if (offload?.needsChecksum === true) {
      const { checksumStart, checksumOffset } = offload;
      if (!finishChecksum(bytes, offset, length, checksumStart, checksumOffset)) return false;
    }
    this.sink.segment(bytes, offset, length);
    return true;
  }
}
