/** Rings of advanced descriptors, one buffer a frame, as igbvf sets them up (reference §9.7, §3). */
import type { vf } from '../devices/igb/tables/index.ts';
import { read, update, write, type DriverMemory, type RegisterBus } from './bus.ts';

const DESCRIPTORS = 32;
const DESCRIPTOR_BYTES = 16;
const ENABLE = 1 << 25;

/** Data descriptor, DEXT, RS, IFCS, EOP. */
const DATA_COMMAND = 0x2b30_0000;
const PAYLOAD_SHIFT = 14;
/** Drop when full, one buffer; its size in KB is to be added. */
const RECEIVE_CONTROL = 0x8200_0000;
const KB = 1024;
/** PTHRESH 16, HTHRESH 8, WTHRESH 1. */
const THRESHOLDS = 16 | (8 << 8) | (1 << 16);
const THRESHOLD_BITS = 0x000f_ffff;
const DONE = 1;
const VLAN_PRESENT = 1 << 3;

type QueueRegister = 'BAL' | 'BAH' | 'LEN' | 'H' | 'T';
/** The registers of both directions' queues, of a VF or of the PF: the names are the same. */
export type QueueRegisters = Pick<
  Readonly<Record<keyof typeof vf, { readonly at: number; readonly step: number }>>,
  `TD${QueueRegister}` | `RD${QueueRegister}` | 'TXDCTL' | 'RXDCTL' | 'SRRCTL'
>;

/** Where a queue is, and the memory for its ring. */
export interface RingPlace {
  readonly bus: RegisterBus;
  readonly memory: DriverMemory;
  readonly registers: QueueRegisters;
  readonly queue: number;
  /** Longest frame that is sent or received, a multiple of 1024. */
  readonly bufferBytes: number;
}

/** A frame that was received; `tag` where the device stripped one. */
export interface ReceivedFrame {
  readonly bytes: Uint8Array;
  readonly tag: number | undefined;
}

/** Ring and buffers, registers set up and the queue off. */
function prepare({ bus, memory, registers, queue }: RingPlace, direction: 'TD' | 'RD'): number {
  const ring = memory.allocate(DESCRIPTORS * DESCRIPTOR_BYTES);
  update(bus, direction === 'TD' ? registers.TXDCTL : registers.RXDCTL, ENABLE, 0, queue);
  write(bus, registers[`${direction}BAL`], ring % 2 ** 32, queue);
  write(bus, registers[`${direction}BAH`], Math.floor(ring / 2 ** 32), queue);
  write(bus, registers[`${direction}LEN`], DESCRIPTORS * DESCRIPTOR_BYTES, queue);
  write(bus, registers[`${direction}H`], 0, queue);
  write(bus, registers[`${direction}T`], 0, queue);
  return ring;
}

export class TransmitRing {
  readonly #place: RingPlace;
  readonly #ring: number;
  readonly #buffers: number;
  #next: number;

  /** Sets the queue up and enables it. */
  constructor(place: RingPlace) {
    this.#place = place;
    this.#ring = prepare(place, 'TD');
    this.#buffers = place.memory.allocate(DESCRIPTORS * place.bufferBytes);
    this.#next = 0;
    update(place.bus, place.registers.TXDCTL, 0, ENABLE, place.queue);
  }

  /** Puts one frame on the ring; the device has it when the tail is written. The ring must not be full. */
  send(frame: Uint8Array): void {
    const { bus, memory, registers, queue } = this.#place;
    const buffer = this.#buffers + this.#next * this.#place.bufferBytes;
    const descriptor = this.#ring + this.#next * DESCRIPTOR_BYTES;
    memory.writeBytes(buffer, frame);
    memory.write32(descriptor, buffer % 2 ** 32);
    memory.write32(descriptor + 4, Math.floor(buffer / 2 ** 32));
    memory.write32(descriptor + 8, DATA_COMMAND | frame.length);
    memory.write32(descriptor + 12, frame.length << PAYLOAD_SHIFT);
    this.#next = (this.#next + 1) % DESCRIPTORS;
    write(bus, registers.TDT, this.#next, queue);
  }

  /** Frames that the device has not fetched yet. */
  get waiting(): number {
    const { bus, registers, queue } = this.#place;
    return (this.#next - read(bus, registers.TDH, queue) + DESCRIPTORS) % DESCRIPTORS;
  }
}

export class ReceiveRing {
  readonly #place: RingPlace;
  readonly #ring: number;
  readonly #buffers: number;
  #next: number;

  /** Sets the queue up, enables it and gives it all buffers but one. */
  constructor(place: RingPlace) {
    this.#place = place;
    this.#ring = prepare(place, 'RD');
    this.#buffers = place.memory.allocate(DESCRIPTORS * place.bufferBytes);
    this.#next = 0;
    const { bus, registers, queue } = place;
    write(bus, registers.SRRCTL, RECEIVE_CONTROL | (place.bufferBytes / KB), queue);
    update(bus, registers.RXDCTL, THRESHOLD_BITS, ENABLE | THRESHOLDS, queue);
    for (let slot = 0; slot < DESCRIPTORS; slot += 1) this.#refill(slot);
    write(bus, registers.RDT, DESCRIPTORS - 1, queue);
  }

  /** What has been written back since the last call; the buffers are the device's again. */
  take(): ReceivedFrame[] {
    const { bus, memory, registers, queue } = this.#place;
    const frames: ReceivedFrame[] = [];
    for (;;) {
      const descriptor = this.#ring + this.#next * DESCRIPTOR_BYTES;
      const status = memory.read32(descriptor + 8);
      if ((status & DONE) === 0) return frames;
      const lengths = memory.read32(descriptor + 12);
      frames.push({
        bytes: memory.readBytes(this.#buffers + this.#next * this.#place.bufferBytes, lengths & 0xffff),
        tag: (status & VLAN_PRESENT) === 0 ? undefined : lengths >>> 16,
      });
      this.#refill(this.#next);
      write(bus, registers.RDT, this.#next, queue);
      this.#next = (this.#next + 1) % DESCRIPTORS;
    }
  }

  #refill(slot: number): void {
    const { memory } = this.#place;
    const descriptor = this.#ring + slot * DESCRIPTOR_BYTES;
    const buffer = this.#buffers + slot * this.#place.bufferBytes;
    memory.write32(descriptor, buffer % 2 ** 32);
    memory.write32(descriptor + 4, Math.floor(buffer / 2 ** 32));
    memory.write32(descriptor + 8, 0);
    memory.write32(descriptor + 12, 0);
  }
}
