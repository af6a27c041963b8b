/** One port of a NIC: its physical function, VFs and registers, plugged into its wire. */
import type { IgbChip } from '../devices/igb/chip.ts';
import type { FlashContents } from '../devices/igb/nvm/flash-memory.ts';
import { IgbPhysicalFunction } from '../devices/igb/functions/physical-function.ts';
import { IgbPort } from '../devices/igb/port.ts';
import { IgbVirtualFunctions } from '../devices/igb/functions/virtual-functions.ts';
import type { VmdHierarchy } from '../devices/vmd/index.ts';
import { parseMac } from '../packet/index.ts';
import { type AccessGuard, GuardedClock, GuardedTasks, GuardedWire, PciDomain } from '../pci/index.ts';
import type { EventLoop } from '../linux/index.ts';
import type { FrameCapture, NonvolatileMemory, Trace, Wire } from '../ports/index.ts';
import { traceOf } from '../trace/port-trace.ts';
import { macOfPort, type NicConfig } from './config.ts';
import { cableOf, partnerOf } from './link.ts';

export interface PortParts {
  readonly pf: IgbPhysicalFunction;
  readonly vfs: IgbVirtualFunctions;
  readonly port: IgbPort;
  readonly clock: GuardedClock;
  readonly tasks: GuardedTasks;
  readonly wire: GuardedWire;
}

export interface FlashOptions {
  readonly contents: FlashContents;
  /** So much of its start is an option ROM. */
  readonly romBytes: number;
}

/** What the ports of a NIC are made from. */
export interface PortOptions {
  readonly config: NicConfig;
  readonly loop: EventLoop;
  readonly trace: Trace;
  /** Keeps the NVM, where a file does. */
  readonly nonvolatile: NonvolatileMemory | undefined;
  readonly flash: FlashOptions;
}

export interface PortPlace {
  readonly number: 0 | 1;
  /** Shared by the ports of a NIC, which are made in their order. */
  readonly chip: IgbChip;
  readonly guard: AccessGuard;
  /** Behind which it is function `number`; otherwise it is an endpoint by itself. */
  readonly hierarchy: VmdHierarchy | undefined;
  readonly wire: Wire;
  readonly capture: FrameCapture | undefined;
}

export function makePortParts(options: PortOptions, place: PortPlace): PortParts {
  const { config, loop } = options;
  const { number, chip, guard, hierarchy, capture } = place;
  const trace = traceOf(options.trace, number);
  const chipMac = parseMac(config.mac)!;
  const pf = new IgbPhysicalFunction({
    trace,
    guard,
    domain: hierarchy?.domain ?? new PciDomain(trace),
    attachment: hierarchy === undefined ? 'function' : 'hierarchy',
    mac: chipMac,
    functionNumber: number,
    functions: config.ports,
    msix: config.msix,
    msi: config.msi,
    flash: options.flash.contents.bytes,
    romBytes: options.flash.romBytes,
  });
  hierarchy?.slot.add(pf, number);
  const vfs = new IgbVirtualFunctions({ trace, pf });
  const clock = new GuardedClock(loop, guard);
  const tasks = new GuardedTasks(loop, guard);
  const wire = new GuardedWire(place.wire, guard);
  const port = new IgbPort({
    clock,
    tasks,
    trace,
    wire,
    ...(capture && { capture }),
    memory: vfs.memory,
    interruptPorts: vfs.interruptPorts,
    mac: macOfPort(config, number),
    portNumber: number,
    chip,
    media: config.media,
    linkPartner: partnerOf(config),
    cable: cableOf(config),
    nonvolatile: options.nonvolatile,
    pme: pf,
  });
  pf.connect(port);
  vfs.connect(port);
  return { pf, vfs, port, clock, tasks, wire };
}
