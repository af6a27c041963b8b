/** Puts a NIC together: wire, capture, function, port, bridge, sockets. Runs in the device thread. */
import { FilterDump } from '../capture/filter-dump.ts';
import { CaptureWriter } from '../capture/ring.ts';
import { IgbPhysicalFunction } from '../devices/igb/physical-function.ts';
import { IgbPort } from '../devices/igb/port.ts';
import { IgbVirtualFunctions } from '../devices/igb/virtual-functions.ts';
import { VmdHierarchy } from '../devices/vmd/index.ts';
import type { EventLoop } from '../linux/index.ts';
import { parseMac } from '../packet/index.ts';
import { GuardedClock, GuardedTasks, PciDomain, type PciDevicePort } from '../pci/index.ts';
import type { NonvolatileMemory, Trace, Wire } from '../ports/index.ts';
import { VfioUserServer, type VfioUserServerOptions } from '../vfio-user/index.ts';
import type { AssembledNic } from './assembled-nic.ts';
import type { NicConfig } from './config.ts';
import { GuardedWire } from './guarded-wire.ts';
import { attachmentError } from './host-advice.ts';
import { HostedPf } from './hosted.ts';
import { partnerOf } from './link.ts';
import type { DeviceThreadData } from './messages.ts';
import { RunState } from './run-state.ts';
import { openNetdevs, type Netdevs } from './netdevs.ts';

export interface AssemblyOptions {
  readonly config: NicConfig;
  readonly netdevs: DeviceThreadData['netdevs'];
  readonly captures: DeviceThreadData['captures'];
  readonly loop: EventLoop;
  readonly trace: Trace;
  /** Keeps the NVM, where a file does. */
  readonly nonvolatile: NonvolatileMemory | undefined;
  /** Nanoseconds since 1970, for captures. */
  readonly wallClockNs: () => number;
  readonly log: (line: string) => void;
}

/** The NIC's wire with a capture around it for each `filter-dump` on its netdev. */
function captured(netdevs: Netdevs, options: AssemblyOptions): Wire {
  let { wire } = netdevs;
  for (const memory of options.captures) wire = new FilterDump(wire, new CaptureWriter(memory), options.wallClockNs);
  return wire;
}

/** What the sockets of a NIC serve. */
interface Served {
  readonly path: string;
  readonly device: PciDevicePort;
}

type Devices = Pick<AssembledNic, 'pf' | 'port' | 'vfs' | 'hierarchy' | 'manager' | 'runState'> & {
  readonly served: Served[];
};

/** PF, VFs and the port behind them, and what a client of each attachment is served. */
function makeDevices(options: AssemblyOptions, wire: Wire): Devices {
  const { config, loop, trace } = options;
  const physical = config.attach.find((attachment) => attachment.kind !== 'vf');
  const hierarchy = physical?.kind === 'hierarchy' ? new VmdHierarchy(trace) : undefined;
  const mac = parseMac(config.mac)!;
  const pf = new IgbPhysicalFunction({
    trace,
    domain: hierarchy?.domain ?? new PciDomain(trace),
    attachment: hierarchy === undefined ? 'function' : 'hierarchy',
    mac,
    msix: config.msix,
    msi: config.msi,
  });
  hierarchy?.slot.add(pf, 0);
  const vfs = new IgbVirtualFunctions({ trace, pf });
  const clock = new GuardedClock(loop, pf.guard);
  const tasks = new GuardedTasks(loop, pf.guard);
  const guardedWire = new GuardedWire(wire, pf.guard);
  const port = new IgbPort({
    clock,
    tasks,
    trace,
    wire: guardedWire,
    memory: vfs.memory,
    interruptPorts: vfs.interruptPorts,
    mac,
    media: config.media,
    linkPartner: partnerOf(config),
    nonvolatile: options.nonvolatile,
  });
  pf.connect(port);
  vfs.connect(port);
  const served = config.attach.map((attachment) => ({
    path: attachment.path,
    device: attachment.kind === 'vf' ? vfs.makePort(attachment.index) : (hierarchy?.port ?? pf.makePort()),
  }));
  const shared = config.attach.some(({ kind }) => kind === 'vf');
  const hosted = shared ? new HostedPf({ config, pf, vfs, port, clock, tasks, trace }) : undefined;
  const runState = new RunState([clock, tasks, guardedWire]);
  return { pf, port, vfs, hierarchy, manager: hosted?.manager, runState, served };
}

function serve(options: VfioUserServerOptions): VfioUserServer {
  try {
    return new VfioUserServer(options);
  } catch (error) {
    throw attachmentError(error);
  }
}

/** Builds the NIC and starts to listen. Throws what the user can mend, with nothing left open. */
export function assembleNic(options: AssemblyOptions): AssembledNic {
  const { loop, log } = options;
  const netdevs = openNetdevs(options.netdevs, loop, log);
  const servers: VfioUserServer[] = [];
  const close = (): void => {
    for (const server of servers) server.close();
    netdevs.close();
  };
  try {
    const { served, ...devices } = makeDevices(options, captured(netdevs, options));
    for (const { path, device } of served) servers.push(serve({ loop, path, device, log }));
    return { ...devices, config: options.config, loop, trace: options.trace, netdevs, close };
  } catch (error) {
    close();
    throw error;
  }
}
