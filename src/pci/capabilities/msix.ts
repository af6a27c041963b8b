import { CapabilityId, type CapabilityList } from '../capability-list.ts';
import { Change } from '../change.ts';
import type { ConfigSpace } from '../config-space.ts';

export interface MsixOptions {
  readonly vectors: number;
  /** BAR of table and PBA. */
  readonly bar: number;
  readonly tableOffset: number;
  readonly pendingOffset: number;
}

const ENABLE = 0x8000;
const FUNCTION_MASK = 0x4000;

/** MSI-X (PCI Express 7.7.2); table and pending bits themselves are an `MsixTable`. */
export class MsixCapability {
  readonly vectors: number;
  readonly #config: ConfigSpace;
  readonly #at: number;

  constructor(list: CapabilityList, at: number, options: MsixOptions) {
    const { vectors, bar, tableOffset, pendingOffset } = options;
    list.standard(at, CapabilityId.msix);
    list.config.declare(
      { at: at + 2, size: 2, value: vectors - 1, writable: ENABLE | FUNCTION_MASK, announces: Change.msix },
      { at: at + 4, size: 4, value: tableOffset | bar },
      { at: at + 8, size: 4, value: pendingOffset | bar },
    );
    this.vectors = vectors;
    this.#config = list.config;
    this.#at = at;
  }

  get enabled(): boolean {
    return (this.#config.read(this.#at + 2, 2) & ENABLE) !== 0;
  }

  get functionMask(): boolean {
    return (this.#config.read(this.#at + 2, 2) & FUNCTION_MASK) !== 0;
  }
}
