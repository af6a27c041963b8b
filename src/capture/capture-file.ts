/** Writes what a capture ring holds to a pcap file, now and then. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { pcapHeader, pcapRecordHeader } from './pcap.ts';
import { CaptureReader, type CaptureMemory } from './ring.ts';

const DRAIN_EVERY_MS = 50;

export class CaptureFile {
  readonly #reader: CaptureReader;
  readonly #fd: number;
  readonly #timer: NodeJS.Timeout;

  /** Opens (and empties) the file; throws what the file system says. */
  constructor(memory: CaptureMemory, path: string) {
    this.#reader = new CaptureReader(memory);
    this.#fd = openSync(path, 'w');
    writeSync(this.#fd, pcapHeader(memory.maxLength));
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
    if (parts.length > 0) writeSync(this.#fd, Buffer.concat(parts));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#drain();
    closeSync(this.#fd);
  }
}
