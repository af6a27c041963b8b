/**
 * I2CCMD (reference §8.4): reads two bytes of an SFP's serial memory at a time, answered before the write returns. Address 0
 * is the module's A0, 1 its A2, as the carry of Linux' nine-bit offsets makes it; nothing answers at the other six.
 */
import type { PortContext } from '../context.ts';
import { SFP_PAGE_BYTES, sfpDiagnostics, sfpIdentification } from './sfp-module.ts';
import { pf } from '../tables/index.ts';

export class I2c {
  private readonly context: PortContext;
  /** By address; none without a module. */
  private readonly pages: readonly Uint8Array[];

  constructor(context: PortContext, moduleFitted: boolean) {
    this.context = context;
    this.pages = moduleFitted ? [sfpIdentification(), sfpDiagnostics()] : [];
  }

  /** The byte at the register stands low, the next one high. The module's memory takes no writes. */
  written(value: number): void {
    const { registers, trace, events } = this.context;
    const { DATA, REGADD, PHYADD, OP_READ, READY, ERROR } = pf.I2CCMD;
    const address = (value & PHYADD.mask) >>> PHYADD.shift;
    const register = (value & REGADD.mask) >>> REGADD.shift;
    const page = this.pages[address];
    let answer = (value & ~ERROR.mask) | READY.mask;
    if (page === undefined) answer |= ERROR.mask;
    else if ((value & OP_READ.mask) !== 0) {
      const data = page[register]! | (page[(register + 1) % SFP_PAGE_BYTES]! << 8);
      answer = (answer & ~DATA.mask) | data;
      if (trace.on[events.igb_sfp_read] !== 0) trace.emit(events.igb_sfp_read, address, register, data);
    }
    registers.values[pf.I2CCMD.index] = answer;
  }
}
