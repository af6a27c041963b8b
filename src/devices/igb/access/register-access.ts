/**
 * What software sees of a port: reads and writes of the register window, each a plain access and its side effect
 * (read-effects.ts, write-effects.ts). Any offset and any value is answered at once; nothing throws.
 */
import type { PortContext } from '../context.ts';
import { readActions, readOnly, steering, writeActions, type ReadAction, type WriteAction } from './hooks.ts';
import type { PortBlocks } from '../port-blocks.ts';
import { ReadEffects } from './read-effects.ts';
import type { PortResetKind } from '../reset.ts';
import { pfPlan, pfWindowBytes } from '../tables/index.ts';
import { WriteEffects } from './write-effects.ts';

export class RegisterAccess {
  private readonly context: PortContext;
  private readonly reads: ReadEffects;
  private readonly writes: WriteEffects;
  /** Dwords whose first odd use has been traced. */
  private readonly noted: Uint8Array;

  constructor(context: PortContext, blocks: PortBlocks, reset: (kind: PortResetKind) => void) {
    this.context = context;
    this.reads = new ReadEffects(context, blocks);
    this.writes = new WriteEffects(context, blocks, reset);
    this.noted = new Uint8Array(pfPlan.dwords);
  }

  /** A dword read as software makes it, side effects included. Any offset: 17 bits of it are decoded. */
  read(offset: number): number {
    const at = offset & (pfWindowBytes - 4);
    const dword = at >>> 2;
    const value = this.reads.run(readActions[dword]! as ReadAction, dword);
    const { trace, events } = this.context;
    if (trace.on[events.igb_reg_read] !== 0) trace.emit(events.igb_reg_read, at, value);
    if (pfPlan.register[dword] === 0) this.note(dword, events.igb_reg_read_unknown);
    return value;
  }

  /** A dword write as software makes it. */
  write(offset: number, value: number): void {
    const at = offset & (pfWindowBytes - 4);
    const dword = at >>> 2;
    const { trace, events } = this.context;
    if (trace.on[events.igb_reg_write] !== 0) trace.emit(events.igb_reg_write, at, value >>> 0);
    if (pfPlan.register[dword] === 0) {
      this.note(dword, events.igb_reg_write_unknown);
      return;
    }
    if (pfPlan.inert[dword] === 1) this.note(dword, events.igb_reg_inert);
    if (readOnly[dword] === 1 && trace.on[events.igb_guest_error_register_read_only] !== 0) {
      trace.emit(events.igb_guest_error_register_read_only, at, value >>> 0);
    }
    const before = this.context.registers.write(pfPlan.storage[dword]!, value);
    this.context.settings.version += steering[dword]!;
    const action = writeActions[dword]! as WriteAction;
    if (action !== 0) this.writes.run(action, pfPlan.element[dword]!, value >>> 0, before);
  }

  /** What `read` would give, without any effect: for monitors, dumps and tests. */
  peek(offset: number): number {
    const dword = (offset & (pfWindowBytes - 4)) >>> 2;
    return this.reads.peek(readActions[dword]! as ReadAction, dword);
  }

  private note(dword: number, event: number): void {
    if (this.noted[dword] === 1) return;
    this.noted[dword] = 1;
    const { trace } = this.context;
    if (trace.on[event] !== 0) trace.emit(event, dword << 2, this.context.registers.values[dword]);
  }
}
