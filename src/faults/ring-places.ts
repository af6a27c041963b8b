/** Which queue's ring a guest address lies in, as the registers say now. For faults only: it looks at every ring. */
import { pf } from '../devices/igb/tables/index.ts';
import type { Direction } from './fault.ts';

const TWO_32 = 2 ** 32;
const { RDBAH, RDBAL, RDLEN, TDBAH, TDBAL, TDLEN, TDWBAH, TDWBAL } = pf;

export interface RingPlace {
  readonly direction: Direction;
  readonly queue: number;
}

interface RingRegisters {
  readonly index: number;
  readonly step: number;
}

export class RingPlaces {
  readonly #values: Uint32Array;
  readonly #queueFunction: Uint8Array;

  constructor(values: Uint32Array, queueFunction: Uint8Array) {
    this.#values = values;
    this.#queueFunction = queueFunction;
  }

  /** Undefined where the address lies in no ring of the function's queues, nor where one's head is stored. */
  at(fn: number, address: number): RingPlace | undefined {
    for (let queue = 0; queue < RDBAL.count; queue += 1) {
      if (this.#queueFunction[queue] !== fn) continue;
      if (this.#holds(RDBAL, RDBAH, RDLEN, queue, address)) return { direction: 'rx', queue };
      if (this.#holds(TDBAL, TDBAH, TDLEN, queue, address)) return { direction: 'tx', queue };
      if (this.#storesHead(queue, address)) return { direction: 'tx', queue };
    }
    return undefined;
  }

  #holds(low: RingRegisters, high: RingRegisters, size: RingRegisters, queue: number, address: number): boolean {
    const base = this.#base(low, high, queue) - (this.#value(low, queue) & 0xf);
    return address >= base && address < base + (this.#value(size, queue) & 0xfffff);
  }

  #storesHead(queue: number, address: number): boolean {
    const low = this.#value(TDWBAL, queue);
    return (low & TDWBAL.HEAD_WB.mask) !== 0 && address === this.#base(TDWBAL, TDWBAH, queue) - (low & 3);
  }

  #base(low: RingRegisters, high: RingRegisters, queue: number): number {
    return this.#value(high, queue) * TWO_32 + this.#value(low, queue);
  }

  #value({ index, step }: RingRegisters, queue: number): number {
    return this.#values[index + queue * step]!;
  }
}
