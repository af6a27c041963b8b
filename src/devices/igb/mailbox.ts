/** Mailboxes between PF and VFs (reference §7.4): so far storage, and what a PF's reset tells the VFs. */
import { POOLS, type PortContext } from './context.ts';
import { pf } from './tables/index.ts';

export class Mailbox {
  private readonly context: PortContext;

  constructor(context: PortContext) {
    this.context = context;
  }

  /** The PF is being reset: RSTI for every VF until its driver says otherwise. */
  resetStarted(): void {
    this.forEachVf(0, pf.V2PMAILBOX.RSTI.mask);
  }

  /** CTRL_EXT.PFRSTD: the PF's driver is ready; acts whether or not VFs exist (Linux 6.12 writes it before it enables them). */
  resetDone(): void {
    const { trace, events } = this.context;
    if (trace.on[events.igb_reset_done] === 1) trace.emit(events.igb_reset_done);
    this.forEachVf(pf.V2PMAILBOX.RSTI.mask, pf.V2PMAILBOX.RSTD.mask);
  }

  private forEachVf(clear: number, set: number): void {
    const { values } = this.context.registers;
    for (let vf = 0; vf < POOLS; vf += 1) {
      const index = pf.V2PMAILBOX.index + vf * pf.V2PMAILBOX.step;
      values[index] = (values[index]! & ~clear) | set;
    }
  }
}
