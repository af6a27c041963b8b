/** What the ports of one chip share (reference §8.3): semaphores, power states as manageability sees them, NVM and flash. */
import type { FlashContents, FlashMemory } from './nvm/flash-memory.ts';
import { SerialBus } from './nvm/serial-bus.ts';
import type { SerialChip } from './nvm/spi-slave.ts';

export class IgbChip {
  /** SWSM and SW_FW_SYNC. */
  swsm: number;
  swFwSync: number;
  /** Contents of the NVM and the part that holds them, once the first port has them. */
  words: Uint16Array | undefined;
  part: SerialChip | undefined;
  readonly nvmBus: SerialBus;
  /** What the flash is made from, an erased one where not given; and the flash, once the first port has it. */
  readonly flashContents: FlashContents | undefined;
  flash: FlashMemory | undefined;
  readonly flashBus: SerialBus;
  /** Power state of each port's function: 0 is D0, 3 D3hot; its length is the number of ports. */
  readonly powerStates: number[];
  /** While a port hands a stamped frame to its wire: when that left, in the clock's ns; else NaN. */
  departedNs: number;

  constructor(flashContents?: FlashContents) {
    this.swsm = 0;
    this.swFwSync = 0;
    this.words = undefined;
    this.part = undefined;
    this.nvmBus = new SerialBus();
    this.flashContents = flashContents;
    this.flash = undefined;
    this.flashBus = new SerialBus();
    this.powerStates = [];
    this.departedNs = NaN;
  }
}
