/**
 * A register is declared once, in a table; everything else (the plan that the hot path runs on, reset and access laws,
 * documentation, trace decoding) derives from that declaration.
 */

/**
 * How software sees a register or a field: `rw` stored; `ro` writes ignored; `rc` read-only and cleared by a read;
 * `w1c` a written one clears; `w1s` a written one sets; `wo` reads as zero, the write only has an effect.
 */
export type Access = 'rw' | 'ro' | 'rc' | 'w1c' | 'w1s' | 'wo';

/**
 * Where the knowledge comes from; the tags are those of the programming reference. `guess` and `ds-mem` are unproven, `own` is
 * ours and no silicon's.
 */
export type Evidence =
  'linux' | 'igbvf' | 'dpdk' | 'ipxe' | 'nul' | 'flashrom' | 'qemu' | 'lspci' | 'ds-mem' | 'guess' | 'own';

export interface FieldSpec {
  /** One bit, or [high, low], inclusive. */
  readonly bits: number | readonly [number, number];
  /** Where it differs from the register's access. */
  readonly access?: Access;
  readonly values?: Readonly<Record<number, string>>;
  readonly doc: string;
}

/** A second address of the same storage: `count` registers from `at`, `stride` bytes apart, meaning `first` onwards. */
export interface AliasSpec {
  readonly at: number;
  readonly count?: number;
  readonly stride?: number;
  readonly first?: number;
}

export interface RegisterSpec {
  /** Byte offset of the (first) register. */
  readonly at: number;
  readonly count?: number;
  /** Bytes from one to the next; 4 where not given. */
  readonly stride?: number;
  readonly access: Access;
  /** Value after reset; 0 where not given. */
  readonly reset?: number;
  /** Reset values of single elements of an array that differ from `reset`, by element. */
  readonly resetAt?: Readonly<Record<number, number>>;
  /**
   * Bits that the register's access holds for, all 32 where not given: those that a plain write stores in an `rw`
   * register, those that a one clears in a `w1c` register, and so on. The others are read-only. Fields with an access of
   * their own stand beside it.
   */
  readonly writable?: number;
  /** Survives a software reset (CTRL.RST); `all`: every reset but power-up. */
  readonly sticky?: boolean | 'all';
  /** Name of the side effect of a read; it supplies the value. */
  readonly onRead?: string;
  /** Name of the side effect of a write; it runs after the plain store. */
  readonly onWrite?: string;
  readonly aliases?: readonly AliasSpec[];
  readonly fields?: Readonly<Record<string, FieldSpec>>;
  /** Set where nothing in the device acts on it yet: it stores what is written, and its first use is traced once. */
  readonly inert?: boolean;
  readonly section?: string;
  readonly evidence: Evidence;
  readonly doc: string;
}

export interface Field {
  /** The bits in place. */
  readonly mask: number;
  readonly shift: number;
  readonly width: number;
}

/** What code uses of a declared register; its fields stand beside these by name. */
export interface RegisterHandle {
  readonly at: number;
  /** Dword index of the (first) register in a register file. */
  readonly index: number;
  /** Dwords from one element of an array to the next. */
  readonly step: number;
  readonly count: number;
  readonly reset: number;
}

export type Register<S extends RegisterSpec> = RegisterHandle & {
  readonly [F in keyof S['fields'] as F extends string ? F : never]: Field;
};

export type RegisterTable<T extends Readonly<Record<string, RegisterSpec>>> = {
  readonly [N in keyof T]: Register<T[N]>;
};

/** High and low bit of a field. */
export function bitRange(bits: FieldSpec['bits']): readonly [number, number] {
  return typeof bits === 'number' ? [bits, bits] : bits;
}

/** The mask of a field, unsigned. */
export function fieldMask(bits: FieldSpec['bits']): number {
  const [high, low] = bitRange(bits);
  const width = high - low + 1;
  return width === 32 ? 0xffffffff : (((1 << width) - 1) << low) >>> 0;
}

/** Names that a handle has of its own; a field must not hide them. */
const handleNames: readonly string[] = ['at', 'index', 'step', 'count', 'reset'];

function checkField(owner: string, { bits, values }: FieldSpec): void {
  const [high, low] = bitRange(bits);
  if (!Number.isInteger(low) || !Number.isInteger(high) || low < 0 || high > 31 || high < low) {
    throw new Error(`${owner}: bits ${high}:${low}`);
  }
  for (const value of Object.keys(values ?? {})) {
    if (Number(value) >= 2 ** (high - low + 1)) throw new Error(`${owner}: value ${value} does not fit`);
  }
}

function checkSpec(name: string, spec: RegisterSpec): void {
  const { at, stride = 4, count = 1 } = spec;
  if (at % 4 !== 0 || at < 0 || stride % 4 !== 0 || stride < 4) throw new Error(`${name}: not on a dword`);
  if (!Number.isInteger(count) || count < 1) throw new Error(`${name}: count ${count}`);
  for (const element of Object.keys(spec.resetAt ?? {})) {
    if (Number(element) >= count) throw new Error(`${name}: reset value of element ${element} of ${count}`);
  }
  for (const { at: second, first = 0, count: length = 1, stride: apart = stride } of spec.aliases ?? []) {
    if (second % 4 !== 0 || apart % 4 !== 0 || apart < 4) throw new Error(`${name}: alias not on a dword`);
    if (first < 0 || first + length > count) throw new Error(`${name}: alias of elements that do not exist`);
  }
  let seen = 0;
  for (const [field, fieldSpec] of Object.entries(spec.fields ?? {})) {
    checkField(`${name}.${field}`, fieldSpec);
    if (handleNames.includes(field)) throw new Error(`${name}.${field}: the name is taken`);
    const mask = fieldMask(fieldSpec.bits);
    if ((seen & mask) !== 0) throw new Error(`${name}.${field}: overlaps another field`);
    seen |= mask;
  }
}

/** Turns a table of declarations into frozen handles. A malformed declaration is an error at start. */
export function defineRegisters<const T extends Readonly<Record<string, RegisterSpec>>>(specs: T): RegisterTable<T> {
  const table: Record<string, RegisterHandle> = {};
  for (const [name, spec] of Object.entries(specs)) {
    checkSpec(name, spec);
    const fields: Record<string, Field> = {};
    for (const [field, { bits }] of Object.entries(spec.fields ?? {})) {
      const [high, low] = bitRange(bits);
      fields[field] = Object.freeze({ mask: fieldMask(bits), shift: low, width: high - low + 1 });
    }
    table[name] = Object.freeze({
      at: spec.at,
      index: spec.at >>> 2,
      step: (spec.stride ?? 4) >>> 2,
      count: spec.count ?? 1,
      reset: (spec.reset ?? 0) >>> 0,
      ...fields,
    });
  }
  return Object.freeze(table) as RegisterTable<T>;
}
