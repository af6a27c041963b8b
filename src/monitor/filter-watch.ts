/** Tells that what a function receives has changed, as QEMU does: once, until somebody has looked again. */
export interface NamedFilter {
  readonly name: string;
}

const EVERY_MS = 200;

export class FilterWatch {
  readonly #fetch: () => Promise<readonly NamedFilter[]>;
  readonly #changed: (name: string) => void;
  /** What is known of each function that a change of is news. */
  readonly #known: Map<string, string>;
  /** Functions whose change was told. */
  readonly #told: Set<string>;
  readonly #wanted: () => boolean;
  #timer: NodeJS.Timeout | undefined;

  /** `fetch` is asked now and then while it is watching and `wanted` says so. */
  constructor(options: {
    readonly fetch: () => Promise<readonly NamedFilter[]>;
    readonly wanted: () => boolean;
    readonly changed: (name: string) => void;
  }) {
    this.#fetch = options.fetch;
    this.#changed = options.changed;
    this.#known = new Map();
    this.#told = new Set();
    this.#wanted = options.wanted;
    this.#timer = undefined;
  }

  /** Whether there is anybody to tell: where there is not, nothing wakes the thread. */
  set watching(on: boolean) {
    if (on === (this.#timer !== undefined)) return;
    clearInterval(this.#timer);
    const look = (): void => {
      if (this.#wanted()) void this.look();
    };
    this.#timer = on ? setInterval(look, EVERY_MS).unref() : undefined;
  }

  /** Compares with what is known. */
  async look(): Promise<void> {
    let filters: readonly NamedFilter[];
    try {
      filters = await this.#fetch();
    } catch {
      return; // the NIC ends
    }
    for (const filter of filters) {
      const { name } = filter;
      const text = JSON.stringify(filter);
      const before = this.#known.get(name);
      if (before === undefined) this.#known.set(name, text);
      else if (before !== text && !this.#told.has(name)) {
        this.#told.add(name);
        this.#changed(name);
      }
    }
  }

  /** Somebody knows these now. */
  seen(filters: readonly NamedFilter[]): void {
    for (const filter of filters) {
      this.#known.set(filter.name, JSON.stringify(filter));
      this.#told.delete(filter.name);
    }
  }

  close(): void {
    this.watching = false;
  }
}
