/** Who answers which memory address of a domain: a flat table, rebuilt when a guest moved something, with the last hit first. */
import type { Trace, TraceEvents } from '../ports/index.ts';
import type { AccessTarget } from './access.ts';
import { Bridge } from './bridge.ts';
import type { Bus } from './bus.ts';
import { ALL_ONES } from './config-space.ts';
import type { PciFunction } from './function.ts';
import { pciTraceEvents } from './trace-events.ts';

/** Above this, numbers are not exact, and nothing is found. */
const ADDRESS_LIMIT = 2 ** 53;

export class AddressMap implements AccessTarget {
  readonly #root: Bus;
  readonly #trace: Trace;
  readonly #events: TraceEvents<typeof pciTraceEvents>;
  #generation: number;
  #starts: Float64Array;
  #ends: Float64Array;
  /** Address of the BAR's first byte; below `start` where a bridge's window cuts it. */
  #bases: Float64Array;
  #barOf: Uint8Array;
  readonly #functions: PciFunction[];
  #count: number;
  #last: number;
  /** Accesses that nothing claimed. */
  unclaimed: number;

  constructor(root: Bus, trace: Trace) {
    this.#root = root;
    this.#trace = trace;
    this.#events = trace.declare(pciTraceEvents);
    this.#generation = -1;
    this.#starts = new Float64Array(32);
    this.#ends = new Float64Array(32);
    this.#bases = new Float64Array(32);
    this.#barOf = new Uint8Array(32);
    this.#functions = [];
    this.#count = 0;
    this.#last = 0;
    this.unclaimed = 0;
  }

  #rebuild(): void {
    this.#generation = this.#root.routing.generation;
    this.#count = 0;
    this.#last = 0;
    this.#functions.length = 0;
    this.#ends[0] = 0;
    this.#starts[0] = 0;
    this.#addBus(this.#root, 0, ADDRESS_LIMIT);
  }

  #addBus(bus: Bus, from: number, to: number): void {
    for (const fn of bus.functions) {
      for (let bar = 0; bar < fn.bars.length; bar += 1) {
        const address = fn.decodedAddress(bar);
        if (address >= 0) this.#add(fn, bar, address, address + fn.bars[bar]!.sizeBytes, from, to);
      }
      if (fn instanceof Bridge) this.#addBridge(fn, from, to);
    }
  }

  #addBridge(bridge: Bridge, from: number, to: number): void {
    for (let window = 0; window < 2; window += 1) {
      const start = Math.max(from, bridge.windowStart(window));
      const end = Math.min(to, bridge.windowEnd(window));
      if (start < end) this.#addBus(bridge.secondary, start, end);
    }
  }

  #add(fn: PciFunction, bar: number, address: number, end: number, from: number, to: number): void {
    if (end <= from || address >= to || end > ADDRESS_LIMIT) return;
    const entry = this.#count;
    if (entry === this.#starts.length) this.#grow();
    this.#starts[entry] = Math.max(address, from);
    this.#ends[entry] = Math.min(end, to);
    this.#bases[entry] = address;
    this.#barOf[entry] = bar;
    this.#functions.push(fn);
    this.#count += 1;
  }

  #grow(): void {
    this.#starts = grown(this.#starts);
    this.#ends = grown(this.#ends);
    this.#bases = grown(this.#bases);
    const bars = new Uint8Array(this.#barOf.length * 2);
    bars.set(this.#barOf);
    this.#barOf = bars;
  }

  /** Entry that claims an address, -1 where none does. */
  #find(address: number): number {
    if (this.#generation !== this.#root.routing.generation) this.#rebuild();
    const last = this.#last;
    if (address >= this.#starts[last]! && address < this.#ends[last]!) return last;
    for (let entry = 0; entry < this.#count; entry += 1) {
      if (address >= this.#starts[entry]! && address < this.#ends[entry]!) {
        this.#last = entry;
        return entry;
      }
    }
    return -1;
  }

  /** Some function answers at this address. */
  claims(address: number): boolean {
    return this.#find(address) >= 0;
  }

  /** Reads 1, 2 or 4 aligned bytes; all ones where nothing answers. */
  read(address: number, size: number): number {
    const entry = this.#find(address);
    if (entry < 0) {
      this.#unclaimed(address, size, 0);
      return ALL_ONES[size]!;
    }
    return this.#functions[entry]!.barRead(this.#barOf[entry]!, address - this.#bases[entry]!, size);
  }

  write(address: number, size: number, value: number): void {
    const entry = this.#find(address);
    if (entry < 0) this.#unclaimed(address, size, 1);
    else this.#functions[entry]!.barWrite(this.#barOf[entry]!, address - this.#bases[entry]!, size, value);
  }

  accessRead(_space: number, offset: number, size: number): number {
    return this.read(offset, size);
  }

  accessWrite(_space: number, offset: number, size: number, value: number): void {
    this.write(offset, size, value);
  }

  #unclaimed(address: number, size: number, write: number): void {
    this.unclaimed += 1;
    const event = this.#events.pci_unclaimed_access;
    if (this.#trace.on[event] !== 0) this.#trace.emit(event, address, size, write);
  }
}

function grown(old: Float64Array): Float64Array {
  const array = new Float64Array(old.length * 2);
  array.set(old);
  return array;
}
