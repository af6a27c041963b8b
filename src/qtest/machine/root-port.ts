/** A root port by the identity of QEMU's `pcie-root-port`: a slot whose device and VFs lie on a bus of their own. */
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

const ARI_FORWARDING = 0x20;

export class RootPort extends Bridge {
  constructor(options: FunctionOptions & { readonly domain: PciDomain }) {
    super({
      ...options,
      routing: options.domain.routing,
      identity: { vendorId: 0x1b36, deviceId: 0x000c, revision: 0, classCode: 0x060400 },
    });
    const list = new CapabilityList(this.config);
    const msi = new MsiCapability(list, 0x60);
    this.pciExpress = new PciExpress(list, 0x90, {
      type: PortType.rootPort,
      deviceCapabilities: 0x8000,
      // x1 at 2.5 GT/s with link active reporting; the link is up.
      linkCapabilities: 0x0010_0011,
      linkStatus: 0x2011,
      deviceCapabilities2: ARI_FORWARDING,
      deviceControl2Writable: ARI_FORWARDING,
    });
    this.interrupts = new MessageInterrupts(new FunctionMemory(this, options.domain), msi, undefined, undefined);
  }
}
