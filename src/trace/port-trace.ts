/** Trace events of the second port of a chip: the first one's, with the port's number in their records. */
import type { Trace, TraceEvents, TraceEventSpec } from '../ports/index.ts';

/** The port stands above the event's number. */
export const PORT_UNIT = 1 << 16;

/** What the parts of a port trace to. */
export function traceOf(trace: Trace, port: number): Trace {
  return port === 0 ? trace : new PortTrace(trace, port);
}

class PortTrace implements Trace {
  readonly on: Uint8Array;
  readonly #trace: Trace;
  readonly #first: number;

  /** `port` is not 0. */
  constructor(trace: Trace, port: number) {
    this.on = trace.on;
    this.#trace = trace;
    this.#first = port * PORT_UNIT;
  }

  get packet(): number {
    return this.#trace.packet;
  }

  set packet(number: number) {
    this.#trace.packet = number;
  }

  get lastPacket(): number {
    return this.#trace.lastPacket;
  }

  set lastPacket(number: number) {
    this.#trace.lastPacket = number;
  }

  declare<const T extends Readonly<Record<string, TraceEventSpec>>>(specs: T): TraceEvents<T> {
    return this.#trace.declare(specs);
  }

  emit(event: number, a?: number, b?: number, c?: number, d?: number, e?: number): void {
    this.#trace.emit(this.#first + event, a, b, c, d, e);
  }
}
