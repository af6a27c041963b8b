/**
 * The NVM and the ways to it (reference §8.3): EERD and EEWR answer at once, EECD's pins lead to the serial part, and after a
 * reset the hardware takes what it needs from it by itself.
 */
import type { NonvolatileMemory } from '../../../ports/index.ts';
import type { IgbChip } from '../chip.ts';
import type { PortContext } from '../context.ts';
import type { BusUser, SerialBus } from './serial-bus.ts';
import { SpiEeprom } from './spi-eeprom.ts';
import type { SerialChip } from './spi-slave.ts';
import { pf } from '../tables/index.ts';

const ERASED = 0xffff;
const ADDRESS_SHIFT = 2;
const ADDRESS_MASK = 0x3fff;
const DATA_SHIFT = 16;
/** What EECD.ADDR_BITS says: 16-bit addresses come with pages of 32 bytes. */
const PAGE_BYTES = 32;
/** LED settings by port: the words with LED 0 and 2, and with LED 1 and 3. */
const LED_WORDS = [
  [0x1f, 0x1c],
  [0x2b, 0x2a],
] as const;
/** Initialisation control 3 by port, and its bit that arms APM wake-up. */
const CONTROL_3_WORDS = [0x24, 0x14] as const;
const APM_ENABLE = 0x0400;
/** CTRL_EXT.LINK_MODE of a board with an SFP cage. */
const LINK_MODE_SERDES = 3;

export interface NvmOptions {
  /** Where written contents are kept; nowhere, unless given. */
  readonly nonvolatile?: NonvolatileMemory | undefined;
  /** The board has an SFP cage on the SerDes. */
  readonly serdes?: boolean;
  /** Instead of the part that holds the words, for tests. */
  readonly part?: SerialChip;
  /** Whose ports share the part and its bus. */
  readonly chip: IgbChip;
}

export class Nvm implements BusUser {
  readonly words: Uint16Array;
  private readonly context: PortContext;
  private readonly bytes: Uint8Array;
  private readonly part: SerialChip;
  private readonly bus: SerialBus;
  private readonly options: NvmOptions;

  /** Bytes of a word lie low byte first in the serial part, as in `words`. */
  constructor(context: PortContext, words: Uint16Array, options: NvmOptions) {
    this.context = context;
    this.words = words;
    this.bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
    this.options = options;
    const { chip } = options;
    this.bus = chip.nvmBus;
    chip.part ??=
      options.part ??
      new SpiEeprom({
        clock: context.clock,
        bytes: this.bytes,
        addressBits: 16,
        pageBytes: PAGE_BYTES,
        written: (address, length) => this.written(address >>> 1, length >>> 1),
      });
    this.part = chip.part;
  }

  /** A word beyond the part reads as erased: an access without an answer would hold the driver for half a second. */
  writeEerd(value: number): void {
    const { registers, trace, events } = this.context;
    const word = (value >>> ADDRESS_SHIFT) & ADDRESS_MASK;
    let answer = word << ADDRESS_SHIFT;
    if ((value & pf.EERD.START.mask) !== 0) {
      const data = this.words[word] ?? ERASED;
      answer |= pf.EERD.DONE.mask | (data << DATA_SHIFT);
      const event = word < this.words.length ? events.igb_nvm_read : events.igb_guest_error_nvm;
      if (trace.on[event] !== 0) trace.emit(event, word, data);
    }
    registers.values[pf.EERD.index] = answer;
  }

  /** Writes one word; one beyond the part is done too, and lost. */
  writeEewr(value: number): void {
    const { registers, trace, events } = this.context;
    if ((value & pf.EEWR.START.mask) === 0) return;
    const word = (value >>> ADDRESS_SHIFT) & ADDRESS_MASK;
    registers.values[pf.EEWR.index] = (value & ~pf.EEWR.START.mask) | pf.EEWR.DONE.mask;
    if (word < this.words.length) {
      this.words[word] = value >>> DATA_SHIFT;
      this.written(word, 1);
    } else if (trace.on[events.igb_guest_error_nvm] !== 0) trace.emit(events.igb_guest_error_nvm, word);
  }

  /** `value` is what software wrote; GNT follows REQ unless another port has the bus. Without it the pins are not driven. */
  writeEecd(value: number): void {
    const { values } = this.context.registers;
    const asks = (value & pf.EECD.REQ.mask) !== 0;
    const granted = asks && this.bus.acquire(this);
    let eecd = values[pf.EECD.index]! & ~(pf.EECD.GNT.mask | pf.EECD.DO.mask);
    if (granted) eecd |= pf.EECD.GNT.mask;
    if (!granted && !this.bus.holds(this)) {
      if (!asks) this.bus.release(this);
      values[pf.EECD.index] = eecd;
      return;
    }
    const selected = granted && (value & pf.EECD.CS.mask) === 0;
    const level = this.part.pins(selected, (value & pf.EECD.SK.mask) !== 0, (value & pf.EECD.DI.mask) !== 0);
    if (level) eecd |= pf.EECD.DO.mask;
    values[pf.EECD.index] = eecd;
    if (!asks) this.bus.release(this);
  }

  /** The other port gave the bus back while we ask for it. */
  granted(): void {
    this.context.registers.values[pf.EECD.index]! |= pf.EECD.GNT.mask;
  }

  /** A reset takes the bus from software; a command under way ends there. */
  reset(): void {
    if (this.bus.holds(this)) this.part.pins(false, false, false);
    this.bus.release(this);
    this.load();
  }

  /**
   * Automatic read, after a reset and by CTRL_EXT.EE_RST: station address, LEDs, APM wake-up, link mode. EECD says at its reset value that
   * it is done.
   */
  load(): void {
    const { values } = this.context.registers;
    const { words } = this;
    const port = this.context.portNumber === 0 ? 0 : 1;
    values[pf.RAL.index] = words[0]! | (words[1]! << 16);
    values[pf.RAH.index] = (words[2]! ^ (port * 0x0100)) | pf.RAH.AV.mask;
    const [even, odd] = [words[LED_WORDS[port][0]]!, words[LED_WORDS[port][1]]!];
    values[pf.LEDCTL.index] = (even & 0xff) | ((odd & 0xff) << 8) | ((even & 0xff00) << 8) | ((odd & 0xff00) << 16);
    if ((words[CONTROL_3_WORDS[port]]! & APM_ENABLE) !== 0) values[pf.WUC.index]! |= pf.WUC.APME.mask;
    if (this.options.serdes === true) {
      values[pf.CTRL_EXT.index]! |= LINK_MODE_SERDES << pf.CTRL_EXT.LINK_MODE.shift;
    }
  }

  private written(word: number, count: number): void {
    const { trace, events } = this.context;
    if (trace.on[events.igb_nvm_write] !== 0) {
      for (let at = word; at < word + count; at += 1) trace.emit(events.igb_nvm_write, at, this.words[at]);
    }
    this.options.nonvolatile?.store(this.bytes);
  }
}
