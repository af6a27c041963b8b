/** What the ports of one chip share (reference §8.3): semaphores, power states as manageability sees them, and the NVM's bus. */
import type { SerialChip } from './spi-eeprom.ts';

/** A port on the NVM's serial bus. */
export interface NvmUser {
  /** The bus is its from now on. */
  granted(): void;
}

export class IgbChip {
  /** SWSM and SW_FW_SYNC. */
  swsm: number;
  swFwSync: number;
  /** Contents of the NVM and the part that holds them, once the first port has them. */
  words: Uint16Array | undefined;
  part: SerialChip | undefined;
  /** Power state of each port's function: 0 is D0, 3 D3hot; its length is the number of ports. */
  readonly powerStates: number[];
  #holder: NvmUser | undefined;
  readonly #waiting: Set<NvmUser>;

  constructor() {
    this.swsm = 0;
    this.swFwSync = 0;
    this.words = undefined;
    this.part = undefined;
    this.powerStates = [];
    this.#holder = undefined;
    this.#waiting = new Set();
  }

  /** Whether the bus is the asker's now; else it is told once it is. */
  acquire(user: NvmUser): boolean {
    this.#holder ??= user;
    if (this.#holder !== user) this.#waiting.add(user);
    return this.#holder === user;
  }

  holds(user: NvmUser): boolean {
    return this.#holder === user;
  }

  /** Gives the bus back, or asks no longer. */
  release(user: NvmUser): void {
    this.#waiting.delete(user);
    if (this.#holder !== user) return;
    const [next] = this.#waiting;
    this.#holder = next;
    if (next === undefined) return;
    this.#waiting.delete(next);
    next.granted();
  }
}
