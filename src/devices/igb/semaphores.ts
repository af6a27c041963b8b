/**
 * SWSM and SW_FW_SYNC, which the ports of a chip share, and FACTPS (reference §8.3). SWESMBI is granted to software whenever it
 * asks, as no firmware runs.
 */
import type { ResetKind } from '../../pci/reset.ts';
import type { IgbChip } from './chip.ts';
import type { PortContext } from './context.ts';
import { pf } from './tables/index.ts';

const { FACTPS, SWSM, SW_FW_SYNC } = pf;

/** Resources that software holds; the same shifted by 16 are firmware's. */
const SOFTWARE = 0xffff;
/** Bits of FACTPS by port: its power state (2 is D0 in use, 3 D3), and that it is there. */
const ports = [
  { state: FACTPS.FUNC0_STATE.shift, valid: FACTPS.LAN0_VALID.mask },
  { state: FACTPS.FUNC1_STATE.shift, valid: FACTPS.LAN1_VALID.mask },
] as const;
const D0_ACTIVE = 2;
const D3 = 3;

export class Semaphores {
  private readonly context: PortContext;
  private readonly chip: IgbChip;

  constructor(context: PortContext, chip: IgbChip) {
    this.context = context;
    this.chip = chip;
  }

  /** The reader sees SMBI as it was and leaves it set: who reads zero owns it. */
  readSwsm(): number {
    const { trace, events } = this.context;
    const { swsm } = this.chip;
    this.chip.swsm = swsm | SWSM.SMBI.mask;
    if ((swsm & SWSM.SMBI.mask) === 0 && trace.on[events.igb_semaphore_taken] !== 0) {
      trace.emit(events.igb_semaphore_taken);
    }
    return swsm;
  }

  peekSwsm(): number {
    return this.chip.swsm;
  }

  writeSwsm(): void {
    const { registers, trace, events } = this.context;
    const before = this.chip.swsm;
    this.chip.swsm = registers.values[SWSM.index]!;
    if ((before & ~this.chip.swsm & SWSM.SMBI.mask) !== 0 && trace.on[events.igb_semaphore_released] !== 0) {
      trace.emit(events.igb_semaphore_released);
    }
  }

  readSwFwSync(): number {
    return this.chip.swFwSync;
  }

  /** Resources are claimed under SWESMBI; a claim without it stands, and is traced. */
  writeSwFwSync(value: number): void {
    const { registers, trace, events } = this.context;
    this.chip.swFwSync = registers.values[SW_FW_SYNC.index]!;
    if (trace.on[events.igb_semaphore_resources] !== 0) trace.emit(events.igb_semaphore_resources, value);
    if ((value & SOFTWARE) === 0 || (this.chip.swsm & SWSM.SWESMBI.mask) !== 0) return;
    if (trace.on[events.igb_guest_error_semaphore] !== 0) trace.emit(events.igb_guest_error_semaphore, value);
  }

  readFactps(): number {
    let factps = 0;
    this.chip.powerStates.forEach((state, port) => {
      const { state: shift, valid } = ports[port]!;
      factps |= valid | ((state === 0 ? D0_ACTIVE : D3) << shift);
    });
    return factps;
  }

  /** A reset of one port must not free what the driver of the other holds. */
  reset(kind: ResetKind | 'software'): void {
    const { chip } = this;
    if (chip.powerStates.length > 1 && kind !== 'fundamental' && kind !== 'hot') return;
    chip.swsm = 0;
    chip.swFwSync = 0;
  }
}
