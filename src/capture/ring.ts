/**
 * Captured frames in shared memory, from the device thread to the thread that writes the file. A full ring drops and
 * counts; it never waits.
 */

const CAPACITY = 8 << 20;
/** Bytes before each frame: time in ns (double), length on the wire, bytes kept. */
const HEADER = 16;
/** Entries start at multiples of this. */
const ALIGN = 8;

/** The memory that both sides share; safe to post to a worker. */
export interface CaptureMemory {
  readonly data: SharedArrayBuffer;
  /** Written bytes, read bytes (both modulo 2^32), dropped frames. */
  readonly counters: SharedArrayBuffer;
  readonly maxLength: number;
}

export function makeCaptureMemory(maxLength: number): CaptureMemory {
  return { data: new SharedArrayBuffer(CAPACITY), counters: new SharedArrayBuffer(12), maxLength };
}

/** Bytes that an entry takes. */
function entryBytes(kept: number): number {
  return HEADER + ((kept + ALIGN - 1) & -ALIGN);
}

/** The device thread's side. */
export class CaptureWriter {
  readonly #bytes: Uint8Array;
  readonly #doubles: Float64Array;
  readonly #dwords: Uint32Array;
  readonly #counters: Int32Array;
  readonly #maxLength: number;

  constructor(memory: CaptureMemory) {
    this.#bytes = new Uint8Array(memory.data);
    this.#doubles = new Float64Array(memory.data);
    this.#dwords = new Uint32Array(memory.data);
    this.#counters = new Int32Array(memory.counters);
    this.#maxLength = memory.maxLength;
  }

  /** Keeps the first `maxLength` bytes of a frame. */
  record(timeNs: number, bytes: Uint8Array, offset: number, length: number): void {
    const counters = this.#counters;
    const kept = Math.min(length, this.#maxLength);
    const size = entryBytes(kept);
    let written = counters[0]! >>> 0;
    let at = written & (CAPACITY - 1);
    // An entry does not wrap: what is left at the end is skipped, marked by a length of all ones.
    const skip = at + size > CAPACITY ? CAPACITY - at : 0;
    const used = (written - (Atomics.load(counters, 1) >>> 0)) >>> 0;
    if (used + skip + size > CAPACITY) {
      Atomics.add(counters, 2, 1);
      return;
    }
    if (skip > 0) {
      if (skip >= HEADER) this.#dwords[(at + 8) >>> 2] = 0xffffffff;
      written += skip;
      at = 0;
    }
    this.#doubles[at >>> 3] = timeNs;
    this.#dwords[(at + 8) >>> 2] = length;
    this.#dwords[(at + 12) >>> 2] = kept;
    this.#bytes.set(bytes.subarray(offset, offset + kept), at + HEADER);
    Atomics.store(counters, 0, (written + size) | 0);
  }
}

export interface CapturedFrame {
  readonly timeNs: number;
  /** Bytes on the wire; `bytes` holds the first of them. */
  readonly length: number;
  readonly bytes: Uint8Array;
}

/** The file writer's side. */
export class CaptureReader {
  readonly #memory: CaptureMemory;

  constructor(memory: CaptureMemory) {
    this.#memory = memory;
  }

  /** All frames recorded since the last call; `bytes` is a copy. */
  *drain(): Generator<CapturedFrame> {
    const counters = new Int32Array(this.#memory.counters);
    const view = new DataView(this.#memory.data);
    const end = Atomics.load(counters, 0);
    let position = counters[1]!;
    while (position !== end) {
      const at = (position >>> 0) & (CAPACITY - 1);
      const length = CAPACITY - at < HEADER ? 0xffffffff : view.getUint32(at + 8, true);
      if (length === 0xffffffff) {
        position = (position + CAPACITY - at) | 0;
      } else {
        const kept = view.getUint32(at + 12, true);
        const bytes = new Uint8Array(new Uint8Array(this.#memory.data, at + HEADER, kept));
        yield { timeNs: view.getFloat64(at, true), length, bytes };
        position = (position + entryBytes(kept)) | 0;
      }
      Atomics.store(counters, 1, position);
    }
  }

  /** Frames lost so far because the ring was full. */
  get dropped(): number {
    return Atomics.load(new Int32Array(this.#memory.counters), 2);
  }
}
