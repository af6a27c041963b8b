/** Writes what a capture ring holds to where it goes: now and then, and without a pause while much comes. */
import type { CaptureFormat } from './capture-format.ts';
import type { CaptureReader } from './capture-reader.ts';

const DRAIN_EVERY_MS = 20;
/** What is made of a ring at a time, so that the thread does other things in between. */
const SLICE_BYTES = 1 << 20;
/** With as much at a time there is no waiting: the ring stays short, and so in the caches of the device's processor. */
const MUCH_BYTES = 1 << 15;

/** What is open for writing. */
export interface CaptureOutput {
  /** True once all of it is written; what could not be written now is kept. */
  write(bytes: Uint8Array): boolean;
  /** Why nothing is written any more. */
  readonly failure: string | undefined;
  close(): void;
}

export class CaptureFile {
  readonly #reader: CaptureReader;
  readonly #format: CaptureFormat;
  readonly #output: CaptureOutput;
  readonly #failed: (why: string) => void;
  readonly #timer: NodeJS.Timeout;
  #again: NodeJS.Immediate | undefined;
  #ended: boolean;

  /** `failed` is told once, in words, when nothing more can be written. */
  constructor(reader: CaptureReader, format: CaptureFormat, output: CaptureOutput, failed: (why: string) => void) {
    this.#reader = reader;
    this.#format = format;
    this.#output = output;
    this.#failed = failed;
    this.#timer = setInterval(() => this.#drain(), DRAIN_EVERY_MS);
    this.#timer.unref();
    this.#again = undefined;
    this.#ended = false;
  }

  /** Writes the rest, as far as the reader takes it now. */
  close(): void {
    if (this.#ended) return;
    while (this.#slice() >= SLICE_BYTES);
    if (!this.#ended) {
      this.#format.finish();
      this.#output.write(this.#format.take());
    }
    this.#end();
  }

  #drain(): void {
    if (this.#again !== undefined || this.#ended || this.#slice() < MUCH_BYTES) return;
    this.#again = setImmediate(() => {
      this.#again = undefined;
      this.#drain();
    });
  }

  /** Writes about SLICE_BYTES; returns how much it was, 0 where no more can be written now. */
  #slice(): number {
    // What waits goes before what is still in the ring.
    if (!this.#write(new Uint8Array(0))) return 0;
    while (this.#format.length < SLICE_BYTES) {
      const frame = this.#reader.next();
      if (frame === undefined) break;
      this.#format.add(frame);
    }
    const { length } = this.#format;
    return length === 0 || this.#write(this.#format.take()) ? length : 0;
  }

  #write(bytes: Uint8Array): boolean {
    if (this.#ended) return false;
    const written = this.#output.write(bytes);
    const { failure } = this.#output;
    if (failure === undefined) return written;
    this.#end();
    this.#failed(failure);
    return false;
  }

  #end(): void {
    this.#ended = true;
    clearInterval(this.#timer);
    clearImmediate(this.#again);
    this.#output.close();
  }
}
