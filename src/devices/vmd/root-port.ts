/** The root port inside the VMD. */
import { type FunctionOptions, type PciDomain, RootPort } from '../../pci/index.ts';

export class VmdRootPort extends RootPort {
  constructor(options: FunctionOptions & { readonly domain: PciDomain }) {
    super({
      ...options,
      vendorId: 0x8086,
      deviceId: 0x2030,
      // Role-based error reporting, 512-byte payload.
      deviceCapabilities: 0x0000_8002,
      // x4 at 2.5 GT/s, data link layer active reporting (bit 20), port 1; slot clock.
      linkCapabilities: 0x0110_0041,
      linkStatus: 0x1041,
    });
  }
}
