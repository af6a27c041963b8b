/** Access to the NVM (reference §8.3): EERD answers at once, EECD grants at once; serial access has its pins, and no chip yet. */
import type { PortContext } from './context.ts';
import { pf } from './tables/index.ts';

const ERASED = 0xffff;
const EERD_ADDRESS_SHIFT = 2;
const EERD_ADDRESS_MASK = 0x3fff;
const EERD_DATA_SHIFT = 16;

/** What sits on EECD's serial pins. */
export interface SerialChip {
  /** EECD was written with these pins (CS 1 is deselected); gives the level of DO. */
  pins(select: boolean, clock: boolean, data: boolean): boolean;
}

export class Nvm {
  readonly words: Uint16Array;
  private readonly context: PortContext;
  private readonly chip: SerialChip | undefined;

  constructor(context: PortContext, words: Uint16Array, chip?: SerialChip) {
    this.context = context;
    this.words = words;
    this.chip = chip;
  }

  /** A word beyond the part reads as erased: an access without an answer would hold the driver for half a second. */
  writeEerd(value: number): void {
    const { registers, trace, events } = this.context;
    const word = (value >>> EERD_ADDRESS_SHIFT) & EERD_ADDRESS_MASK;
    let answer = word << EERD_ADDRESS_SHIFT;
    if ((value & pf.EERD.START.mask) !== 0) {
      const data = this.words[word] ?? ERASED;
      answer |= pf.EERD.DONE.mask | (data << EERD_DATA_SHIFT);
      const event = word < this.words.length ? events.igb_nvm_read : events.igb_guest_error_nvm;
      if (trace.on[event] === 1) trace.emit(event, word, data);
    }
    registers.values[pf.EERD.index] = answer;
  }

  /** `value` is what software wrote; GNT follows REQ, as nobody else wants the part. */
  writeEecd(value: number): void {
    const { values } = this.context.registers;
    let eecd = values[pf.EECD.index]! & ~(pf.EECD.GNT.mask | pf.EECD.DO.mask);
    if ((value & pf.EECD.REQ.mask) !== 0) eecd |= pf.EECD.GNT.mask;
    if (this.chip !== undefined) {
      const selected = (value & pf.EECD.CS.mask) === 0;
      const level = this.chip.pins(selected, (value & pf.EECD.SK.mask) !== 0, (value & pf.EECD.DI.mask) !== 0);
      if (level) eecd |= pf.EECD.DO.mask;
    }
    values[pf.EECD.index] = eecd;
  }

  /** Automatic read after a reset: the station address into RAL0 and RAH0. EECD says at its reset value that it is done. */
  load(): void {
    const { values } = this.context.registers;
    const last = this.words[2]! ^ (this.context.portNumber === 0 ? 0 : 0x0100);
    values[pf.RAL.index] = this.words[0]! | (this.words[1]! << 16);
    values[pf.RAH.index] = last | pf.RAH.AV.mask;
  }
}
