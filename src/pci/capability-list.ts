/** Builds the two capability lists of a function in the order of the calls; overlap is caught by the config space. */
import type { ConfigSpace } from './config-space.ts';
import { Header, Status } from './header.ts';

/** Capability identifiers below 0x100 (PCI Express 7.5, 7.7). */
export const CapabilityId = { powerManagement: 0x01, msi: 0x05, pciExpress: 0x10, msix: 0x11 } as const;

/** Extended capability identifiers, from 0x100 on. */
export const ExtendedId = { aer: 0x0001, serialNumber: 0x0003, ari: 0x000e, sriov: 0x0010 } as const;

export class CapabilityList {
  readonly config: ConfigSpace;
  /** Byte that links to the next capability. */
  #link: number;
  #extendedTail: number;

  constructor(config: ConfigSpace) {
    this.config = config;
    this.#link = Header.capabilities;
    this.#extendedTail = 0;
  }

  /** Appends a capability's two-byte header; the caller declares what follows. */
  standard(at: number, id: number): void {
    if (at < 0x40 || at > 0xfc || at % 4 !== 0) throw new Error(`capability ${id} at 0x${at.toString(16)}`);
    this.config.declare({ at, size: 1, value: id }, { at: at + 1, size: 1 });
    this.config.setDefault(this.#link, 1, at);
    this.#link = at + 1;
    this.config.setDefault(Header.status, 2, this.config.read(Header.status, 2) | Status.capabilities);
  }

  /** Appends an extended capability's header. The first must lie at 0x100. */
  extended(at: number, id: number, version: number): void {
    const first = this.#extendedTail === 0;
    if (at < 0x100 || at % 4 !== 0 || (first && at !== 0x100)) {
      throw new Error(`extended capability ${id} at 0x${at.toString(16)}`);
    }
    this.config.declare({ at, size: 4, value: (version << 16) | id });
    if (!first) {
      const tail = this.config.read(this.#extendedTail, 4);
      this.config.setDefault(this.#extendedTail, 4, (tail & 0xfffff) | (at << 20));
    }
    this.#extendedTail = at;
  }
}
