/** What a capture's file is made of: frames of the ring as pcapng blocks or pcap records. */
import { place } from '../ports/index.ts';
import { eventNames, eventSpecs } from '../trace/catalogue.ts';
import { pcapHeader, PCAP_RECORD_HEADER, putPcapRecordHeader } from './pcap.ts';
import { PcapngWriter, type Time } from './pcapng.ts';
import { pointNames, queueOf } from './points.ts';
import type { CaptureMemory, Epoch } from './capture-memory.ts';
import type { CapturedFrame, CaptureReader } from './capture-reader.ts';

const HARDWARE = 'Intel 82576 by Outboard';
const CHUNK = 1 << 20;

export interface CaptureFormat {
  /** Bytes that wait in it. */
  readonly length: number;
  add(frame: CapturedFrame): void;
  /** What is to stand at the end. */
  finish(): void;
  /** Whole records that are to be written, which are gone from here. */
  take(): Uint8Array;
}

/** A time that lies `timeNs` behind the epoch. */
function timeOf(epoch: Epoch, timeNs: number): Time {
  const whole = Math.floor(timeNs / 1e9);
  const rest = epoch.nanoseconds + (timeNs - whole * 1e9);
  return rest < 1e9
    ? { seconds: epoch.seconds + whole, nanoseconds: rest }
    : { seconds: epoch.seconds + whole + 1, nanoseconds: rest - 1e9 };
}

function now(): Time {
  const ms = Date.now();
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanoseconds: (ms - seconds * 1000) * 1e6 };
}

const reasons = eventNames.map((name, number) => `dropped: ${name} (${eventSpecs[number]!.doc})`);

/** Why a frame was dropped and what was left to do, in words; empty where there is nothing to say. */
export function describe(frame: CapturedFrame): string {
  const parts: string[] = [];
  if (frame.reason >= 0) parts.push(reasons[frame.reason] ?? 'dropped');
  if (frame.segmentation !== 'none') {
    const kind = frame.segmentation === 'udp' ? 'uso' : 'tso';
    parts.push(`${kind} mss ${frame.segmentSize} header ${frame.headerLength}`);
  }
  if (frame.needsChecksum) parts.push('checksum left to do');
  return parts.join(', ');
}

export class PcapngFormat implements CaptureFormat {
  readonly #memory: CaptureMemory;
  readonly #reader: CaptureReader;
  readonly #writer: PcapngWriter;
  readonly #start: Time;
  /** Losses of each interface that a packet has told already. */
  readonly #told: number[];

  /** `names` are those of its points. */
  constructor(memory: CaptureMemory, reader: CaptureReader, names: readonly string[], application: string) {
    this.#memory = memory;
    this.#reader = reader;
    this.#writer = new PcapngWriter(CHUNK);
    this.#start = now();
    this.#told = memory.points.map(() => 0);
    this.#writer.section(HARDWARE, application);
    for (const [index, point] of memory.points.entries())
      this.#writer.interfaceDescription(names[index]!, pointNames[point]!.description, HARDWARE, memory.maxLength);
  }

  get length(): number {
    return this.#writer.length;
  }

  add(frame: CapturedFrame): void {
    const index = frame.interface;
    const lost = this.#reader.lost(index);
    const time = timeOf(this.#reader.epoch, frame.timeNs);
    this.#writer.packet({
      ...time,
      interface: index,
      outbound: (frame.at & place.outbound) !== 0,
      bytes: frame.bytes,
      start: frame.start,
      kept: frame.kept,
      length: frame.length,
      packet: frame.packet,
      queue: queueOf(frame.at),
      reason: frame.reason < 0 ? '' : (eventNames[frame.reason] ?? 'unknown'),
      lostBefore: lost - this.#told[index]!,
      comment: describe(frame),
    });
    this.#told[index] = lost;
  }

  finish(): void {
    this.#memory.points.forEach((_, index) => {
      const reader = this.#reader;
      this.#writer.interfaceStatistics(index, this.#start, now(), reader.seen(index), reader.lost(index));
    });
  }

  take(): Uint8Array {
    return this.#writer.take();
  }
}

export class PcapFormat implements CaptureFormat {
  readonly #reader: CaptureReader;
  #parts: Uint8Array[];
  length: number;

  constructor(memory: CaptureMemory, reader: CaptureReader) {
    this.#reader = reader;
    this.#parts = [pcapHeader(memory.maxLength)];
    this.length = this.#parts[0]!.length;
  }

  add(frame: CapturedFrame): void {
    const { seconds, nanoseconds } = timeOf(this.#reader.epoch, frame.timeNs);
    const record = new Uint8Array(PCAP_RECORD_HEADER + frame.kept);
    putPcapRecordHeader(new DataView(record.buffer), 0, seconds, nanoseconds, frame.length, frame.kept);
    record.set(frame.bytes.subarray(frame.start, frame.start + frame.kept), PCAP_RECORD_HEADER);
    this.#parts.push(record);
    this.length += record.length;
  }

  finish(): void {
    // The format has nothing for an end.
  }

  take(): Uint8Array {
    const taken = Buffer.concat(this.#parts);
    this.#parts = [];
    this.length = 0;
    return taken;
  }
}
