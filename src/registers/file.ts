/** Registers in memory: plain storage with the access rules of a plan. Side effects are the owner's (`readHook`, `writeHook`). */
import type { RegisterPlan } from './plan.ts';

export class RegisterFile {
  readonly plan: RegisterPlan;
  /** By storage index (`indexOf`, a handle's `index`); blocks of a device read and write their registers here directly. */
  readonly values: Uint32Array;

  constructor(plan: RegisterPlan) {
    this.plan = plan;
    this.values = Uint32Array.from(plan.reset);
  }

  /** Storage index behind a byte offset inside the window; an alias has that of its register. */
  indexOf(offset: number): number {
    return this.plan.storage[offset >>> 2]!;
  }

  /** The value as software would read it, without any side effect. */
  peek(offset: number): number {
    const index = this.plan.storage[offset >>> 2]!;
    return (this.values[index]! & ~this.plan.writeOnly[index]!) >>> 0;
  }

  /** A read of a storage index without the register's hook: clears what a read clears. */
  read(index: number): number {
    const { plan, values } = this;
    const value = values[index]!;
    values[index] = value & ~plan.clearOnRead[index]!;
    return (value & ~plan.writeOnly[index]!) >>> 0;
  }

  /** A write of a storage index without the register's hook; returns the value stored before. */
  write(index: number, value: number): number {
    const { plan, values } = this;
    const old = values[index]!;
    const writable = plan.writable[index]!;
    const stored = (old & ~writable) | (value & writable) | (value & plan.writeOneSets[index]!);
    values[index] = stored & ~(value & plan.writeOneClears[index]!);
    return old;
  }

  /** Back to reset values, but for the registers that survive this kind. */
  reset(kind: 'power-up' | 'device' | 'software'): void {
    const { plan, values } = this;
    const least = kind === 'software' ? 1 : kind === 'device' ? 2 : 3;
    for (let index = 0; index < plan.dwords; index += 1) {
      if (plan.sticky[index]! < least) values[index] = plan.reset[index]!;
    }
  }
}
