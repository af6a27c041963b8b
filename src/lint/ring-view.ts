/** A ring as the registers of its queue describe it, receive and transmit alike. */
import { pf } from '../devices/igb/tables/index.ts';
import type { RegisterHandle } from '../registers/index.ts';

const TWO_32 = 2 ** 32;
const ENABLE = pf.RXDCTL.ENABLE.mask;
const LENGTH_BITS = 0xffff0;
const INDEX_BITS = 0xffff;

/** Which register of a ring. */
export type RingPart = 'low' | 'high' | 'length' | 'head' | 'tail' | 'control';

export interface RingRegisters extends Readonly<Record<RingPart, RegisterHandle>> {
  /** Index of the register that switches the direction on as a whole, and its bit. */
  readonly switch: { readonly index: number; readonly mask: number };
}

const { RDBAL, RDBAH, RDLEN, RDH, RDT, RXDCTL, RCTL, TDBAL, TDBAH, TDLEN, TDH, TDT, TXDCTL, TCTL } = pf;

export const receiveRing: RingRegisters = {
  low: RDBAL,
  high: RDBAH,
  length: RDLEN,
  head: RDH,
  tail: RDT,
  control: RXDCTL,
  switch: { index: RCTL.index, mask: RCTL.EN.mask },
};

export const transmitRing: RingRegisters = {
  low: TDBAL,
  high: TDBAH,
  length: TDLEN,
  head: TDH,
  tail: TDT,
  control: TXDCTL,
  switch: { index: TCTL.index, mask: TCTL.EN.mask },
};

export class RingView {
  queue: number;
  registers: RingRegisters;
  readonly #values: Uint32Array;

  constructor(values: Uint32Array) {
    this.#values = values;
    this.queue = 0;
    this.registers = receiveRing;
  }

  get lengthBytes(): number {
    return this.#read('length') & LENGTH_BITS;
  }

  /** In descriptors. */
  get size(): number {
    return this.lengthBytes >>> 4;
  }

  get base(): number {
    return this.#read('high') * TWO_32 + this.#read('low');
  }

  get head(): number {
    return this.#read('head') & INDEX_BITS;
  }

  get tail(): number {
    return this.#read('tail') & INDEX_BITS;
  }

  get enabled(): boolean {
    return (this.#read('control') & ENABLE) !== 0;
  }

  /** On, and with it the direction; a queue that is on after a reset has no ring and does not run. */
  get running(): boolean {
    const { index, mask } = this.registers.switch;
    return this.enabled && this.size > 0 && (this.#values[index]! & mask) !== 0;
  }

  #read(part: RingPart): number {
    const { index, step } = this.registers[part];
    return this.#values[index + this.queue * step]!;
  }
}

/** A value of TXDCTL or RXDCTL that switches its queue on. */
export const enables = (control: number): boolean => (control & ENABLE) !== 0;
/** The index of a value of a head or tail. */
export const indexIn = (value: number): number => value & INDEX_BITS;
