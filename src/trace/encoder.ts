import { formatRecord } from './format.ts';
import type { TraceRecord } from './record.ts';

/** Makes a file of records: `begin`, then any number of `add`, then `end`; `take` gives the bytes since the last time. */
export interface TraceEncoder {
  add(record: TraceRecord): void;
  end(): void;
  take(): Uint8Array;
}

/** A line a record. */
export class TextEncoder implements TraceEncoder {
  #text: string;

  constructor() {
    this.#text = '';
  }

  add(record: TraceRecord): void {
    this.#text += `${formatRecord(record)}\n`;
  }

  end(): void {
    // Nothing comes behind the last line.
  }

  take(): Uint8Array {
    const bytes = Buffer.from(this.#text);
    this.#text = '';
    return bytes;
  }
}
