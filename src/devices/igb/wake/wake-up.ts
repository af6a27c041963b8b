/**
 * Power states of the port, and what wakes it in D3hot (reference §8.6): frames that WUFC asks for, a change of the link, and
 * magic packets by WUC.APME alone. What woke stays in WUS, WUPL and WUPM until software clears WUS.
 */
import type { PmeSource } from '../../../pci/function.ts';
import type { PortContext } from '../context.ts';
import { ReceivedFrame } from '../rx/frame.ts';
import { pf } from '../tables/index.ts';
import { isMagic, wakeEvents } from './wake-filters.ts';

const { WUC, WUFC, WUPL, WUPM, WUS } = pf;

const D0 = 0;
const MIRRORED = WUC.PME_EN.mask | WUC.PME_STATUS.mask;

export interface WakeParts {
  /** PMCSR of the function. */
  readonly pme: PmeSource | undefined;
  /** The port's address and VLAN filters: takes a frame and parses it into `frame`; false where it would not be received. */
  readonly accepts: (frame: ReceivedFrame, bytes: Uint8Array, offset: number, length: number) => boolean;
}

export class WakeUp {
  private readonly context: PortContext;
  private readonly parts: WakeParts;
  private readonly values: Uint32Array;
  private readonly frame: ReceivedFrame;
  private state: number;

  constructor(context: PortContext, parts: WakeParts) {
    this.context = context;
    this.parts = parts;
    this.values = context.registers.values;
    this.frame = new ReceivedFrame();
    this.state = D0;
  }

  /** Not in D0: frames wake or are lost. */
  get asleep(): boolean {
    return this.state !== D0;
  }

  /** The guest wrote PMCSR.PowerState. */
  powerChanged(state: number): void {
    if (state === this.state) return;
    this.state = state;
    const { trace, events } = this.context;
    if (trace.on[events.igb_power_state] !== 0) trace.emit(events.igb_power_state, state);
  }

  /** A frame from the wire while asleep. */
  received(bytes: Uint8Array, offset: number, length: number): void {
    const { values, frame } = this;
    if (values[WUS.index] !== 0) return;
    const armed = values[WUFC.index] !== 0;
    const magic = (values[WUC.index]! & WUC.APME.mask) !== 0;
    if (!armed && !magic) return;
    let found = armed && this.parts.accepts(frame, bytes, offset, length) ? wakeEvents(values, frame) : 0;
    if (found === 0 && magic) {
      frame.take(bytes, offset, length);
      if (isMagic(values, frame)) found = WUFC.MAG.mask;
    }
    if (found === 0) return;
    values[WUPL.index] = length & WUPL.LENGTH.mask;
    for (let dword = 0; dword < WUPM.count; dword += 1) {
      let word = 0;
      for (let lane = 0; lane < 4; lane += 1) {
        const at = 4 * dword + lane;
        if (at < length) word |= bytes[offset + at]! << (8 * lane);
      }
      values[WUPM.index + dword] = word;
    }
    this.wake(found, length);
  }

  /** STATUS.LU changed. */
  linkChanged(): void {
    const { values } = this;
    if (!this.asleep || (values[WUFC.index]! & WUFC.LNKC.mask) === 0) return;
    if ((values[WUS.index]! & WUFC.LNKC.mask) === 0) this.wake(WUFC.LNKC.mask, 0);
  }

  readControl(): number {
    const { pme } = this.parts;
    let control = this.values[WUC.index]! & ~MIRRORED;
    if (pme?.pmeEnabled === true) control |= WUC.PME_EN.mask;
    if (pme?.pmeStatus === true) control |= WUC.PME_STATUS.mask;
    return control >>> 0;
  }

  /** PME_EN and PME_STATUS are those of PMCSR. */
  writeControl(value: number): void {
    const { pme } = this.parts;
    if ((value & WUC.PME_STATUS.mask) !== 0) pme?.clearPme();
    pme?.setPmeEnabled((value & WUC.PME_EN.mask) !== 0);
  }

  private wake(found: number, length: number): void {
    this.values[WUS.index]! |= found;
    const { trace, events } = this.context;
    if (trace.on[events.igb_wake] !== 0) trace.emit(events.igb_wake, found, length);
    this.parts.pme?.raisePme();
  }
}
