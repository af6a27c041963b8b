/**
 * Trace records as a compact file (`.obt`), a dozen bytes each. It begins with the eight bytes `OBTRACE\n`, the length of a
 * header as 32 bits, little-endian, and the header as JSON: what the events of that version are called and what their
 * arguments are, so that a later version reads it. Then records, one behind the other, each a sequence of numbers:
 *
 *   event: its place in the header plus one, and 65,536 times the port; or 0 for records that were lost
 *   time: ns since the record before
 *   packet: its number less that of the record before
 *   arguments: as many as the event has; for lost records, one, how many
 *
 * A number has seven bits in a byte, the lowest first, bit 7 set in all but the last, and its sign in bit 0.
 */
import type { TraceEncoder } from './encoder.ts';
import type { TraceEventSpec } from '../ports/index.ts';
import { catalogue, eventNumber } from './catalogue.ts';
import { PORT_UNIT } from './port-trace.ts';
import { LOST, type TraceRecord } from './record.ts';

export const MAGIC = 'OBTRACE\n';
export const VERSION = 1;
/** A record at most: its event, time and packet and its arguments, ten bytes each. */
const LONGEST_RECORD = 10 * 9;
const FIRST_SIZE = 1 << 16;

/** What the file begins with. */
export interface TraceHeader {
  readonly version: number;
  /** Nanoseconds from 1970 to time 0 of the records, as text: a number does not hold them exactly. */
  readonly epochNs: string;
  readonly events: Readonly<Record<string, TraceEventSpec>>;
}

export class BinaryEncoder implements TraceEncoder {
  #bytes: Uint8Array;
  #length: number;
  #timeNs: number;
  #packet: number;

  /** `epochNs`: nanoseconds from 1970 to the records' time 0. */
  constructor(epochNs: bigint) {
    const header: TraceHeader = { version: VERSION, epochNs: String(epochNs), events: catalogue };
    const json = Buffer.from(JSON.stringify(header));
    const start = Buffer.alloc(MAGIC.length + 4);
    start.write(MAGIC, 'latin1');
    start.writeUInt32LE(json.length, MAGIC.length);
    // No Buffer: a slice of one is not a copy.
    this.#bytes = new Uint8Array(start.length + json.length + FIRST_SIZE);
    this.#bytes.set(start);
    this.#bytes.set(json, start.length);
    this.#length = start.length + json.length;
    this.#timeNs = 0;
    this.#packet = 0;
  }

  add({ name, timeNs, port, packet, args }: TraceRecord): void {
    if (this.#bytes.length - this.#length < LONGEST_RECORD) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    const time = Math.round(timeNs);
    this.#put(name === LOST ? 0 : port * PORT_UNIT + eventNumber(name) + 1);
    this.#put(time - this.#timeNs);
    this.#put(packet - this.#packet);
    for (const argument of args) this.#put(Number.isFinite(argument) ? Math.round(argument) : 0);
    this.#timeNs = time;
    this.#packet = packet;
  }

  end(): void {
    // A file may end behind any record: the process that wrote it may have been killed.
  }

  take(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  #put(value: number): void {
    let rest = value < 0 ? -2 * value - 1 : 2 * value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }
}
