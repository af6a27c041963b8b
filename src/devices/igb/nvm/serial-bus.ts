/** A serial bus of the chip that its ports take turns on: that of the NVM, and that of the flash. */

/** A port on the bus. */
export interface BusUser {
  /** The bus is its from now on. */
  granted(): void;
}

export class SerialBus {
  #holder: BusUser | undefined;
  readonly #waiting: Set<BusUser>;

  constructor() {
    this.#holder = undefined;
    this.#waiting = new Set();
  }

  /** Whether the bus is the asker's now; else it is told once it is. */
  acquire(user: BusUser): boolean {
    this.#holder ??= user;
    if (this.#holder !== user) this.#waiting.add(user);
    return this.#holder === user;
  }

  holds(user: BusUser): boolean {
    return this.#holder === user;
  }

  /** Gives the bus back, or asks no longer. */
  release(user: BusUser): void {
    this.#waiting.delete(user);
    if (this.#holder !== user) return;
    const [next] = this.#waiting;
    this.#holder = next;
    if (next === undefined) return;
    this.#waiting.delete(next);
    next.granted();
  }
}
