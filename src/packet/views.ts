/**
 * Views of frame bytes by place and length. TypedArray.set is the only fast copy between buffers and wants a view of
 * exactly the bytes; making one for each copy costs an allocation and twice the time, and the same few come again and again.
 * Each place and length has two slots, so that two that meet in one do not put each other out.
 */

const SLOTS = 2048;
/** Leaves the number of a pair of slots of a 32-bit product. */
const SHIFT = 22;
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
    // The upper bits of a product depend on all bits of the factors.
    const slot = (Math.imul(Math.imul(start, 31) + length, 0x9e3779b1) >>> SHIFT) << 1;
    const first = this.views[slot]!;
    if (first.length === length && this.starts[slot] === start && this.owners[slot] === owner) return first;
    const second = this.views[slot + 1]!;
    if (second.length === length && this.starts[slot + 1] === start && this.owners[slot + 1] === owner) return second;
    this.owners[slot + 1] = this.owners[slot]!;
    this.starts[slot + 1] = this.starts[slot]!;
    this.views[slot + 1] = first;
    const view = owner.subarray(start, start + length);
    this.owners[slot] = owner;
    this.starts[slot] = start;
    this.views[slot] = view;
    return view;
  }
}
