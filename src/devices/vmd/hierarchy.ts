/** VMD, root port and the slot behind it, as one device for a client. */
import { type Bus, PciDevicePort, type PciDomain } from '../../pci/index.ts';
import type { Trace } from '../../ports/index.ts';
import { VmdEndpoint } from './endpoint.ts';
import { VmdRootPort } from './root-port.ts';

export class VmdHierarchy {
  readonly endpoint: VmdEndpoint;
  readonly rootPort: VmdRootPort;
  /** The domain inside; the children's `FunctionMemory` belongs to it. */
  readonly domain: PciDomain;
  /** The bus below the root port: a PF goes to offset 0, its VFs to their routing offsets. */
  readonly slot: Bus;
  /** What a transport serves. It has no interrupts: children's messages are memory writes. */
  readonly port: PciDevicePort;

  constructor(trace: Trace) {
    this.endpoint = new VmdEndpoint({ trace });
    this.domain = this.endpoint.domain;
    this.rootPort = new VmdRootPort({ trace, domain: this.domain });
    this.domain.root.add(this.rootPort, 0);
    this.slot = this.rootPort.secondary;
    this.port = new PciDevicePort(this.endpoint, this.domain, [0, 0, 0, 0, 0]);
  }
}
