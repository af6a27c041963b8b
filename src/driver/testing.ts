/** Fake guest memory as a driver's, for tests. */
import type { FakeMemory } from '../devices/igb/testing.ts';
import type { DriverMemory } from './bus.ts';

const ALIGNMENT = 128;

/** Gives out a fake memory from `base` on, from its start where none is given. */
export class FakeDriverMemory implements DriverMemory {
  readonly #memory: FakeMemory;
  #next: number;

  constructor(memory: FakeMemory, base = memory.piece.base) {
    this.#memory = memory;
    this.#next = base;
  }

  allocate(lengthBytes: number): number {
    const address = this.#next;
    this.#next += Math.ceil(lengthBytes / ALIGNMENT) * ALIGNMENT;
    const { base, length } = this.#memory.piece;
    if (this.#next > base + length) throw new Error('the fake memory is full');
    return address;
  }

  read32(address: number): number {
    return this.#memory.peek32(address);
  }

  write32(address: number, value: number): void {
    this.#memory.poke32(address, value);
  }

  readBytes(address: number, length: number): Uint8Array {
    return this.#memory.peekBytes(address, length);
  }

  writeBytes(address: number, bytes: Uint8Array): void {
    this.#memory.pokeBytes(address, bytes);
  }
}
