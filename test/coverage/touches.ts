/** Which registers somebody has touched, and which of their bits were written as 1 and as 0. */
import { pfPlan, vfSpecs, vfWindowBytes } from '../../src/devices/igb/tables/index.ts';
import { compilePlan, type RegisterPlan } from '../../src/registers/index.ts';

/** Whose window an access goes to. */
export type WindowName = 'pf' | 'vf';
export const plans: Readonly<Record<WindowName, RegisterPlan>> = {
  pf: pfPlan,
  vf: compilePlan(vfSpecs, vfWindowBytes, []),
};

export interface Touch {
  reads: number;
  writes: number;
  /** Bits written as 1 at least once, of any element. */
  ones: number;
  /** Bits written as 0. */
  zeros: number;
}

/** By window and register, as `pf.CTRL`; elements and aliases of a register are one. */
export class Touches {
  readonly registers: Map<string, Touch>;

  constructor(touches: Readonly<Record<string, Touch>> = {}) {
    this.registers = new Map(Object.entries(touches).map(([name, touch]) => [name, { ...touch }]));
  }

  read(window: WindowName, offset: number): void {
    const touch = this.#of(window, offset);
    if (touch !== undefined) touch.reads += 1;
  }

  write(window: WindowName, offset: number, value: number): void {
    const touch = this.#of(window, offset);
    if (touch === undefined) return;
    touch.writes += 1;
    touch.ones = (touch.ones | value) >>> 0;
    touch.zeros = (touch.zeros | ~value) >>> 0;
  }

  /** Takes the accesses of others in. */
  add(others: Touches): void {
    for (const [name, { reads, writes, ones, zeros }] of others.registers) {
      const touch = this.#named(name);
      touch.reads += reads;
      touch.writes += writes;
      touch.ones = (touch.ones | ones) >>> 0;
      touch.zeros = (touch.zeros | zeros) >>> 0;
    }
  }

  toJSON(): Readonly<Record<string, Touch>> {
    return Object.fromEntries([...this.registers].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #of(window: WindowName, offset: number): Touch | undefined {
    const plan = plans[window];
    const dword = offset >>> 2;
    const id = dword < plan.dwords ? plan.register[dword]! : 0;
    return id === 0 ? undefined : this.#named(`${window}.${plan.names[id - 1]!}`);
  }

  #named(name: string): Touch {
    const found = this.registers.get(name);
    if (found !== undefined) return found;
    const fresh = { reads: 0, writes: 0, ones: 0, zeros: 0 };
    this.registers.set(name, fresh);
    return fresh;
  }
}
