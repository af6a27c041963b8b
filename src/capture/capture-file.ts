/** Writes what a capture ring holds to where it goes, now and then, and at once while there is much. */
import type { CaptureFormat } from './capture-format.ts';
import type { CaptureReader } from './ring.ts';

const DRAIN_EVERY_MS = 20;
/** What is made of a ring at a time, so that the thread does other things in between. */
const SLICE_BYTES = 1 << 20;

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
    while (this.#slice());
    if (!this.#ended) {
      this.#format.finish();
      this.#output.write(this.#format.take());
    }
    this.#end();
  }

  #drain(): void {
    if (this.#again !== undefined || this.#ended || !this.#slice()) return;
    this.#again = setImmediate(() => {
      this.#again = undefined;
      this.#drain();
    });
  }

  /** Writes about SLICE_BYTES; true where there is more and it can be written. */
  #slice(): boolean {
    // What waits goes before what is still in the ring.
    if (!this.#write(new Uint8Array(0))) return false;
    let frame = this.#reader.next();
    for (; frame !== undefined; frame = this.#format.length < SLICE_BYTES ? this.#reader.next() : undefined)
      this.#format.add(frame);
    const full = this.#format.length >= SLICE_BYTES;
    return (this.#format.length === 0 || this.#write(this.#format.take())) && full;
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
