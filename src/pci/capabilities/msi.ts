import { CapabilityId, type CapabilityList } from '../capability-list.ts';
import { Change } from '../change.ts';
import type { ConfigSpace } from '../config-space.ts';

const ENABLE = 1;
const CAN_64_BIT = 1 << 7;
const CAN_MASK = 1 << 8;

/** Message Signalled Interrupts with one vector, a 64-bit address and a mask bit (PCI Express 7.7.1). */
export class MsiCapability {
  readonly #config: ConfigSpace;
  readonly #at: number;

  constructor(list: CapabilityList, at: number) {
    list.standard(at, CapabilityId.msi);
    const announces = Change.msi;
    list.config.declare(
      // Multiple Message Enable is stored although one vector is all there is: the field is read-write by rule.
      { at: at + 2, size: 2, value: CAN_64_BIT | CAN_MASK, writable: 0x0071, announces },
      { at: at + 4, size: 4, writable: 0xfffffffc },
      { at: at + 8, size: 4, writable: 0xffffffff },
      { at: at + 0xc, size: 2, writable: 0xffff },
      { at: at + 0xe, size: 2 },
      { at: at + 0x10, size: 4, writable: 1, announces },
      { at: at + 0x14, size: 4 },
    );
    this.#config = list.config;
    this.#at = at;
  }

  get enabled(): boolean {
    return (this.#config.read(this.#at + 2, 2) & ENABLE) !== 0;
  }

  get masked(): boolean {
    return (this.#config.read(this.#at + 0x10, 4) & 1) !== 0;
  }

  get address(): number {
    return this.#config.read(this.#at + 4, 4) + this.#config.read(this.#at + 8, 4) * 0x1_0000_0000;
  }

  get data(): number {
    return this.#config.read(this.#at + 0xc, 2);
  }

  get pending(): boolean {
    return (this.#config.read(this.#at + 0x14, 4) & 1) !== 0;
  }

  set pending(pending: boolean) {
    this.#config.set(this.#at + 0x14, 4, pending ? 1 : 0);
  }
}
