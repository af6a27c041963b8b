import { CapabilityId, type CapabilityList } from '../capability-list.ts';
import { Change } from '../change.ts';
import type { ConfigSpace } from '../config-space.ts';

export interface PowerManagementOptions {
  /** PMC, the capability's word at +2: version, D1 and D2 support, PME support. */
  readonly capabilities: number;
  /** PMCSR after reset. */
  readonly controlStatus?: number;
  /** Byte 7; the same for every Data_Select. */
  readonly data?: number;
}

const NO_SOFT_RESET = 1 << 3;
/** PowerState, PME_En, Data_Select. */
const PMCSR_WRITABLE = 0x1f03;
const PME_STATUS = 0x8000;
const PME_ENABLE = 0x0100;

/** PCI Power Management (PCI Express 7.5.2). */
export class PowerManagement {
  readonly #config: ConfigSpace;
  readonly #at: number;
  readonly #supported: number;
  #state: number;

  constructor(list: CapabilityList, at: number, options: PowerManagementOptions) {
    list.standard(at, CapabilityId.powerManagement);
    list.config.declare(
      { at: at + 2, size: 2, value: options.capabilities },
      {
        at: at + 4,
        size: 2,
        value: options.controlStatus ?? 0,
        writable: PMCSR_WRITABLE,
        writeOneClears: PME_STATUS,
        sticky: PME_STATUS | PME_ENABLE,
        announces: Change.power,
      },
      { at: at + 6, size: 1 },
      { at: at + 7, size: 1, value: options.data ?? 0 },
    );
    this.#config = list.config;
    this.#at = at;
    this.#supported = 0b1001 | ((options.capabilities >>> 8) & 0b0110);
    this.#state = 0;
  }

  /** 0 is D0, 3 is D3hot. */
  get state(): number {
    return this.#state;
  }

  get pmeEnabled(): boolean {
    return (this.#config.read(this.#at + 4, 2) & PME_ENABLE) !== 0;
  }

  get pmeStatus(): boolean {
    return (this.#config.read(this.#at + 4, 2) & PME_STATUS) !== 0;
  }

  /** PME_En and PME_Status from the device's side. */
  setPme(enabled: boolean, status: boolean): void {
    const control = this.#config.read(this.#at + 4, 2) & ~(PME_ENABLE | PME_STATUS);
    this.#config.set(this.#at + 4, 2, control | (enabled ? PME_ENABLE : 0) | (status ? PME_STATUS : 0));
  }

  /** After a write: takes the new state, or undoes one that is not supported. True on the way back from D3hot with loss of state. */
  written(): boolean {
    const control = this.#config.read(this.#at + 4, 2);
    const before = this.#state;
    if (((this.#supported >>> (control & 3)) & 1) === 0) {
      this.#config.set(this.#at + 4, 2, (control & ~3) | before);
      return false;
    }
    this.#state = control & 3;
    return before === 3 && this.#state === 0 && (control & NO_SOFT_RESET) === 0;
  }

  reset(): void {
    this.#state = 0;
  }
}
