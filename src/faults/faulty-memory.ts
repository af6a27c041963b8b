/**
 * A function's way to guest memory with faults. What a fault may meet is not given out as a piece, so that the device copies it
 * through `read` and `write`, where faults strike: write-backs and descriptors by the ring that they lie in, data by the
 * ring that was used last.
 */
import type { GuestMemory, MemoryPiece, Trace, TraceEvents } from '../ports/index.ts';
import { aims, type Direction, type Fault } from './fault.ts';
import type { RingPlace, RingPlaces } from './ring-places.ts';
import type { faultTraceEvents } from './trace-events.ts';

export interface FaultyMemoryOptions {
  readonly fn: number;
  readonly places: RingPlaces;
  readonly trace: Trace;
  readonly events: TraceEvents<typeof faultTraceEvents>;
  readonly changed: () => void;
}

const codeOf = (direction: Direction): number => (direction === 'rx' ? 0 : 1);

export class FaultyMemory implements GuestMemory {
  faults: readonly Fault[];
  /** Nothing is ever held. */
  readonly idle = true;
  readonly #inner: GuestMemory;
  readonly #options: FaultyMemoryOptions;
  /** The ring used last. */
  #last: RingPlace | undefined;
  readonly #dword: Uint8Array;

  constructor(inner: GuestMemory, options: FaultyMemoryOptions) {
    this.faults = [];
    this.#inner = inner;
    this.#options = options;
    this.#last = undefined;
    this.#dword = new Uint8Array(4);
  }

  get usable(): boolean {
    return this.#inner.usable;
  }

  settle(): void {
    // Nothing is held.
  }

  forReading(address: number, length: number): MemoryPiece | undefined {
    return this.#meets(this.#place(address, 'tx')) ? undefined : this.#inner.forReading(address, length);
  }

  forWriting(address: number, length: number): MemoryPiece | undefined {
    return this.#meets(this.#place(address, 'rx')) ? undefined : this.#inner.forWriting(address, length);
  }

  placeForReading(address: number, length: number): number {
    return this.#meets(this.#place(address, 'tx')) ? -1 : this.#inner.placeForReading(address, length);
  }

  placeForWriting(address: number, length: number): number {
    return this.#meets(this.#place(address, 'rx')) ? -1 : this.#inner.placeForWriting(address, length);
  }

  read(address: number, target: Uint8Array, offset: number, length: number): boolean {
    if (this.#fails(this.#place(address, 'tx'), address, length)) return false;
    return this.#inner.read(address, target, offset, length);
  }

  write(address: number, source: Uint8Array, offset: number, length: number): boolean {
    const place = this.#place(address, 'rx');
    if (this.#fails(place, address, length)) return false;
    if (!place.ring) return this.#inner.write(address, source, offset, length);
    if (this.#sticks(place, address)) return true;
    const bit = this.#corrupts(place, address, length * 8);
    if (bit < 0) return this.#inner.write(address, source, offset, length);
    const bytes = source.slice(offset, offset + length);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    return this.#inner.write(address, bytes, 0, length);
  }

  write32(address: number, value: number): boolean {
    for (let n = 0; n < 4; n += 1) this.#dword[n] = value >>> (8 * n);
    return this.write(address, this.#dword, 0, 4);
  }

  /** Of data, `otherwise` says the direction. */
  #place(address: number, otherwise: Direction): RingPlace & { readonly ring: boolean } {
    const { fn, places } = this.#options;
    const found = places.at(fn, address);
    if (found !== undefined) {
      this.#last = found;
      return { ...found, ring: true };
    }
    const queue = this.#last?.direction === otherwise ? this.#last.queue : -1;
    return { direction: otherwise, queue, ring: false };
  }

  /** Some fault may strike there. */
  #meets(place: RingPlace & { readonly ring: boolean }): boolean {
    return this.faults.some((fault) => !fault.spent && this.#concerns(fault, place));
  }

  #concerns({ spec }: Fault, { direction, queue, ring }: RingPlace & { readonly ring: boolean }): boolean {
    if (spec.kind !== 'dma-error' && !ring) return false;
    return aims(spec.direction, direction) && aims(spec.queue, queue);
  }

  #striking(kind: Fault['spec']['kind'], place: RingPlace & { readonly ring: boolean }): Fault | undefined {
    const fault = this.faults.find(
      (other) => other.spec.kind === kind && this.#concerns(other, place) && other.strikes(),
    );
    if (fault?.spent === true) this.#options.changed();
    return fault;
  }

  #fails(place: RingPlace & { readonly ring: boolean }, address: number, length: number): boolean {
    if (this.#striking('dma-error', place) === undefined) return false;
    const { fn, trace, events } = this.#options;
    if (trace.on[events.fault_dma_error] !== 0)
      trace.emit(events.fault_dma_error, codeOf(place.direction), fn, address, length);
    return true;
  }

  #sticks(place: RingPlace & { readonly ring: boolean }, address: number): boolean {
    if (this.#striking('stuck-descriptor', place) === undefined) return false;
    const { trace, events } = this.#options;
    if (trace.on[events.fault_descriptor_stuck] !== 0)
      trace.emit(events.fault_descriptor_stuck, codeOf(place.direction), place.queue, address);
    return true;
  }

  /** The bit of `bits` that a fault inverts, or -1. */
  #corrupts(place: RingPlace & { readonly ring: boolean }, address: number, bits: number): number {
    const fault = this.#striking('corrupt-write-back', place);
    if (fault === undefined) return -1;
    const bit = fault.spec.bit === undefined ? fault.pick(bits) : fault.spec.bit % bits;
    const { trace, events } = this.#options;
    if (trace.on[events.fault_write_back_corrupted] !== 0)
      trace.emit(events.fault_write_back_corrupted, codeOf(place.direction), place.queue, address, bit);
    return bit;
  }
}
