/**
 * Configuration space of one function: 4096 bytes, each bit with its own access rule. Registers of 1, 2 or 4 bytes are
 * declared once, at construction; a guest's write then needs no knowledge of what it hits and returns what it changed.
 */
export const CONFIG_BYTES = 4096;

export interface ConfigRegister {
  readonly at: number;
  readonly size: 1 | 2 | 4;
  /** After reset; 0 where not given. */
  readonly value?: number;
  /** Bits that a write stores. */
  readonly writable?: number;
  /** Bits that a written one clears. */
  readonly writeOneClears?: number;
  /** Bits that read as zero and act when a one is written: the write announces `acts`. */
  readonly writeOneActs?: number;
  /** Bits that only a fundamental reset brings back ("sticky", PCI Express 7.4). */
  readonly sticky?: number;
  /** `Change` bits that a write returns which alters a stored bit here. */
  readonly announces?: number;
  /** `Change` bits of `writeOneActs`. */
  readonly acts?: number;
}

/** The value of an access that nothing answers, by size in bytes. */
export const ALL_ONES: readonly number[] = [0, 0xff, 0xffff, 0, 0xffffffff];

export class ConfigSpace {
  /** By dword index; little-endian lanes whatever the host's order is. */
  readonly values: Uint32Array;
  readonly #defaults: Uint32Array;
  readonly #writable: Uint32Array;
  readonly #writeOneClears: Uint32Array;
  readonly #writeOneActs: Uint32Array;
  readonly #sticky: Uint32Array;
  readonly #announces: Uint16Array;
  readonly #acts: Uint16Array;
  readonly #declared: Uint8Array;

  constructor() {
    const dwords = CONFIG_BYTES >>> 2;
    this.values = new Uint32Array(dwords);
    this.#defaults = new Uint32Array(dwords);
    this.#writable = new Uint32Array(dwords);
    this.#writeOneClears = new Uint32Array(dwords);
    this.#writeOneActs = new Uint32Array(dwords);
    this.#sticky = new Uint32Array(dwords);
    this.#announces = new Uint16Array(CONFIG_BYTES);
    this.#acts = new Uint16Array(CONFIG_BYTES);
    this.#declared = new Uint8Array(CONFIG_BYTES);
  }

  /** Declares registers; one that overlaps another or lies across a dword is our own mistake and throws. */
  declare(...registers: readonly ConfigRegister[]): void {
    for (const register of registers) this.#declareOne(register);
  }

  #declareOne(register: ConfigRegister): void {
    const { at, size } = register;
    const where = `config register at 0x${at.toString(16)}`;
    if (at < 0 || at + size > CONFIG_BYTES || at % size !== 0) throw new Error(`${where}: not aligned or outside`);
    for (let byte = at; byte < at + size; byte += 1) {
      if (this.#declared[byte] === 1) throw new Error(`${where}: overlaps another`);
      this.#declared[byte] = 1;
      this.#announces[byte] = register.announces ?? 0;
      this.#acts[byte] = register.acts ?? 0;
    }
    const stores = register.writable ?? 0;
    const clears = register.writeOneClears ?? 0;
    const acts = register.writeOneActs ?? 0;
    if ((stores & clears) !== 0 || (stores & acts) !== 0 || (clears & acts) !== 0) {
      throw new Error(`${where}: a bit has two access rules`);
    }
    this.#put(this.#writable, at, size, stores);
    this.#put(this.#writeOneClears, at, size, clears);
    this.#put(this.#writeOneActs, at, size, acts);
    this.#put(this.#sticky, at, size, register.sticky ?? 0);
    this.setDefault(at, size, register.value ?? 0);
  }

  #put(array: Uint32Array, at: number, size: number, value: number): void {
    const index = at >>> 2;
    const shift = (at & 3) << 3;
    const lanes = laneMask(size) << shift;
    array[index] = (array[index]! & ~lanes) | ((value << shift) & lanes);
  }

  /** Sets the reset value and the present one: for what the device's builder or its NVM decides. */
  setDefault(at: number, size: number, value: number): void {
    this.#put(this.#defaults, at, size, value);
    this.#put(this.values, at, size, value);
  }

  /** Makes other bits of a declared register writable (NumVFs while VFE is clear, VF BARs by page size). */
  setWritable(at: number, size: number, mask: number): void {
    this.#put(this.#writable, at, size, mask);
  }

  /** Stores from the device's side, past all masks. */
  set(at: number, size: number, value: number): void {
    this.#put(this.values, at, size, value);
  }

  /** Reads 1, 2 or 4 aligned bytes, unsigned. Config space has no read side effects. */
  read(at: number, size: number): number {
    return ((this.values[at >>> 2]! >>> ((at & 3) << 3)) & laneMask(size)) >>> 0;
  }

  /** A guest's write of 1, 2 or 4 aligned bytes; returns `Change` bits. */
  write(at: number, size: number, value: number): number {
    const index = at >>> 2;
    const shift = (at & 3) << 3;
    const lanes = laneMask(size) << shift;
    const bits = (value << shift) & lanes;
    const old = this.values[index]!;
    const writable = this.#writable[index]! & lanes;
    const stored = ((old & ~writable) | (bits & writable)) & ~(bits & this.#writeOneClears[index]!);
    this.values[index] = stored;
    const changed = old ^ stored;
    const acting = bits & this.#writeOneActs[index]!;
    return (changed | acting) === 0 ? 0 : this.#announcedBy(index, changed, acting);
  }

  #announcedBy(index: number, changed: number, acting: number): number {
    let changes = 0;
    for (let lane = 0; lane < 4; lane += 1) {
      const byte = (index << 2) | lane;
      if (((changed >>> (lane << 3)) & 0xff) !== 0) changes |= this.#announces[byte]!;
      if (((acting >>> (lane << 3)) & 0xff) !== 0) changes |= this.#acts[byte]!;
    }
    return changes;
  }

  /** Back to reset values; with `keepSticky`, sticky bits stay (every reset but a fundamental one). */
  reset(keepSticky: boolean): void {
    const { values } = this;
    for (let index = 0; index < values.length; index += 1) {
      const kept = keepSticky ? this.#sticky[index]! : 0;
      values[index] = (this.#defaults[index]! & ~kept) | (values[index]! & kept);
    }
  }
}

function laneMask(size: number): number {
  return size === 4 ? 0xffffffff : size === 2 ? 0xffff : 0xff;
}
