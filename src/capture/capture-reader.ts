/** The file writer's side of one capture: frames come out of the ring. */
import { type Mapping, mapShared } from '../linux/index.ts';
import {
  CAPACITY,
  HEADER,
  SKIP,
  field,
  NEEDS_CHECKSUM,
  SEGMENTATION_SHIFT,
  segmentations,
  WRITTEN,
  READ,
  BASE,
  type CaptureMemory,
  FIGURES_BEFORE,
  entryBytes,
  type Epoch,
} from './capture-memory.ts';

/** A captured frame as the reading side hands it out; one object serves all. */
export interface CapturedFrame {
  interface: number;
  /** From the epoch on. */
  timeNs: number;
  /** Its number, or 0. */
  packet: number;
  /** Bits as `placeOf` makes them. */
  at: number;
  /** The trace event that says why it was dropped, or -1. */
  reason: number;
  /** Bytes that it has; `kept` of them were captured and lie at `start` in `bytes`, until the next frame is asked for. */
  length: number;
  kept: number;
  bytes: Uint8Array;
  start: number;
  /** Segmentation and checksum that were left to do. */
  needsChecksum: boolean;
  segmentation: (typeof segmentations)[number];
  headerLength: number;
  segmentSize: number;
}

export class CaptureReader {
  readonly #counters: Int32Array;
  readonly #figures: Float64Array;
  readonly #mapping: Mapping;
  readonly #view: DataView;
  readonly #frame: CapturedFrame;
  #position: number;

  constructor(memory: CaptureMemory) {
    this.#counters = new Int32Array(memory.counters);
    this.#figures = new Float64Array(memory.figures);
    this.#mapping = mapShared(memory.dataFd, 0, CAPACITY, true);
    this.#view = new DataView(this.#mapping.buffer);
    this.#position = 0;
    this.#frame = {
      interface: 0,
      timeNs: 0,
      packet: 0,
      at: 0,
      reason: -1,
      length: 0,
      kept: 0,
      bytes: new Uint8Array(this.#mapping.buffer),
      start: 0,
      needsChecksum: false,
      segmentation: 'none',
      headerLength: 0,
      segmentSize: 0,
    };
  }

  /** The oldest frame that is left, whose predecessor's room is given back; undefined where there is none. */
  next(): CapturedFrame | undefined {
    const counters = this.#counters;
    Atomics.store(counters, READ, this.#position);
    for (;;) {
      if (Atomics.load(counters, WRITTEN) === this.#position) return undefined;
      const at = (this.#position - Atomics.load(counters, BASE)) & (CAPACITY - 1);
      const left = CAPACITY - at;
      const length = left <= field.length ? SKIP : this.#view.getUint32(at + field.length, true);
      if (length !== SKIP) return this.#take(at, length);
      this.#position = (this.#position + left) | 0;
      Atomics.store(counters, READ, this.#position);
    }
  }

  get epoch(): Epoch {
    return { seconds: this.#figures[0]!, nanoseconds: this.#figures[1]! };
  }

  /** Frames that passed an interface so far. */
  seen(interfaceIndex: number): number {
    return this.#figures[FIGURES_BEFORE + 2 * interfaceIndex]!;
  }

  /** Those of them that the ring had no room for. */
  lost(interfaceIndex: number): number {
    return this.#figures[FIGURES_BEFORE + 2 * interfaceIndex + 1]!;
  }

  /** Gives the memory back; `seen` and `lost` stay. */
  close(): void {
    this.#mapping.unmap();
  }

  #take(at: number, length: number): CapturedFrame {
    const frame = this.#frame;
    const view = this.#view;
    const kept = view.getUint32(at + field.kept, true);
    const interfaceAndReason = view.getUint32(at + field.interfaceAndReason, true);
    const flags = view.getUint32(at + field.place, true);
    const segment = view.getUint32(at + field.segment, true);
    frame.interface = interfaceAndReason & 0xffff;
    frame.reason = (interfaceAndReason >>> 16) - 1;
    frame.timeNs = view.getFloat64(at + field.time, true);
    frame.packet = view.getFloat64(at + field.packet, true);
    frame.at = flags & 0xffff;
    frame.length = length;
    frame.kept = kept;
    frame.start = at + HEADER;
    frame.needsChecksum = (flags & NEEDS_CHECKSUM) !== 0;
    frame.segmentation = segmentations[flags >>> SEGMENTATION_SHIFT]!;
    frame.headerLength = segment & 0xffff;
    frame.segmentSize = segment >>> 16;
    this.#position = (this.#position + entryBytes(kept)) | 0;
    return frame;
  }
}
