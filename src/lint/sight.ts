/** What a check is shown: one access or event, and the port as it is at that moment. */
import type { PortContext } from '../devices/igb/context.ts';
import type { PortHistory } from './history.ts';
import { RingView } from './ring-view.ts';

/** One object a port, filled in for each look. */
export class Sight {
  readonly context: PortContext;
  /** Registers by storage index, as they are: looking changes nothing. */
  readonly values: Uint32Array;
  readonly history: PortHistory;
  readonly ring: RingView;
  /** Arguments of the event; of an access to the port, offset and value. */
  a: number;
  b: number;
  c: number;
  d: number;
  e: number;
  /** Element of the register that is written. */
  element: number;

  constructor(context: PortContext, history: PortHistory) {
    this.context = context;
    this.values = context.registers.values;
    this.history = history;
    this.ring = new RingView(this.values);
    this.a = 0;
    this.b = 0;
    this.c = 0;
    this.d = 0;
    this.e = 0;
    this.element = 0;
  }

  /** What is written. */
  get value(): number {
    return this.b;
  }

  /** The register that is written, or another of the same number, as it is now. */
  now(register: { readonly index: number; readonly step: number }, element = this.element): number {
    return this.values[register.index + element * register.step]!;
  }

  has(register: { readonly index: number }, field: { readonly mask: number }): boolean {
    return (this.values[register.index]! & field.mask) !== 0;
  }

  /** 0 the PF, 1 + v VF v. */
  ownerOf(queue: number): number {
    return this.context.queueFunction[queue]!;
  }

  /** Every queue of some ring, until `check` says yes. */
  someRing(registers: RingView['registers'], count: number, check: (ring: RingView) => boolean): boolean {
    const { ring } = this;
    ring.registers = registers;
    for (ring.queue = 0; ring.queue < count; ring.queue += 1) if (check(ring)) return true;
    return false;
  }
}
