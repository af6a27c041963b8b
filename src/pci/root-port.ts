/** A PCI Express root port whose link is always up: ARI forwarding, MSI for PME. What it says it is, is its maker's. */
import { Bridge } from './bridge.ts';
import { CapabilityList } from './capability-list.ts';
import { MsiCapability } from './capabilities/msi.ts';
import { PciExpress, PortType } from './capabilities/pci-express.ts';
import type { PciDomain } from './domain.ts';
import type { FunctionOptions } from './function.ts';
import { FunctionMemory } from './function-memory.ts';
import { MessageInterrupts } from './message-interrupts.ts';

const BRIDGE_CLASS = 0x060400;
const ARI_FORWARDING = 0x20;
/** Data link layer active, in the link's status. */
const LINK_ACTIVE = 0x2000;

export interface RootPortOptions extends FunctionOptions {
  readonly domain: PciDomain;
  readonly vendorId: number;
  readonly deviceId: number;
  /** Registers of the PCI Express capability. */
  readonly deviceCapabilities: number;
  readonly linkCapabilities: number;
  readonly linkStatus: number;
}

export class RootPort extends Bridge {
  constructor(options: RootPortOptions) {
    const { domain, vendorId, deviceId, deviceCapabilities, linkCapabilities, linkStatus } = options;
    super({
      ...options,
      routing: domain.routing,
      identity: { vendorId, deviceId, revision: 0, classCode: BRIDGE_CLASS },
    });
    const list = new CapabilityList(this.config);
    const msi = new MsiCapability(list, 0x60);
    this.pciExpress = new PciExpress(list, 0x90, {
      type: PortType.rootPort,
      deviceCapabilities,
      linkCapabilities,
      linkStatus: linkStatus | LINK_ACTIVE,
      deviceCapabilities2: ARI_FORWARDING,
      deviceControl2Writable: ARI_FORWARDING,
    });
    this.interrupts = new MessageInterrupts(new FunctionMemory(this, domain), msi, undefined, undefined);
  }
}
