/** A PCI domain: a tree of buses, who answers what in it, and the virtual machine above it. */
import type { Trace } from '../ports/index.ts';
import { AddressMap } from './address-map.ts';
import { Bridge } from './bridge.ts';
import { Bus } from './bus.ts';
import type { PciFunction } from './function.ts';
import type { HostClient } from './host.ts';

export class PciDomain {
  readonly routing: { generation: number };
  readonly root: Bus;
  readonly map: AddressMap;
  /** The client that this domain belongs to now. */
  host: HostClient | undefined;

  constructor(trace: Trace) {
    this.routing = { generation: 0 };
    this.root = new Bus(this.routing, undefined);
    this.map = new AddressMap(this.root, trace);
    this.host = undefined;
  }

  /** The function that a config access reaches; bus 0 is the root bus. */
  functionAt(busNumber: number, deviceFunction: number): PciFunction | undefined {
    if (busNumber === 0) return this.root.at(deviceFunction);
    return below(this.root, busNumber, deviceFunction);
  }

  /** Signals the client's vector (for `SignalInterrupts`). */
  signal(index: number, vector: number): boolean {
    return this.host?.signal(index, vector) ?? false;
  }
}

function below(bus: Bus, busNumber: number, deviceFunction: number): PciFunction | undefined {
  for (const fn of bus.functions) {
    if (!(fn instanceof Bridge) || fn.secondaryNumber === 0) continue;
    if (busNumber < fn.secondaryNumber || busNumber > fn.subordinateNumber) continue;
    return fn.functionBelow(busNumber, deviceFunction) ?? below(fn.secondary, busNumber, deviceFunction);
  }
  return undefined;
}
