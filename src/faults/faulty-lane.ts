/** One direction of a wire with faults. Frames that are held wait in copies, in the order in which they are due. */
import { makeTimer, type Clock, type FrameOffload, type Timer, type Trace, type TraceEvents } from '../ports/index.ts';
import type { Direction, Fault } from './fault.ts';
import type { faultTraceEvents } from './trace-events.ts';

/** Beyond this many, frames that would be held go on at once. */
const MOST_HELD = 1024;

type Frame = (bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined) => void;

export interface LaneOptions {
  readonly direction: Direction;
  readonly clock: Clock;
  readonly trace: Trace;
  readonly events: TraceEvents<typeof faultTraceEvents>;
  /** Where frames go on. */
  readonly deliver: Frame;
  /** Takes one whose FCS is wrong. */
  readonly damage: (bytes: Uint8Array, offset: number, length: number) => void;
  /** A fault has struck for the last time, or nothing is held any more. */
  readonly changed: () => void;
}

interface Held {
  readonly dueNs: number;
  /** It goes on behind the next frame, if not before. */
  readonly overtaken: boolean;
  readonly bytes: Uint8Array;
  readonly offload: FrameOffload | undefined;
  readonly packet: number;
}

export class FaultyLane {
  faults: readonly Fault[];
  readonly #options: LaneOptions;
  readonly #code: number;
  #held: Held[];
  readonly #timer: Timer;

  constructor(options: LaneOptions) {
    this.faults = [];
    this.#options = options;
    this.#code = options.direction === 'rx' ? 0 : 1;
    this.#held = [];
    this.#timer = makeTimer(() => this.#release(({ dueNs }) => dueNs <= options.clock.now()));
  }

  get idle(): boolean {
    return this.#held.length === 0;
  }

  /** A frame comes into this direction. */
  pass(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    const { trace, events, deliver, damage } = this.#options;
    const waiting = this.#held.filter(({ overtaken }) => overtaken);
    let copies = 1;
    for (const fault of this.faults) {
      const { kind, delayNs } = fault.spec;
      const holds = kind === 'delay' || kind === 'reorder';
      if ((holds && this.#held.length >= MOST_HELD) || !fault.strikes()) continue;
      if (fault.spent) this.#options.changed();
      const event = events[eventNames[kind as keyof typeof eventNames]];
      if (trace.on[event] !== 0) trace.emit(event, this.#code, length, kind === 'delay' ? delayNs : 0);
      if (kind === 'duplicate') copies += 1;
      else {
        if (kind === 'bad-fcs') damage(bytes, offset, length);
        else if (holds) this.#hold(bytes, offset, length, offload, delayNs, kind === 'reorder');
        copies = 0;
        break;
      }
    }
    for (let n = 0; n < copies; n += 1) deliver(bytes, offset, length, offload);
    if (copies > 0 && waiting.length > 0) this.#release((held) => waiting.includes(held));
  }

  /** Everything that is held goes on now. */
  flush(): void {
    this.#release(() => true);
  }

  #hold(
    bytes: Uint8Array,
    offset: number,
    length: number,
    offload: FrameOffload | undefined,
    delayNs: number,
    overtaken: boolean,
  ): void {
    const { clock, trace } = this.#options;
    const dueNs = clock.now() + delayNs;
    const frame = bytes.slice(offset, offset + length);
    const held = { dueNs, overtaken, bytes: frame, offload: offload && { ...offload }, packet: trace.packet };
    const behind = this.#held.findIndex((other) => other.dueNs > dueNs);
    this.#held.splice(behind < 0 ? this.#held.length : behind, 0, held);
    clock.arm(this.#timer, this.#held[0]!.dueNs);
  }

  #release(due: (held: Held) => boolean): void {
    const { clock, trace, deliver, changed } = this.#options;
    const out = this.#held.filter((held) => due(held));
    this.#held = this.#held.filter((held) => !out.includes(held));
    if (this.#held.length > 0) clock.arm(this.#timer, this.#held[0]!.dueNs);
    else clock.disarm(this.#timer);
    const { packet } = trace;
    for (const held of out) {
      trace.packet = held.packet;
      deliver(held.bytes, 0, held.bytes.length, held.offload);
    }
    trace.packet = packet;
    if (out.length > 0 && this.idle) changed();
  }
}

const eventNames = {
  'bad-fcs': 'fault_bad_fcs',
  drop: 'fault_drop',
  duplicate: 'fault_duplicate',
  reorder: 'fault_reorder',
  delay: 'fault_delay',
} as const;

/** Kinds that a lane knows. */
export const frameFaults: readonly string[] = Object.keys(eventNames);
