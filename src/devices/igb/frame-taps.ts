/**
 * Where frames are seen on their way through a port, for captures, and where they are lost, for metrics too. A reason of a
 * loss is the number of its trace event. With nobody capturing, a place costs one load.
 */
import {
  capturedAt,
  NOWHERE,
  place,
  placeOf,
  type FrameCapture,
  type FrameOffload,
  type Trace,
} from '../../ports/index.ts';
import { QUEUE_ROWS, queueRow, rowMatches, type QueueRowFilter } from './queue-rows.ts';
import { usesPools } from './rx/queue-select.ts';
import { pf } from './tables/index.ts';

const { MRQC } = pf;
const POOL_MASK = 7;

export interface FrameTapOptions {
  readonly capture: FrameCapture;
  readonly values: Uint32Array;
  readonly queueFunction: Uint8Array;
  /** Tells the packet at hand. */
  readonly trace: Trace;
  /** Trace events by name. */
  readonly events: Readonly<Record<string, number>>;
}

export class FrameTaps {
  /** By `capturedAt`: whether `wire` and `queue` need to be called. */
  readonly on: Uint8Array;
  readonly #capture: FrameCapture;
  readonly #trace: Trace;
  readonly #values: Uint32Array;
  readonly #queueFunction: Uint8Array;
  /** Frames lost, by trace event and row. */
  readonly #lost: Float64Array;

  constructor({ capture, trace, values, queueFunction, events }: FrameTapOptions) {
    this.on = capture.on;
    this.#capture = capture;
    this.#trace = trace;
    this.#values = values;
    this.#queueFunction = queueFunction;
    this.#lost = new Float64Array((1 + Math.max(...Object.values(events))) * QUEUE_ROWS);
  }

  /** Not 0 while something is captured anywhere. */
  get watched(): number {
    const { on } = this;
    return on[capturedAt.wire]! | on[capturedAt.queues]! | on[capturedAt.drops]!;
  }

  /** Frames lost since power on for the reason that a trace event names, of what the filter says. */
  lost(event: number, filter: QueueRowFilter): number {
    let sum = 0;
    for (let row = 0; row < QUEUE_ROWS; row += 1) {
      if (rowMatches(row, filter)) sum += this.#lost[event * QUEUE_ROWS + row]!;
    }
    return sum;
  }

  /** A frame between port and wire; `outbound` is 1 of those that leave. */
  wire(outbound: 0 | 1, bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    const at = placeOf(outbound | place.wire, NOWHERE, NOWHERE, NOWHERE);
    this.#capture.frame(at, -1, this.#trace.packet, bytes, offset, length, length, offload);
  }

  /** A frame that a receive queue stores, or a packet as a transmit queue sends it, with what is left to do. */
  queue(
    outbound: 0 | 1,
    queue: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    offload: FrameOffload | undefined,
  ): void {
    this.#capture.frame(this.#at(outbound, queue), -1, this.#trace.packet, bytes, offset, length, length, offload);
  }

  /** A frame goes nowhere. `queue` is NOWHERE before it has one; of its bytes `kept` are there. */
  drop(
    outbound: 0 | 1,
    event: number,
    queue: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    kept = length,
  ): void {
    const fn = queue < 0 ? 0 : this.#queueFunction[queue]!;
    this.#lost[event * QUEUE_ROWS + queueRow(queue, fn, usesPools(this.#values[MRQC.index]!))]! += 1;
    if (this.on[capturedAt.drops] === 0) return;
    this.#capture.frame(this.#at(outbound, queue), event, this.#trace.packet, bytes, offset, length, kept, undefined);
  }

  #at(outbound: 0 | 1, queue: number): number {
    if (queue < 0) return placeOf(outbound, NOWHERE, NOWHERE, NOWHERE);
    const pool = usesPools(this.#values[MRQC.index]!) ? queue & POOL_MASK : NOWHERE;
    return placeOf(outbound, queue, this.#queueFunction[queue]!, pool);
  }
}
