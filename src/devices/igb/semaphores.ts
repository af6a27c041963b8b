/** SWSM and SW_FW_SYNC (reference §8.3). SWESMBI is granted to software whenever it asks, as no firmware runs. */
import type { PortContext } from './context.ts';
import { pf } from './tables/index.ts';

/** Resources that software holds; the same shifted by 16 are firmware's. */
const SOFTWARE = 0xffff;

export class Semaphores {
  private readonly context: PortContext;

  constructor(context: PortContext) {
    this.context = context;
  }

  /** The reader sees SMBI as it was and leaves it set: who reads zero owns it. */
  readSwsm(): number {
    const { registers, trace, events } = this.context;
    const swsm = registers.values[pf.SWSM.index]!;
    registers.values[pf.SWSM.index] = swsm | pf.SWSM.SMBI.mask;
    if ((swsm & pf.SWSM.SMBI.mask) === 0 && trace.on[events.igb_semaphore_taken] === 1) {
      trace.emit(events.igb_semaphore_taken);
    }
    return swsm;
  }

  writeSwsm(value: number, before: number): void {
    const { trace, events } = this.context;
    if ((before & ~value & pf.SWSM.SMBI.mask) !== 0 && trace.on[events.igb_semaphore_released] === 1) {
      trace.emit(events.igb_semaphore_released);
    }
  }

  /** Resources are claimed under SWESMBI; a claim without it stands, and is traced. */
  writeSwFwSync(value: number): void {
    const { registers, trace, events } = this.context;
    if (trace.on[events.igb_semaphore_resources] === 1) trace.emit(events.igb_semaphore_resources, value);
    if ((value & SOFTWARE) === 0 || (registers.values[pf.SWSM.index]! & pf.SWSM.SWESMBI.mask) !== 0) return;
    if (trace.on[events.igb_guest_error_semaphore] === 1) trace.emit(events.igb_guest_error_semaphore, value);
  }
}
