/** Writes what a capture ring holds to a pcap file, now and then. */
import { pcapHeader, pcapRecordHeader } from './pcap.ts';
import { CaptureReader, type CaptureMemory } from './ring.ts';

const DRAIN_EVERY_MS = 50;

/** A file that is open for writing. */
export interface CaptureOutput {
  write(bytes: Uint8Array): void;
  close(): void;
}

export class CaptureFile {
  readonly #reader: CaptureReader;
  readonly #output: CaptureOutput;
  readonly #timer: NodeJS.Timeout;

  constructor(memory: CaptureMemory, output: CaptureOutput) {
    this.#reader = new CaptureReader(memory);
    this.#output = output;
    output.write(pcapHeader(memory.maxLength));
    this.#timer = setInterval(() => this.#drain(), DRAIN_EVERY_MS);
    this.#timer.unref();
  }

  /** Frames that the ring could not hold. */
  get dropped(): number {
    return this.#reader.dropped;
  }

  #drain(): void {
    const parts: Uint8Array[] = [];
    for (const { timeNs, length, bytes } of this.#reader.drain()) {
      parts.push(pcapRecordHeader(timeNs, length, bytes.length), bytes);
    }
    if (parts.length > 0) this.#output.write(Buffer.concat(parts));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#drain();
    this.#output.close();
  }
}
