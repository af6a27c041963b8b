/** Puts a NIC together: wire, capture, function, port, bridge, sockets. Runs in the device thread. */
import { FilterDump } from '../capture/filter-dump.ts';
import { CaptureWriter } from '../capture/ring.ts';
import { IgbPhysicalFunction } from '../devices/igb/physical-function.ts';
import { IgbPort } from '../devices/igb/port.ts';
import { VmdHierarchy } from '../devices/vmd/index.ts';
import type { EventLoop } from '../linux/index.ts';
import { parseMac } from '../packet/index.ts';
import { GuardedClock, GuardedTasks, PciDomain, type PciDevicePort } from '../pci/index.ts';
import type { Trace, Wire } from '../ports/index.ts';
import { VfioUserServer } from '../vfio-user/index.ts';
import type { NicConfig } from './config.ts';
import { NicError } from './errors.ts';
import { GuardedWire } from './guarded-wire.ts';
import type { DeviceThreadData, NicStatistics } from './messages.ts';
import { openNetdevs, type Netdevs } from './netdevs.ts';

export interface AssemblyOptions {
  readonly config: NicConfig;
  readonly netdevs: DeviceThreadData['netdevs'];
  readonly captures: DeviceThreadData['captures'];
  readonly loop: EventLoop;
  readonly trace: Trace;
  /** Nanoseconds since 1970, for captures. */
  readonly wallClockNs: () => number;
  readonly log: (line: string) => void;
}

export interface AssembledNic {
  setLink(up: boolean): void;
  statistics(): NicStatistics;
  close(): void;
}

/** The NIC's wire with a capture around it for each `filter-dump` on its netdev. */
function captured(netdevs: Netdevs, options: AssemblyOptions): Wire {
  let { wire } = netdevs;
  for (const { netdev, memory } of options.captures) {
    if (netdev !== netdevs.id)
      throw new NicError('CONFIG', `filter-dump: netdev=${netdev} is not the NIC's (${netdevs.id})`);
    wire = new FilterDump(wire, new CaptureWriter(memory), options.wallClockNs);
  }
  return wire;
}

/** The function with its port behind it; what a client of the attachment is served. */
function makeDevice(options: AssemblyOptions, wire: Wire): { port: IgbPort; device: PciDevicePort } {
  const { config, loop, trace } = options;
  const { kind } = config.attach[0]!;
  if (kind === 'vf') throw new NicError('CONFIG', 'attach: vf is not built yet');
  const mac = parseMac(config.mac)!;
  const hierarchy = kind === 'hierarchy' ? new VmdHierarchy(trace) : undefined;
  const pf = new IgbPhysicalFunction({
    trace,
    domain: hierarchy?.domain ?? new PciDomain(trace),
    attachment: kind,
    mac,
    msix: config.msix,
    msi: config.msi,
  });
  hierarchy?.slot.add(pf, 0);
  const port = new IgbPort({
    clock: new GuardedClock(loop, pf.guard),
    tasks: new GuardedTasks(loop, pf.guard),
    trace,
    wire: new GuardedWire(wire, pf.guard),
    memory: [pf.memory],
    interruptPorts: [pf.interrupts],
    mac,
  });
  pf.connect(port);
  return { port, device: hierarchy?.port ?? pf.makePort() };
}

/** Builds the NIC and starts to listen. Throws what the user can mend, with nothing left open. */
export function assembleNic(options: AssemblyOptions): AssembledNic {
  const { config, loop, log } = options;
  const netdevs = openNetdevs(options.netdevs, loop, log);
  try {
    const { port, device } = makeDevice(options, captured(netdevs, options));
    const server = new VfioUserServer({ loop, path: config.attach[0]!.path, device, log });
    return {
      setLink: (up) => port.setLink(up),
      statistics: () => netdevs.statistics(),
      close: () => {
        server.close();
        netdevs.close();
      },
    };
  } catch (error) {
    netdevs.close();
    throw error;
  }
}
