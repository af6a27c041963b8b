/**
 * Views of frame bytes by place and length. TypedArray.set is the only fast copy between buffers and wants a view of
 * exactly the bytes; making one for each copy costs an allocation and twice the time, and the same few come again and again.
 */

const SLOTS = 2048;
const EMPTY = new Uint8Array(0);

export class ViewCache {
  private readonly owners: Uint8Array[];
  private readonly starts: Uint32Array;
  private readonly views: Uint8Array[];

  constructor() {
    this.owners = Array.from({ length: SLOTS }, () => EMPTY);
    this.starts = new Uint32Array(SLOTS);
    this.views = Array.from({ length: SLOTS }, () => EMPTY);
  }

  /** A view of owner[start, start + length), which must lie inside. */
  of(owner: Uint8Array, start: number, length: number): Uint8Array {
    const slot = ((start >>> 4) + start * 7 + length) & (SLOTS - 1);
    const known = this.views[slot]!;
    if (known.length === length && this.starts[slot] === start && this.owners[slot] === owner) return known;
    const view = owner.subarray(start, start + length);
    this.owners[slot] = owner;
    this.starts[slot] = start;
    this.views[slot] = view;
    return view;
  }
}
