/** MDIC (reference §8.1): one management frame to the PHY a write, answered before the write returns. */
import type { PortContext } from '../context.ts';
import type { Interrupts } from '../interrupts/interrupts.ts';
import type { Phy } from './phy.ts';
import { pf } from '../tables/index.ts';

/** The internal PHY's address; nothing answers at any other. */
export const PHY_ADDRESS = 1;

const DATA_MASK = 0xffff;
const REGISTER_SHIFT = 16;
const ADDRESS_SHIFT = 21;
const NUMBER_MASK = 0x1f;
const OPERATION_WRITE = 1 << 26;
const OPERATION_READ = 1 << 27;
const READY = 1 << 28;
const INTERRUPT_ENABLE = 1 << 29;
const ERROR = 1 << 30;

export class Mdic {
  private readonly context: PortContext;
  private readonly phy: Phy;
  private readonly interrupts: Pick<Interrupts, 'raise'>;

  constructor(context: PortContext, parts: { phy: Phy; interrupts: Pick<Interrupts, 'raise'> }) {
    this.context = context;
    this.phy = parts.phy;
    this.interrupts = parts.interrupts;
  }

  written(value: number): void {
    const register = (value >>> REGISTER_SHIFT) & NUMBER_MASK;
    const { registers, trace, events } = this.context;
    let answer = (value & ~(READY | ERROR)) | READY;
    const address = (value >>> ADDRESS_SHIFT) & NUMBER_MASK;
    if (address !== PHY_ADDRESS) {
      answer |= ERROR;
      if (trace.on[events.igb_guest_error_phy] !== 0) trace.emit(events.igb_guest_error_phy, address, register);
    } else if ((value & OPERATION_READ) !== 0) {
      const data = this.phy.read(register);
      answer = (answer & ~DATA_MASK) | data;
      if (trace.on[events.igb_phy_read] !== 0) trace.emit(events.igb_phy_read, register, data);
    } else if ((value & OPERATION_WRITE) !== 0) {
      if (trace.on[events.igb_phy_write] !== 0) trace.emit(events.igb_phy_write, register, value & DATA_MASK);
      this.phy.write(register, value & DATA_MASK);
    }
    registers.values[pf.MDIC.index] = answer;
    if ((value & INTERRUPT_ENABLE) !== 0) this.interrupts.raise(pf.ICR.MDAC.mask);
  }
}
