/** Gives out runs of an address space in whole pages, the first that fits, and takes them back. */
const PAGE = 4096;

export class Windows {
  /** Free runs as start, end, start, end …, ascending and apart. */
  readonly #free: number[];

  constructor(start: number, end: number) {
    this.#free = end > start ? [start, end] : [];
  }

  /** The start of a run of `length` bytes, or -1 where none is left. */
  take(length: number): number {
    const wanted = Math.ceil(length / PAGE) * PAGE;
    const free = this.#free;
    for (let n = 0; n < free.length; n += 2) {
      const start = free[n]!;
      if (free[n + 1]! - start < wanted) continue;
      if (free[n + 1] === start + wanted) free.splice(n, 2);
      else free[n] = start + wanted;
      return start;
    }
    return -1;
  }

  /** Takes back what `take` gave for that length. */
  giveBack(start: number, length: number): void {
    const free = this.#free;
    const end = start + Math.ceil(length / PAGE) * PAGE;
    let at = 0;
    while (at < free.length && free[at]! < start) at += 2;
    free.splice(at, 0, start, end);
    if (free[at + 2] === end) free.splice(at + 1, 2);
    if (at > 0 && free[at - 1] === start) free.splice(at - 1, 2);
  }

  get bytes(): number {
    let sum = 0;
    for (let n = 0; n < this.#free.length; n += 2) sum += this.#free[n + 1]! - this.#free[n]!;
    return sum;
  }
}
