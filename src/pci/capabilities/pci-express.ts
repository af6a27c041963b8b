import { CapabilityId, type CapabilityList } from '../capability-list.ts';
import { Change } from '../change.ts';
import type { ConfigSpace } from '../config-space.ts';

/** Device/Port Type (PCI Express 7.5.3.2). */
export const PortType = { endpoint: 0, rootPort: 4, rootComplexEndpoint: 9 } as const;

export interface PciExpressOptions {
  readonly type: (typeof PortType)[keyof typeof PortType];
  readonly deviceCapabilities?: number;
  readonly deviceControl?: number;
  /** Device Control bits that a guest can write beside Initiate FLR; 14:0 where not given, none in a VF. */
  readonly deviceControlWritable?: number;
  readonly deviceStatus?: number;
  readonly linkCapabilities?: number;
  readonly linkStatus?: number;
  readonly deviceCapabilities2?: number;
  /** Device Control 2 bits that a guest can write. */
  readonly deviceControl2Writable?: number;
}

const FLR_CAPABLE = 1 << 28;
const INITIATE_FLR = 0x8000;
/** Root Control: PME Interrupt Enable. Root Status: PME Status, PME Pending. */
const PME_INTERRUPT = 0x0008;
const PME_STATUS = 0x0001_0000;
const PME_PENDING = 0x0002_0000;
/** ASPM, link disable, retrain (root ports), common clock, extended synch. */
const LINK_CONTROL_WRITABLE = 0x00cb;

/** The PCI Express capability, version 2 (7.5.3). */
export class PciExpress {
  readonly isRootPort: boolean;
  readonly #config: ConfigSpace;
  readonly #at: number;
  /** Who asked while PME Status was set; each function once. */
  readonly #waiting: Set<number>;
  /** PME Status and PME Interrupt Enable are both set. */
  #interrupting: boolean;

  constructor(list: CapabilityList, at: number, options: PciExpressOptions) {
    const root = options.type === PortType.rootPort;
    const flr = ((options.deviceCapabilities ?? 0) & FLR_CAPABLE) !== 0;
    const announces = Change.deviceControl;
    list.standard(at, CapabilityId.pciExpress);
    list.config.declare(
      { at: at + 0x02, size: 2, value: 2 | (options.type << 4) },
      { at: at + 0x04, size: 4, value: options.deviceCapabilities ?? 0 },
      {
        at: at + 0x08,
        size: 2,
        value: options.deviceControl ?? 0,
        writable: options.deviceControlWritable ?? 0x7fff,
        ...(flr ? { writeOneActs: INITIATE_FLR, acts: Change.functionReset } : {}),
        announces,
      },
      { at: at + 0x0a, size: 2, value: options.deviceStatus ?? 0, writeOneClears: 0x000f },
      { at: at + 0x0c, size: 4, value: options.linkCapabilities ?? 0 },
      { at: at + 0x10, size: 2, writable: LINK_CONTROL_WRITABLE },
      { at: at + 0x12, size: 2, value: options.linkStatus ?? 0 },
      // Slot registers: no slot.
      { at: at + 0x14, size: 4 },
      { at: at + 0x18, size: 4 },
      // Root Control, Root Capabilities, Root Status.
      { at: at + 0x1c, size: 2, writable: root ? 0x000f : 0, announces: Change.rootPort },
      { at: at + 0x1e, size: 2 },
      { at: at + 0x20, size: 4, writeOneClears: root ? PME_STATUS : 0, announces: Change.rootPort },
      { at: at + 0x24, size: 4, value: options.deviceCapabilities2 ?? 0 },
      { at: at + 0x28, size: 2, writable: options.deviceControl2Writable ?? 0, announces },
      { at: at + 0x2a, size: 2 },
      { at: at + 0x2c, size: 4 },
      { at: at + 0x30, size: 2 },
      { at: at + 0x32, size: 2 },
      { at: at + 0x34, size: 4 },
      { at: at + 0x38, size: 4 },
    );
    this.isRootPort = root;
    this.#config = list.config;
    this.#at = at;
    this.#waiting = new Set();
    this.#interrupting = false;
  }

  /** A root port received a PME message (6.1.6): Root Status names who sent it. True where it is to interrupt. */
  rootPme(routingId: number): boolean {
    const status = this.#config.read(this.#at + 0x20, 4);
    if ((status & PME_STATUS) === 0) this.#config.set(this.#at + 0x20, 4, PME_STATUS | routingId);
    else {
      this.#waiting.add(routingId);
      this.#config.set(this.#at + 0x20, 4, status | PME_PENDING);
    }
    return this.#interrupts();
  }

  /** Root Control or Root Status was written: the next message that waits takes its place. True where it is to interrupt. */
  rootWritten(): boolean {
    if ((this.#config.read(this.#at + 0x20, 4) & PME_STATUS) === 0) {
      this.#interrupting = false;
      const [next] = this.#waiting;
      if (next !== undefined) {
        this.#waiting.delete(next);
        const pending = this.#waiting.size === 0 ? 0 : PME_PENDING;
        this.#config.set(this.#at + 0x20, 4, PME_STATUS | pending | next);
      }
    }
    return this.#interrupts();
  }

  /** After a reset of the function. */
  reset(): void {
    this.#waiting.clear();
    this.#interrupting = false;
  }

  /** An interrupt is due each time that status and enable come to be set together. */
  #interrupts(): boolean {
    const before = this.#interrupting;
    const status = (this.#config.read(this.#at + 0x20, 4) & PME_STATUS) !== 0;
    this.#interrupting = status && (this.#config.read(this.#at + 0x1c, 2) & PME_INTERRUPT) !== 0;
    return this.#interrupting && !before;
  }

  /** Device Control 2, ARI Forwarding Enable: the port lets device numbers other than 0 through. */
  get ariForwarding(): boolean {
    return (this.#config.read(this.#at + 0x28, 2) & 0x20) !== 0;
  }

  /** Link Status, Data Link Layer Link Active. */
  setLinkActive(active: boolean): void {
    const status = this.#config.read(this.#at + 0x12, 2) & ~0x2000;
    this.#config.set(this.#at + 0x12, 2, status | (active ? 0x2000 : 0));
  }
}
