/** One element of a list that a port looks into at each use, with something put in front of what it holds, maybe. */
export class Slot<T> {
  readonly #list: T[];
  readonly #at: number;
  /** Without what stands in front of it. */
  #held: T;
  #between: ((held: T) => T) | undefined;

  constructor(list: T[], at: number) {
    this.#list = list;
    this.#at = at;
    this.#held = list[at]!;
    this.#between = undefined;
  }

  set(value: T): void {
    this.#held = value;
    this.#list[this.#at] = this.#between === undefined ? value : this.#between(value);
  }

  /** Undefined takes it away. It is called anew for each value that the slot gets. */
  interpose(between: ((held: T) => T) | undefined): void {
    this.#between = between;
    this.set(this.#held);
  }
}
