/** Bytes that wait in order, at most `capacity`; memory is taken when the first ones come. */
export class ByteRing {
  readonly capacity: number;
  used: number;
  private bytes: Uint8Array | undefined;
  private head: number;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.used = 0;
    this.bytes = undefined;
    this.head = 0;
  }

  get free(): number {
    return this.capacity - this.used;
  }

  /** Appends; there must be room. */
  push(source: Uint8Array, offset: number, length: number): void {
    this.bytes ??= new Uint8Array(this.capacity);
    const tail = (this.head + this.used) % this.capacity;
    const first = Math.min(length, this.capacity - tail);
    this.bytes.set(source.subarray(offset, offset + first), tail);
    if (first < length) this.bytes.set(source.subarray(offset + first, offset + length), 0);
    this.used += length;
  }

  /** Offers the waiting bytes, as they lie, to `take`, which answers how many it took; fewer than offered ends it. */
  drain(take: (bytes: Uint8Array, offset: number, length: number) => number): void {
    while (this.used > 0 && this.bytes !== undefined) {
      const length = Math.min(this.used, this.capacity - this.head);
      const taken = take(this.bytes, this.head, length);
      this.skip(taken);
      if (taken < length) return;
    }
  }

  /** Copies the first bytes out without taking them; that many must wait. */
  peek(target: Uint8Array, offset: number, length: number, skip = 0): void {
    if (this.bytes === undefined) return;
    for (let i = 0; i < length;) {
      const from = (this.head + skip + i) % this.capacity;
      const run = Math.min(length - i, this.capacity - from);
      target.set(this.bytes.subarray(from, from + run), offset + i);
      i += run;
    }
  }

  skip(length: number): void {
    this.head = (this.head + length) % this.capacity;
    this.used -= length;
  }

  clear(): void {
    this.head = 0;
    this.used = 0;
    this.bytes = undefined;
  }
}
