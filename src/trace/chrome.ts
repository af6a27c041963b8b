/**
 * Trace records in the JSON of Chrome's trace viewer, which ui.perfetto.dev opens as well: a track for each queue and vector
 * of each function. A packet is a slice on its queue's track, from the fetch of its descriptors to their write-back, with an
 * arrow to each queue that receives it; everything else is a point in time.
 */
import type { TraceEncoder } from './encoder.ts';
import { recordWords } from './format.ts';
import { argumentOf, type TraceRecord } from './record.ts';
import { processName, Tracks, trackName, type Track } from './tracks.ts';

const NS_PER_US = 1000;
/** Keys of a process' and a track's number. */
const place = ({ process, track }: Track): { pid: number; tid: number } => ({ pid: process + 1, tid: track });

/** A slice that has begun. */
interface Slice {
  readonly track: Track;
  readonly packet: number;
  readonly queue: number;
  readonly sinceNs: number;
  untilNs: number;
}

export class ChromeEncoder implements TraceEncoder {
  readonly #tracks: Tracks;
  readonly #named: Set<number>;
  #json: string;
  /** What goes before the next event. */
  #separator: string;
  /** Of the packet that is being sent, and of the one that is being received. */
  #sending: Slice | undefined;
  #receiving: Slice | undefined;
  /** Whether an arrow begins at the packet that is sent. */
  #ended: boolean;

  constructor() {
    this.#tracks = new Tracks();
    this.#named = new Set();
    this.#json = '{"displayTimeUnit":"ns","otherData":{"program":"outboard"},"traceEvents":[\n';
    this.#separator = '';
    this.#sending = undefined;
    this.#receiving = undefined;
    this.#ended = false;
  }

  add(record: TraceRecord): void {
    const track = this.#tracks.of(record);
    this.#name(track);
    this.#slices(record, track);
    const { name, packet, timeNs } = record;
    const args = { ...(packet === 0 ? {} : { packet }), ...recordWords(record) };
    this.#put({ ph: 'i', s: 't', name, cat: 'event', ts: timeNs / NS_PER_US, ...place(track), args });
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#endSending();
    this.#json += '\n]}\n';
  }

  take(): Uint8Array {
    const bytes = Buffer.from(this.#json);
    this.#json = '';
    return bytes;
  }

  #put(event: Readonly<Record<string, unknown>>): void {
    this.#json += this.#separator + JSON.stringify(event);
    this.#separator = ',\n';
  }

  #name(track: Track): void {
    const { pid, tid } = place(track);
    const key = pid * 1024 + tid;
    if (this.#named.has(key)) return;
    if (!this.#named.has(pid * 1024)) {
      this.#named.add(pid * 1024);
      this.#put({ ph: 'M', name: 'process_name', pid, tid: 0, args: { name: processName(track.process) } });
    }
    this.#named.add(key);
    this.#put({ ph: 'M', name: 'thread_name', pid, tid, args: { name: trackName(track.track) } });
    this.#put({ ph: 'M', name: 'thread_sort_index', pid, tid, args: { sort_index: tid } });
  }

  #slices(record: TraceRecord, track: Track): void {
    const { name, packet, timeNs } = record;
    if (this.#sending !== undefined) {
      if (packet !== this.#sending.packet) this.#endSending();
      else this.#sending.untilNs = timeNs;
    }
    const slice = { track, packet, queue: argumentOf(record, 'queue') ?? 0, sinceNs: timeNs, untilNs: timeNs };
    if (name === 'igb_tx_fetch') this.#sending = slice;
    const receiving = this.#receiving;
    const same = receiving?.packet === packet && receiving.queue === slice.queue;
    if (name === 'igb_rx_descriptor' && !same) this.#receiving = slice;
    else if (name === 'igb_rx_packet') {
      this.#slice(same ? { ...receiving, track, untilNs: timeNs } : slice, 'f');
      this.#receiving = undefined;
    }
  }

  #endSending(): void {
    if (this.#sending !== undefined) this.#slice(this.#sending, 's');
    this.#sending = undefined;
  }

  /** A slice, with the beginning or the end of its packet's arrow in it. */
  #slice({ track, packet, sinceNs, untilNs }: Slice, arrow: 's' | 'f'): void {
    const where = place(track);
    const ts = sinceNs / NS_PER_US;
    const name = `packet ${packet}`;
    this.#put({ ph: 'X', name, cat: 'packet', ts, dur: (untilNs - sinceNs) / NS_PER_US, ...where, args: { packet } });
    this.#put({ ph: arrow, bp: 'e', id: packet, name: 'packet', cat: 'packet', ts, ...where });
  }
}
