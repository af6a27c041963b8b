/** Puts a NIC together: wire, capture, function, port, bridge, sockets. Runs in the device thread. */
import { CaptureSet } from '../capture/capture-set.ts';
import type { Epoch } from '../capture/ring.ts';
import { IgbPhysicalFunction } from '../devices/igb/physical-function.ts';
import { IgbPort } from '../devices/igb/port.ts';
import { IgbVirtualFunctions } from '../devices/igb/virtual-functions.ts';
import { VmdHierarchy } from '../devices/vmd/index.ts';
import type { EventLoop } from '../linux/index.ts';
import { parseMac } from '../packet/index.ts';
import { GuardedClock, GuardedTasks, PciDomain } from '../pci/index.ts';
import type { FrameCapture, NonvolatileMemory, Trace, Wire } from '../ports/index.ts';
import { TracedWire } from '../wires/index.ts';
import type { AssembledNic } from './assembled-nic.ts';
import { Attachments } from './attachments.ts';
import type { NicConfig } from './config.ts';
import type { NicEvent } from './events.ts';
import { GuardedWire } from './guarded-wire.ts';
import { HostedPf } from './hosted.ts';
import { partnerOf } from './link.ts';
import type { DeviceThreadData } from './messages.ts';
import { RunState } from './run-state.ts';
import { Netdevs } from './netdevs.ts';

export interface AssemblyOptions {
  readonly config: NicConfig;
  readonly netdevs: DeviceThreadData['netdevs'];
  readonly captures: DeviceThreadData['captures'];
  readonly loop: EventLoop;
  readonly trace: Trace;
  /** Keeps the NVM, where a file does. */
  readonly nonvolatile: NonvolatileMemory | undefined;
  readonly rom: Uint8Array | undefined;
  /** When the loop's time began. */
  readonly epoch: Epoch;
  readonly tell: (event: NicEvent) => void;
  readonly log: (line: string) => void;
}

type Devices = Pick<AssembledNic, 'pf' | 'port' | 'vfs' | 'hierarchy' | 'runState'> & {
  /** Has the PF driven by us while no machine does; `taken` where one has it now. */
  readonly makeHosted: (taken: boolean) => HostedPf;
};

/** PF, VFs and the port behind them. */
function makeDevices(options: AssemblyOptions, wire: Wire, capture: FrameCapture): Devices {
  const { config, loop, trace } = options;
  const hierarchy = config.attach.some(({ kind }) => kind === 'hierarchy') ? new VmdHierarchy(trace) : undefined;
  const mac = parseMac(config.mac)!;
  const pf = new IgbPhysicalFunction({
    trace,
    domain: hierarchy?.domain ?? new PciDomain(trace),
    attachment: hierarchy === undefined ? 'function' : 'hierarchy',
    mac,
    msix: config.msix,
    msi: config.msi,
    rom: options.rom,
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
    capture,
    memory: vfs.memory,
    interruptPorts: vfs.interruptPorts,
    mac,
    media: config.media,
    linkPartner: partnerOf(config),
    nonvolatile: options.nonvolatile,
    pme: pf,
  });
  pf.connect(port);
  vfs.connect(port);
  const runState = new RunState([clock, tasks, guardedWire]);
  const makeHosted = (taken: boolean): HostedPf => new HostedPf({ config, pf, vfs, port, clock, tasks, trace, taken });
  return { pf, port, vfs, hierarchy, runState, makeHosted };
}

/** Tells of the link, at the end of the turn in which it changed. */
function watchLink({ loop, tell }: AssemblyOptions, { port }: Devices): void {
  const { link } = port.blocks;
  let { up } = link;
  loop.atTurnEnd(() => {
    if (link.up === up) return;
    ({ up } = link);
    tell({ type: 'link', up, speedMbps: up ? link.speedMbps : 0 });
  });
}

function makeAttachments({ loop, log, tell, trace }: AssemblyOptions, { hierarchy, pf, vfs }: Devices): Attachments {
  return new Attachments({
    loop,
    log,
    trace,
    portOf: (attachment) =>
      attachment.kind === 'vf' ? vfs.makePort(attachment.index) : (hierarchy?.port ?? pf.makePort()),
    clientChanged: (id, attached) => tell({ type: 'client', id, attached }),
  });
}

/** Builds the NIC and starts to listen. Throws what the user can mend, with nothing left open. */
export function assembleNic(options: AssemblyOptions): AssembledNic {
  const { config, loop, log, tell, trace } = options;
  const netdevs = new Netdevs(options.netdevs, loop, log);
  const captures = new CaptureSet(() => loop.now(), options.epoch);
  for (const memory of options.captures) captures.add(memory);
  let attachments: Attachments | undefined;
  const close = (): void => {
    attachments?.close();
    netdevs.close();
  };
  try {
    const devices = makeDevices(options, new TracedWire(netdevs.wire, trace), captures);
    const { pf, port, vfs, hierarchy, runState, makeHosted } = devices;
    attachments = makeAttachments(options, devices);
    let hosted = config.attach.some(({ kind }) => kind === 'vf') ? makeHosted(false) : undefined;
    for (const attachment of config.attach) attachments.add(attachment);
    watchLink(options, devices);
    runState.onChange = (running) => tell({ type: 'run-state', running });
    return {
      ...{ config, loop, trace, pf, port, vfs, hierarchy, netdevs, captures, attachments, runState, close },
      get manager() {
        return hosted?.manager;
      },
      host: () => (hosted ??= makeHosted(pf.memory.domain.host !== undefined)),
    };
  } catch (error) {
    close();
    throw error;
  }
}
