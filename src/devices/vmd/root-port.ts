/** The root port inside the VMD, 8086:2030: a link that is always up, ARI forwarding, MSI for PME. */
import {
  Bridge,
  CapabilityList,
  FunctionMemory,
  type FunctionOptions,
  MessageInterrupts,
  MsiCapability,
  type PciDomain,
  PciExpress,
  PortType,
} from '../../pci/index.ts';

/** Role-based error reporting, 512-byte payload. */
const DEVICE_CAPABILITIES = 0x0000_8002;
/** x4 at 2.5 GT/s, data link layer active reporting (bit 20), port 1. */
const LINK_CAPABILITIES = 0x0110_0041;
/** x4 at 2.5 GT/s, slot clock. */
const LINK_STATUS = 0x1041;
const LINK_ACTIVE = 0x2000;
const ARI_FORWARDING = 0x20;

export class VmdRootPort extends Bridge {
  constructor(options: FunctionOptions & { readonly domain: PciDomain }) {
    super({
      ...options,
      routing: options.domain.routing,
      identity: { vendorId: 0x8086, deviceId: 0x2030, revision: 0, classCode: 0x060400 },
    });
    const list = new CapabilityList(this.config);
    const msi = new MsiCapability(list, 0x60);
    this.pciExpress = new PciExpress(list, 0x90, {
      type: PortType.rootPort,
      deviceCapabilities: DEVICE_CAPABILITIES,
      linkCapabilities: LINK_CAPABILITIES,
      linkStatus: LINK_STATUS | LINK_ACTIVE,
      deviceCapabilities2: ARI_FORWARDING,
      deviceControl2Writable: ARI_FORWARDING,
    });
    this.interrupts = new MessageInterrupts(new FunctionMemory(this, options.domain), msi, undefined, undefined);
  }
}
