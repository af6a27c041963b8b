/** Reads the files that BinaryEncoder writes, of any size, in pieces. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { TraceEventSpec } from '../ports/index.ts';
import { MAGIC, VERSION, type TraceHeader } from './binary.ts';
import { TraceError } from './errors.ts';
import { PORT_UNIT } from './port-trace.ts';
import { LOST, lostSpec, type TraceRecord } from './record.ts';

const PIECE_BYTES = 1 << 20;
/** A header beyond this is none: it would be another file by chance. */
const LONGEST_HEADER = 1 << 24;
/** Bytes of a number at most; more of them is not what was written. */
const LONGEST_NUMBER = 10;

class TraceFileReader {
  readonly #path: string;
  readonly #fd: number;
  #bytes: Buffer;
  #at: number;
  /** Where `#bytes` begins in the file. */
  #offset: number;

  constructor(path: string) {
    this.#path = path;
    this.#bytes = Buffer.alloc(0);
    this.#at = 0;
    this.#offset = 0;
    try {
      this.#fd = path === '-' ? 0 : openSync(path, 'r');
    } catch (error) {
      throw new TraceError('TRACE_FILE', `cannot read the trace: ${(error as Error).message}`);
    }
  }

  close(): void {
    if (this.#fd !== 0) closeSync(this.#fd);
  }

  damaged(why: string): TraceError {
    return new TraceError('TRACE_FORMAT', `${this.#path}: ${why} (byte ${this.#offset + this.#at})`);
  }

  /** The next bytes; fewer only at the end of the file. */
  take(count: number): Buffer {
    while (this.#bytes.length - this.#at < count) if (!this.#more()) break;
    const bytes = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += bytes.length;
    return bytes;
  }

  /** The next number; undefined where the file ends before its end. */
  number(): number | undefined {
    let value = 0;
    let scale = 1;
    for (let n = 0; n < LONGEST_NUMBER; n += 1) {
      if (this.#at === this.#bytes.length && !this.#more()) return undefined;
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      scale *= 0x80;
    }
    throw this.damaged('damaged: a number without end');
  }

  #more(): boolean {
    const piece = Buffer.alloc(PIECE_BYTES);
    let count: number;
    try {
      count = readSync(this.#fd, piece, 0, PIECE_BYTES, null);
    } catch (error) {
      throw new TraceError('TRACE_FILE', `cannot read ${this.#path}: ${(error as Error).message}`);
    }
    if (count === 0) return false;
    this.#offset += this.#at;
    this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at), piece.subarray(0, count)]);
    this.#at = 0;
    return true;
  }
}

function readHeader(reader: TraceFileReader): TraceHeader {
  const start = reader.take(MAGIC.length + 4);
  if (start.length < MAGIC.length + 4 || start.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw reader.damaged('not a trace file: those that --trace-file NAME.obt writes are');
  }
  const length = start.readUInt32LE(MAGIC.length);
  const json = length > LONGEST_HEADER ? Buffer.alloc(0) : reader.take(length);
  let header: TraceHeader | undefined;
  try {
    header = JSON.parse(json.toString()) as TraceHeader;
  } catch {
    // Said below.
  }
  if (typeof header?.events !== 'object' || header.events === null) throw reader.damaged('its header is damaged');
  if (header.version !== VERSION) {
    throw reader.damaged(`of version ${header.version}, which this Outboard does not know: use a newer one`);
  }
  return header;
}

/** A trace file that is open. */
export interface OpenTrace {
  readonly header: TraceHeader;
  /** In order, once. Stops at a record that the file does not hold whole. Throws TraceError `TRACE_FORMAT`. */
  readonly records: Iterable<TraceRecord>;
  close(): void;
}

/** Opens a file, `-` for standard input. Throws TraceError `TRACE_FILE` or `TRACE_FORMAT`. */
export function openTrace(path: string): OpenTrace {
  const reader = new TraceFileReader(path);
  try {
    const header = readHeader(reader);
    return { header, records: readRecords(reader, header), close: () => reader.close() };
  } catch (error) {
    reader.close();
    throw error;
  }
}

function* readRecords(reader: TraceFileReader, header: TraceHeader): Generator<TraceRecord> {
  const names = [LOST, ...Object.keys(header.events)];
  const specs: readonly TraceEventSpec[] = [lostSpec, ...Object.values(header.events)];
  const counts = specs.map((spec) => Object.keys(spec.args).length);
  let timeNs = 0;
  let packet = 0;
  for (;;) {
    const number = reader.number();
    if (number === undefined) return;
    const event = number % PORT_UNIT;
    const port = Math.floor(number / PORT_UNIT);
    const spec = specs[event];
    if (spec === undefined) throw reader.damaged('damaged: no such event');
    const time = reader.number();
    const change = reader.number();
    const args: number[] = [];
    for (let n = 0; n < counts[event]!; n += 1) {
      const argument = reader.number();
      if (argument !== undefined) args.push(argument);
    }
    if (time === undefined || change === undefined || args.length < counts[event]!) return;
    timeNs += time;
    packet += change;
    yield { name: names[event]!, spec, timeNs, port, packet, args };
  }
}
