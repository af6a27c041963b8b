/** A wire whose frames are traced, and get their numbers: packets are followed from here to the interrupt. */
import {
  beginPacket,
  type FrameOffload,
  type FrameRun,
  type Trace,
  type TraceEvents,
  type Wire,
  type WireDrain,
  type WireGather,
  type WirePort,
} from '../ports/index.ts';
import { netTraceEvents } from './trace-events.ts';

type Events = TraceEvents<typeof netTraceEvents>;

const segmentationNumber = { none: 0, tcp4: 1, tcp6: 2, udp: 3 } as const satisfies Record<
  FrameOffload['segmentation'],
  number
>;

function emitFrame(trace: Trace, event: number, length: number, offload: FrameOffload | undefined): void {
  if (offload === undefined) trace.emit(event, length);
  else {
    const segmentation = segmentationNumber[offload.segmentation];
    trace.emit(
      event,
      length,
      offload.needsChecksum ? 1 : 0,
      segmentation,
      segmentation === 0 ? 0 : offload.segmentSize,
    );
  }
}

class TracedPort implements WirePort {
  readonly #port: WirePort;
  readonly #wire: Wire;
  readonly #trace: Trace;
  readonly #events: Events;

  constructor(port: WirePort, wire: Wire, trace: Trace, events: Events) {
    this.#port = port;
    this.#wire = wire;
    this.#trace = trace;
    this.#events = events;
  }

  canReceive(): boolean {
    if (this.#port.canReceive()) return true;
    if (this.#trace.on[this.#events.net_wait] !== 0) this.#trace.emit(this.#events.net_wait);
    return false;
  }

  receive(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    const trace = this.#trace;
    // A wire may bring a frame while it takes another.
    const { packet } = trace;
    beginPacket(trace);
    if (trace.on[this.#events.net_receive] !== 0) emitFrame(trace, this.#events.net_receive, length, offload);
    this.#port.receive(bytes, offset, length, offload);
    trace.packet = packet;
  }

  receiveRun(run: FrameRun): number {
    return this.#trace.on[this.#events.net_receive] === 0 ? (this.#port.receiveRun?.(run) ?? 0) : 0;
  }

  beginRun(frames: number): void {
    this.#port.beginRun?.(frames);
  }

  endRun(): void {
    this.#port.endRun?.();
  }

  carrierChanged(): void {
    const trace = this.#trace;
    if (trace.on[this.#events.net_carrier] !== 0) trace.emit(this.#events.net_carrier, this.#wire.carrier ? 1 : 0);
    this.#port.carrierChanged();
  }
}

export class TracedWire implements Wire {
  readonly #wire: Wire;
  readonly #trace: Trace;
  readonly #events: Events;

  constructor(wire: Wire, trace: Trace) {
    this.#wire = wire;
    this.#trace = trace;
    this.#events = trace.declare(netTraceEvents);
  }

  get acceptsOffload(): boolean {
    return this.#wire.acceptsOffload;
  }

  get carrier(): boolean {
    return this.#wire.carrier;
  }

  get drain(): WireDrain | undefined {
    return this.#trace.on[this.#events.net_send] === 0 ? this.#wire.drain : undefined;
  }

  get gather(): WireGather | undefined {
    return this.#trace.on[this.#events.net_send] === 0 ? this.#wire.gather : undefined;
  }

  send(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    if (this.#trace.on[this.#events.net_send] !== 0) emitFrame(this.#trace, this.#events.net_send, length, offload);
    this.#wire.send(bytes, offset, length, offload);
  }

  plug(port: WirePort): void {
    this.#wire.plug(new TracedPort(port, this.#wire, this.#trace, this.#events));
  }

  resume(): void {
    if (this.#trace.on[this.#events.net_resume] !== 0) this.#trace.emit(this.#events.net_resume);
    this.#wire.resume();
  }
}
