/** Descriptor rings in the open: a case writes dwords and reads dwords. */
import { type DriverMemory, type QueueRegisters, type RegisterBus, update, write } from '../../src/driver/index.ts';

const DESCRIPTOR_BYTES = 16;
const ENABLE = 1 << 25;
const DONE = 1;

/** Command bits of transmit descriptors, dword 2. */
export const TX = {
  EOP: 1 << 24,
  IFCS: 1 << 25,
  /** Legacy: insert checksum. */
  IC: 1 << 26,
  RS: 1 << 27,
  DEXT: 1 << 29,
  VLE: 1 << 30,
  TSE: 0x8000_0000,
  TSTAMP: 1 << 19,
  CONTEXT: 0x2020_0000,
  DATA: 0x2030_0000,
} as const;

/** Options of a data descriptor, dword 3. */
export const OPTION = { IXSM: 1 << 8, TXSM: 1 << 9 } as const;
/** L4T of a context, bits 12:11 of dword 2. */
export const L4 = { udp: 0, tcp: 1, sctp: 2 } as const;

/** SRRCTL.DESCTYPE in place. */
export const DESCRIPTOR = {
  legacy: 0,
  oneBuffer: 1 << 25,
  split: 2 << 25,
  replicate: 3 << 25,
  replicateLarge: 4 << 25,
  splitAlways: 5 << 25,
} as const;
export const DROP_EN = 0x8000_0000;

/** Bits of dword 2 of an advanced write-back. */
export const RX = {
  DD: 1,
  EOP: 2,
  IXSM: 4,
  VP: 8,
  UDPCS: 0x10,
  L4CS: 0x20,
  IPCS: 0x40,
  PIF: 0x80,
  IPIDV: 1 << 9,
  DYNINT: 1 << 11,
  TS: 1 << 16,
  LB: 1 << 18,
  HBO: 1 << 23,
  L4E: 1 << 29,
  IPE: 1 << 30,
} as const;

/** Where a queue is. */
export interface QueuePlace {
  readonly bus: RegisterBus;
  readonly memory: DriverMemory;
  readonly registers: QueueRegisters;
  readonly queue: number;
}

export interface ContextFields {
  readonly slot?: number;
  readonly macLength?: number;
  readonly ipLength?: number;
  readonly l4Length?: number;
  readonly tag?: number;
  readonly ipv4?: boolean;
  readonly l4?: number;
  readonly mss?: number;
}

function dwordsOf(bytes: Uint8Array, at = 0): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  return [0, 4, 8, 12].map((offset) => view.getUint32(offset, true));
}

export class TxQueue {
  readonly ring: number;
  readonly size: number;
  readonly place: QueuePlace;
  tail: number;

  /** Sets the queue up, and enables it unless told otherwise. */
  constructor(place: QueuePlace, { size = 32, enable = true }: { size?: number; enable?: boolean } = {}) {
    const { bus, memory, registers, queue } = place;
    this.place = place;
    this.size = size;
    this.tail = 0;
    this.ring = memory.allocate(size * DESCRIPTOR_BYTES);
    write(bus, registers.TXDCTL, 0, queue);
    write(bus, registers.TDBAL, this.ring, queue);
    write(bus, registers.TDBAH, 0, queue);
    write(bus, registers.TDLEN, size * DESCRIPTOR_BYTES, queue);
    write(bus, registers.TDH, 0, queue);
    write(bus, registers.TDT, 0, queue);
    if (enable) this.enable();
  }

  enable(): void {
    write(this.place.bus, this.place.registers.TXDCTL, ENABLE, this.place.queue);
  }

  /** A descriptor behind the others, which the device does not know of yet; its index. */
  post(...dwords: readonly [number, number, number, number]): number {
    const index = this.tail;
    this.place.memory.writeBytes(
      this.ring + index * DESCRIPTOR_BYTES,
      new Uint8Array(Uint32Array.from(dwords, (dword) => dword >>> 0).buffer),
    );
    this.tail = (this.tail + 1) % this.size;
    return index;
  }

  /** Bytes in fresh memory; their address. */
  bytes(data: Uint8Array): number {
    const address = this.place.memory.allocate(Math.max(data.length, 1));
    this.place.memory.writeBytes(address, data);
    return address;
  }

  /** An advanced data descriptor for a whole packet; `command` and `options` are added. */
  data(frame: Uint8Array, command = 0, options = 0, payloadLength = frame.length): number {
    const bits = TX.DATA | TX.IFCS | TX.EOP | TX.RS;
    return this.post(this.bytes(frame), 0, bits | command | frame.length, options | (payloadLength << 14));
  }

  context(fields: ContextFields = {}): number {
    const {
      slot = 0,
      macLength = 14,
      ipLength = 20,
      l4Length = 20,
      tag = 0,
      ipv4 = true,
      l4 = L4.tcp,
      mss = 0,
    } = fields;
    return this.post(
      (tag << 16) | (macLength << 9) | ipLength,
      0,
      TX.CONTEXT | (l4 << 11) | (ipv4 ? 1 << 10 : 0),
      (mss << 16) | (l4Length << 8) | (slot << 4),
    );
  }

  /** A legacy descriptor for a whole packet. */
  legacy(frame: Uint8Array, command = 0, { cso = 0, css = 0, tag = 0 } = {}): number {
    const bits = TX.EOP | TX.IFCS | TX.RS;
    return this.post(this.bytes(frame), 0, bits | command | (cso << 16) | frame.length, (tag << 16) | (css << 8));
  }

  /** Gives the device what was posted. */
  go(): void {
    write(this.place.bus, this.place.registers.TDT, this.tail, this.place.queue);
  }

  /** One plain frame. */
  send(frame: Uint8Array, command = 0, options = 0): number {
    const index = this.data(frame, command, options);
    this.go();
    return index;
  }

  dwords(index: number): number[] {
    return dwordsOf(this.place.memory.readBytes(this.ring + index * DESCRIPTOR_BYTES, DESCRIPTOR_BYTES));
  }

  isDone(index: number): boolean {
    return (this.dwords(index)[3]! & DONE) !== 0;
  }
}

export interface RxOptions {
  readonly size?: number;
  /** Descriptors that the device gets; all but one where not given. */
  readonly available?: number;
  /** SRRCTL; advanced, one buffer of 2 KB where not given. */
  readonly srrctl?: number;
  readonly bufferBytes?: number;
  readonly headerBytes?: number;
  readonly enable?: boolean;
}

/** A descriptor that has been written back, with what its buffers hold. */
export interface Received {
  readonly index: number;
  readonly dwords: readonly number[];
  /** Dword 2. */
  readonly status: number;
  readonly length: number;
  readonly tag: number;
  /** The packet buffer, as long as the descriptor says. */
  readonly bytes: Uint8Array;
}

export class RxQueue {
  readonly ring: number;
  readonly size: number;
  readonly place: QueuePlace;
  readonly bufferBytes: number;
  readonly headerBytes: number;
  readonly #buffers: number;
  readonly #headers: number;
  #next: number;

  /** Sets the queue up, and enables it with its descriptors unless told otherwise. */
  constructor(place: QueuePlace, options: RxOptions = {}) {
    const { bus, memory, registers, queue } = place;
    this.place = place;
    this.size = options.size ?? 16;
    this.bufferBytes = options.bufferBytes ?? 2048;
    this.headerBytes = options.headerBytes ?? 256;
    this.#next = 0;
    this.ring = memory.allocate(this.size * DESCRIPTOR_BYTES);
    this.#buffers = memory.allocate(this.size * this.bufferBytes);
    this.#headers = memory.allocate(this.size * this.headerBytes);
    const image = new Uint32Array(this.size * 4);
    for (let index = 0; index < this.size; index += 1) image.set(this.#fresh(index), index * 4);
    memory.writeBytes(this.ring, new Uint8Array(image.buffer));
    write(bus, registers.RXDCTL, 0, queue);
    write(bus, registers.RDBAL, this.ring, queue);
    write(bus, registers.RDBAH, 0, queue);
    write(bus, registers.RDLEN, this.size * DESCRIPTOR_BYTES, queue);
    write(bus, registers.SRRCTL, options.srrctl ?? DESCRIPTOR.oneBuffer | (this.bufferBytes >>> 10), queue);
    write(bus, registers.RDH, 0, queue);
    write(bus, registers.RDT, 0, queue);
    if (options.enable === false) return;
    update(bus, registers.RXDCTL, 0, ENABLE, queue);
    this.give(options.available ?? this.size - 1);
  }

  /** Writes the tail: descriptors before this index are the device's. */
  give(tail: number): void {
    write(this.place.bus, this.place.registers.RDT, tail, this.place.queue);
  }

  /** Descriptors that have been written back since the last call, in the advanced format. */
  take(): Received[] {
    const taken: Received[] = [];
    for (;;) {
      const dwords = this.dwords(this.#next);
      if ((dwords[2]! & DONE) === 0) return taken;
      taken.push(this.#received(dwords, dwords[2]!, dwords[3]! & 0xffff, dwords[3]! >>> 16));
      this.#advance();
    }
  }

  /** The same in the legacy format; `status` is dword 3. */
  takeLegacy(): Received[] {
    const taken: Received[] = [];
    for (;;) {
      const dwords = this.dwords(this.#next);
      if ((dwords[3]! & DONE) === 0) return taken;
      taken.push(this.#received(dwords, dwords[3]! & 0xffff, dwords[2]! & 0xffff, dwords[3]! >>> 16));
      this.#advance();
    }
  }

  /** Whole frames of advanced descriptors, each put together from its buffers. */
  frames(): Uint8Array[] {
    const frames: Uint8Array[] = [];
    let parts: number[] = [];
    for (const { bytes, status } of this.take()) {
      parts.push(...bytes);
      if ((status & RX.EOP) === 0) continue;
      frames.push(Uint8Array.from(parts));
      parts = [];
    }
    return frames;
  }

  dwords(index: number): number[] {
    return dwordsOf(this.place.memory.readBytes(this.ring + index * DESCRIPTOR_BYTES, DESCRIPTOR_BYTES));
  }

  buffer(index: number, length = this.bufferBytes): Uint8Array {
    return this.place.memory.readBytes(this.#buffers + index * this.bufferBytes, length);
  }

  header(index: number, length = this.headerBytes): Uint8Array {
    return this.place.memory.readBytes(this.#headers + index * this.headerBytes, length);
  }

  #received(dwords: readonly number[], status: number, length: number, tag: number): Received {
    const index = this.#next;
    return { index, dwords, status, length, tag, bytes: this.buffer(index, Math.min(length, this.bufferBytes)) };
  }

  /** The descriptor is empty again, but the device's only when the tail says so. */
  #advance(): void {
    const fresh = new Uint8Array(Uint32Array.from(this.#fresh(this.#next)).buffer);
    this.place.memory.writeBytes(this.ring + this.#next * DESCRIPTOR_BYTES, fresh);
    this.#next = (this.#next + 1) % this.size;
  }

  #fresh(index: number): number[] {
    return [this.#buffers + index * this.bufferBytes, 0, this.#headers + index * this.headerBytes, 0];
  }
}
