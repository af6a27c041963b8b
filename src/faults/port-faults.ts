/** The faults of one port. What stands in its ways to the outside exists only while a fault is set that needs it. */
import type { Clock, GuestMemory, InterruptPort, Trace, TraceEvents, Wire } from '../ports/index.ts';
import { aims, type Fault } from './fault.ts';
import { FaultyInterrupts } from './faulty-interrupts.ts';
import { frameFaults } from './faulty-lane.ts';
import { FaultyMemory } from './faulty-memory.ts';
import { FaultyWire } from './faulty-wire.ts';
import { RingPlaces } from './ring-places.ts';
import { faultTraceEvents } from './trace-events.ts';

/** Puts something between a port and what it reaches; undefined takes it away. */
export interface Interposed<T> {
  interpose(between: ((inner: T) => T) | undefined): void;
}

export interface FaultyPort {
  readonly clock: Clock;
  readonly trace: Trace;
  readonly wire: Interposed<Wire>;
  /** By function: 0 the PF, 1 + v VF v. */
  readonly memory: readonly Interposed<GuestMemory>[];
  readonly interrupts: readonly Interposed<InterruptPort>[];
  readonly mailbox: { loses: ((vf: number, to: 'pf' | 'vf') => boolean) | undefined };
  /** Of the register file. */
  readonly values: Uint32Array;
  readonly queueFunction: Uint8Array;
  readonly damaged: (bytes: Uint8Array, offset: number, length: number) => void;
}

/** A wrapper that stands somewhere. */
interface Standing {
  faults: readonly Fault[];
  /** It holds nothing back. */
  readonly idle: boolean;
  /** What it holds back goes on now. */
  settle(): void;
}

/** One place where a wrapper may stand. */
interface Site {
  readonly wants: (fault: Fault) => boolean;
  readonly stand: () => readonly Standing[];
  readonly leave: () => void;
  standing: readonly Standing[];
}

const interruptFaults: readonly string[] = ['lost-interrupt', 'delayed-interrupt'];
const memoryFaults: readonly string[] = ['corrupt-write-back', 'stuck-descriptor', 'dma-error'];

export class PortFaults {
  readonly #port: FaultyPort;
  readonly #events: TraceEvents<typeof faultTraceEvents>;
  readonly #places: RingPlaces;
  readonly #sites: readonly Site[];
  readonly #changed: () => void;

  /** `changed`: a fault is spent or nothing is held any more; call `set` soon, not at once. */
  constructor(port: FaultyPort, changed: () => void) {
    this.#port = port;
    this.#events = port.trace.declare(faultTraceEvents);
    this.#places = new RingPlaces(port.values, port.queueFunction);
    this.#changed = changed;
    this.#sites = [
      this.#wireSite(),
      ...port.memory.map((memory, fn) => this.#memorySite(memory, fn)),
      ...port.interrupts.map((interrupts, fn) => this.#interruptSite(interrupts, fn)),
    ];
  }

  /** The port's faults from now on; those that are spent are left out. With `settle` what is held back goes on. */
  set(all: readonly Fault[], settle = false): void {
    const faults = all.filter(({ spent }) => !spent);
    for (const site of this.#sites) {
      const wanted = faults.filter((fault) => site.wants(fault));
      if (wanted.length > 0 && site.standing.length === 0) site.standing = site.stand();
      for (const standing of site.standing) {
        standing.faults = wanted;
        if (settle && wanted.length === 0) standing.settle();
      }
      if (wanted.length > 0 || site.standing.length === 0 || site.standing.some(({ idle }) => !idle)) continue;
      site.leave();
      site.standing = [];
    }
    this.#setMailbox(faults.filter(({ spec }) => spec.kind === 'mailbox-loss'));
  }

  #wireSite(): Site {
    const { wire, clock, trace, damaged } = this.#port;
    const options = { clock, trace, events: this.#events, damaged, changed: this.#changed };
    return {
      wants: ({ spec }) => spec.kind === 'link-flap' || frameFaults.includes(spec.kind),
      stand: () => {
        const made: FaultyWire[] = [];
        wire.interpose((inner) => {
          const faulty = new FaultyWire(inner, options);
          made.push(faulty);
          return faulty;
        });
        return made;
      },
      leave: () => wire.interpose(undefined),
      standing: [],
    };
  }

  #memorySite(memory: Interposed<GuestMemory>, fn: number): Site {
    const options = {
      ...{ fn, places: this.#places, trace: this.#port.trace },
      ...{ events: this.#events, changed: this.#changed },
    };
    return this.#functionSite(memory, fn, memoryFaults, (inner) => new FaultyMemory(inner, options));
  }

  #interruptSite(interrupts: Interposed<InterruptPort>, fn: number): Site {
    const { clock, trace } = this.#port;
    const options = { fn, clock, trace, events: this.#events, changed: this.#changed };
    return this.#functionSite(interrupts, fn, interruptFaults, (inner) => new FaultyInterrupts(inner, options));
  }

  /** What a function reaches may change while a wrapper stands: each has one of its own, the last of which counts. */
  #functionSite<T>(seam: Interposed<T>, fn: number, kinds: readonly string[], wrap: (inner: T) => T & Standing): Site {
    const site: Site = {
      wants: ({ spec }) => kinds.includes(spec.kind) && aims(spec.function, fn),
      stand: () => {
        let faults: readonly Fault[] = [];
        const made: (T & Standing)[] = [];
        seam.interpose((inner) => {
          faults = made.at(-1)?.faults ?? faults;
          const wrapper = wrap(inner);
          wrapper.faults = faults;
          for (const before of made.splice(0)) before.settle();
          made.push(wrapper);
          return wrapper;
        });
        return made;
      },
      leave: () => seam.interpose(undefined),
      standing: [],
    };
    return site;
  }

  #setMailbox(faults: readonly Fault[]): void {
    const { mailbox, trace } = this.#port;
    const { fault_mailbox_lost } = this.#events;
    mailbox.loses =
      faults.length === 0
        ? undefined
        : (vf, to) => {
            const aimed = faults.filter(({ spec }) => aims(spec.function, 1 + vf) && aims(spec.to, to));
            const lost = aimed.find((fault) => fault.strikes());
            if (lost === undefined) return false;
            if (lost.spent) this.#changed();
            if (trace.on[fault_mailbox_lost] !== 0) trace.emit(fault_mailbox_lost, vf, to === 'pf' ? 0 : 1);
            return true;
          };
  }
}
