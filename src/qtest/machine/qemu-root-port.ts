/** A root port by the identity of QEMU's `pcie-root-port`: a slot whose device and VFs lie on a bus of their own. */
import { type FunctionOptions, type PciDomain, RootPort } from '../../pci/index.ts';

export class QemuRootPort extends RootPort {
  constructor(options: FunctionOptions & { readonly domain: PciDomain }) {
    super({
      ...options,
      vendorId: 0x1b36,
      deviceId: 0x000c,
      deviceCapabilities: 0x8000,
      // x1 at 2.5 GT/s with link active reporting.
      linkCapabilities: 0x0010_0011,
      linkStatus: 0x0011,
    });
  }
}
