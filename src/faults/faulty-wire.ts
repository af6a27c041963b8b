/** A wire with faults, between a port and its wire. Frames are finished before they come here, so that a fault meets one frame. */
import {
  makeTimer,
  type Clock,
  type FrameOffload,
  type Timer,
  type Trace,
  type TraceEvents,
  type Wire,
  type WirePort,
} from '../ports/index.ts';
import { aims, type Fault } from './fault.ts';
import { FaultyLane, frameFaults } from './faulty-lane.ts';
import type { faultTraceEvents } from './trace-events.ts';

export interface FaultyWireOptions {
  readonly clock: Clock;
  readonly trace: Trace;
  readonly events: TraceEvents<typeof faultTraceEvents>;
  /** Takes a received frame whose FCS is wrong. */
  readonly damaged: (bytes: Uint8Array, offset: number, length: number) => void;
  /** Faults are spent, or nothing is held any more. */
  readonly changed: () => void;
}

export class FaultyWire implements Wire, WirePort {
  /** The port is to finish its frames itself. */
  readonly acceptsOffload = false;
  readonly #wire: Wire;
  readonly #options: FaultyWireOptions;
  readonly #received: FaultyLane;
  readonly #sent: FaultyLane;
  #port: WirePort | undefined;
  #flaps: readonly Fault[];
  #down: boolean;
  readonly #flapTimer: Timer;

  constructor(wire: Wire, options: FaultyWireOptions) {
    this.#wire = wire;
    this.#options = options;
    const { damaged } = options;
    this.#received = new FaultyLane({
      ...options,
      direction: 'rx',
      damage: damaged,
      deliver: (...frame) => this.#port?.receive(...frame),
    });
    // The other end drops it, so that nothing is to be done.
    this.#sent = new FaultyLane({
      ...options,
      direction: 'tx',
      damage: () => undefined,
      deliver: (...frame) => wire.send(...frame),
    });
    this.#port = undefined;
    this.#flaps = [];
    this.#down = false;
    this.#flapTimer = makeTimer(() => this.#flap());
  }

  /** Nothing is held and the link is not down by a fault: it may go. */
  get idle(): boolean {
    return !this.#down && this.#received.idle && this.#sent.idle;
  }

  set faults(faults: readonly Fault[]) {
    const frames = faults.filter(({ spec }) => frameFaults.includes(spec.kind));
    this.#received.faults = frames.filter(({ spec }) => aims(spec.direction, 'rx'));
    this.#sent.faults = frames.filter(({ spec }) => aims(spec.direction, 'tx'));
    const flaps = faults.filter(({ spec }) => spec.kind === 'link-flap');
    const fresh = flaps.some((fault) => !this.#flaps.includes(fault));
    this.#flaps = flaps;
    if (fresh && !this.#down) this.#flap();
  }

  /** The link comes up, and held frames go on. */
  settle(): void {
    this.#options.clock.disarm(this.#flapTimer);
    if (this.#down) this.#setDown(false);
    this.#received.flush();
    this.#sent.flush();
  }

  get carrier(): boolean {
    return !this.#down && this.#wire.carrier;
  }

  send(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    if (!this.#down) this.#sent.pass(bytes, offset, length, offload);
  }

  plug(port: WirePort): void {
    this.#port = port;
    this.#wire.plug(this);
  }

  resume(): void {
    this.#wire.resume();
  }

  canReceive(): boolean {
    return this.#port?.canReceive() ?? true;
  }

  receive(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    if (!this.#down) this.#received.pass(bytes, offset, length, offload);
  }

  carrierChanged(): void {
    this.#port?.carrierChanged();
  }

  /** Down at an occasion, one each period; up again after its time. */
  #flap(): void {
    const { clock, changed } = this.#options;
    if (this.#down) {
      this.#setDown(false);
      const [next] = this.#flaps.filter(({ spent }) => !spent);
      if (next === undefined) changed();
      else clock.arm(this.#flapTimer, clock.now() + Math.max(0, next.spec.periodNs - next.spec.downNs));
      return;
    }
    const striking = this.#flaps.find((fault) => fault.strikes());
    const [first] = this.#flaps;
    if (striking !== undefined) {
      this.#setDown(true);
      clock.arm(this.#flapTimer, clock.now() + striking.spec.downNs);
    } else if (first !== undefined) clock.arm(this.#flapTimer, clock.now() + first.spec.periodNs);
  }

  #setDown(down: boolean): void {
    const { trace, events } = this.#options;
    this.#down = down;
    if (trace.on[events.fault_link_flap] !== 0) trace.emit(events.fault_link_flap, down ? 0 : 1);
    this.#port?.carrierChanged();
  }
}
