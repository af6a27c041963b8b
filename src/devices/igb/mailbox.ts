/**
 * Mailboxes between PF and VFs (reference §7.4): so far storage, and what a PF's reset tells the VFs. RSTI is what V2PMAILBOX
 * resets to, so every reset of the port sets it.
 */
import { POOLS, type PortContext } from './context.ts';
import { pf } from './tables/index.ts';

export class Mailbox {
  private readonly context: PortContext;

  constructor(context: PortContext) {
    this.context = context;
  }

  /** CTRL_EXT.PFRSTD, RSTI becomes RSTD: the PF's driver is ready; acts whether or not VFs exist (Linux 6.12 writes it before it enables them). */
  resetDone(): void {
    const { registers, trace, events } = this.context;
    if (trace.on[events.igb_reset_done] === 1) trace.emit(events.igb_reset_done);
    for (let vf = 0; vf < POOLS; vf += 1) {
      const index = pf.V2PMAILBOX.index + vf * pf.V2PMAILBOX.step;
      registers.values[index] = (registers.values[index]! & ~pf.V2PMAILBOX.RSTI.mask) | pf.V2PMAILBOX.RSTD.mask;
    }
  }
}
