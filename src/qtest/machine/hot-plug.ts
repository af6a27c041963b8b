/**
 * ACPI hot-plug of PCI slots, as QEMU's firmware tables use it: bit n of each register is slot n of the bus that the last register
 * selects. A guest that writes a slot's bit to EJECT lets go of the device there.
 */
import type { PortRange } from './port-space.ts';

const UP = 0x00;
const DOWN = 0x04;
const EJECT = 0x08;
const REMOVABLE = 0x0c;
const SELECT = 0x10;

export interface HotPlugSlots {
  /** Bit n: slot n takes hot-plugged devices and lets them go. */
  readonly removable: number;
  /** The guest has let go of what is in a slot. */
  ejected(slot: number): void;
}

export class AcpiHotPlug implements PortRange {
  readonly base: number;
  readonly lengthBytes = 0x14;
  readonly #slots: HotPlugSlots;
  #up: number;
  #down: number;
  #bus: number;

  constructor(base: number, slots: HotPlugSlots) {
    this.base = base;
    this.#slots = slots;
    this.#up = 0;
    this.#down = 0;
    this.#bus = 0;
  }

  /** A device has come into a slot. */
  plugged(slot: number): void {
    this.#up |= 1 << slot;
  }

  /** The guest is asked to let go of a slot. */
  request(slot: number): void {
    this.#down |= 1 << slot;
  }

  reset(): void {
    this.#up = 0;
    this.#down = 0;
    this.#bus = 0;
  }

  read(offset: number, size: number): number {
    if (size !== 4) return 0;
    // One bus only: others have no slots.
    if (this.#bus !== 0 && offset !== SELECT) return 0;
    switch (offset) {
      case UP: {
        const up = this.#up >>> 0;
        this.#up = 0;
        return up;
      }
      case DOWN:
        return this.#down >>> 0;
      case REMOVABLE:
        return this.#slots.removable >>> 0;
      case SELECT:
        return this.#bus;
      default:
        return 0;
    }
  }

  write(offset: number, size: number, value: number): void {
    if (size !== 4) return;
    if (offset === SELECT) this.#bus = value >>> 0;
    if (offset !== EJECT || this.#bus !== 0) return;
    for (let slot = 0; slot < 32; slot += 1) {
      if ((value & (1 << slot)) === 0) continue;
      this.#down &= ~(1 << slot);
      this.#slots.ejected(slot);
    }
  }
}
