/** Puts a NIC together: wires, captures, ports, bridge, sockets. Runs in the device thread. */
import { CaptureSet } from '../capture/capture-set.ts';
import type { Epoch } from '../capture/ring.ts';
import { IgbChip } from '../devices/igb/chip.ts';
import { VmdHierarchy } from '../devices/vmd/index.ts';
import { Faults, type FaultyPort } from '../faults/index.ts';
import { AccessGuard } from '../pci/index.ts';
import type { FrameCapture, Wire } from '../ports/index.ts';
import type { TraceWriter } from '../trace/ring.ts';
import { traceOf } from '../trace/port-trace.ts';
import { TracedWire } from '../wires/index.ts';
import type { AssembledNic } from './assembled-nic.ts';
import { Attachments } from './attachments.ts';
import { Breaks } from './breaks.ts';
import { HostedPf } from './hosted.ts';
import { Netdevs } from './netdevs.ts';
import type { NicEvent } from './events.ts';
import type { DeviceThreadData } from './messages.ts';
import { addFault } from './commands/faults.ts';
import { NicLint } from './nic-lint.ts';
import { makePortParts, type PortOptions, type PortParts } from './port-parts.ts';
import { RunState } from './run-state.ts';

/** Frames sent or received in one go that a capture gives the same time: some microseconds. */
const FRAMES_A_TIME = 4;

export interface AssemblyOptions extends PortOptions {
  readonly trace: TraceWriter;
  readonly netdevs: DeviceThreadData['netdevs'];
  readonly captures: DeviceThreadData['captures'];
  /** When the loop's time began. */
  readonly epoch: Epoch;
  readonly tell: (event: NicEvent) => void;
  readonly log: (line: string) => void;
}

type Devices = Pick<AssembledNic, 'pf' | 'port' | 'vfs' | 'second' | 'hierarchy' | 'runState' | 'faults'> & {
  /** Has the PF of port 0 driven by us while no machine does; `taken` where one has it now. */
  readonly makeHosted: (taken: boolean) => HostedPf;
};

/** PF, VFs and the port behind them, once or twice. */
function makeDevices(options: AssemblyOptions, wires: readonly Wire[], capture: FrameCapture): Devices {
  const { config, trace } = options;
  const hierarchy = config.attach.some(({ kind }) => kind === 'hierarchy') ? new VmdHierarchy(trace) : undefined;
  const shared = { chip: new IgbChip(), guard: new AccessGuard(), hierarchy };
  const first = makePortParts(options, { ...shared, number: 0, wire: wires[0]!, capture });
  const second =
    config.ports === 2
      ? makePortParts(options, { ...shared, number: 1, wire: wires[1]!, capture: undefined })
      : undefined;
  first.pf.sriov.next = second?.pf.sriov;
  const all = second === undefined ? [first] : [first, second];
  const runState = new RunState(all.flatMap((parts) => [parts.clock, parts.tasks, parts.wire]));
  const faults = new Faults(all.map(faultyPort), first.tasks);
  const { pf, port, vfs } = first;
  const makeHosted = (taken: boolean): HostedPf => new HostedPf({ config, trace, taken, ...first });
  return { pf, port, vfs, second, hierarchy, runState, faults, makeHosted };
}

/** Where faults meet a port. */
function faultyPort({ port, vfs, clock, wire }: PortParts): FaultyPort {
  const { trace, registers, queueFunction } = port.context;
  return {
    ...{ clock, trace, wire, queueFunction },
    memory: vfs.memorySlots,
    interrupts: vfs.interruptSlots,
    mailbox: port.blocks.mailbox,
    values: registers.values,
    damaged: (...frame) => port.receiveDamaged(...frame),
  };
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

function makeAttachments(
  { loop, log, tell, trace }: AssemblyOptions,
  { hierarchy, pf, vfs, second }: Devices,
): Attachments {
  return new Attachments({
    loop,
    log,
    trace,
    portOf: (attachment) => {
      if (attachment.kind === 'vf') return vfs.makePort(attachment.index);
      if (attachment.kind === 'hierarchy') return hierarchy!.port;
      return (attachment.port === 1 ? second!.pf : pf).makePort();
    },
    clientChanged: (id, attached) => tell({ type: 'client', id, attached }),
  });
}

/** Builds the NIC and starts to listen. Throws what the user can mend, with nothing left open. */
export function assembleNic(options: AssemblyOptions): AssembledNic {
  const { config, loop, log, tell, trace } = options;
  const netdevs = new Netdevs(options.netdevs, loop, log, config.ports);
  if (config.metrics !== undefined) loop.measureTurns();
  const captures = new CaptureSet(() => loop.now(), options.epoch, FRAMES_A_TIME);
  loop.atTurnEnd(() => captures.turnEnded());
  for (const memory of options.captures) captures.add(memory);
  let attachments: Attachments | undefined;
  let breaks: Breaks | undefined;
  const close = (): void => {
    breaks?.close();
    attachments?.close();
    netdevs.close();
  };
  try {
    const wires = netdevs.wires.map((wire, port) => new TracedWire(wire, traceOf(trace, port)));
    const devices = makeDevices(options, wires, captures);
    const { pf, port, vfs, second, hierarchy, runState, faults, makeHosted } = devices;
    const ports = [port, ...(second === undefined ? [] : [second.port])].map(({ context }) => context);
    const lint = new NicLint({ trace, ports, log });
    lint.set(config.lint);
    attachments = makeAttachments(options, devices);
    let hosted = config.attach.some(({ kind }) => kind === 'vf') ? makeHosted(false) : undefined;
    for (const attachment of config.attach) attachments.add(attachment);
    watchLink(options, devices);
    breaks = new Breaks({
      ...{ loop, trace, tell, log, runState, attachments },
      now: () => port.context.clock.now(),
      listen: (...given) => trace.listen(...given),
      watchFrames: (watcher) => captures.watch(watcher),
    });
    for (const text of config.break) breaks.add(text);
    runState.onChange = (running) => tell({ type: 'run-state', running });
    const nic: AssembledNic = {
      ...{ config, loop, trace, pf, port, vfs, second, hierarchy, netdevs, captures, attachments, runState, close },
      ...{ faults, lint, breaks },
      get manager() {
        return hosted?.manager;
      },
      host: () => (hosted ??= makeHosted(pf.memory.domain.host !== undefined)),
    };
    for (const text of config.fault) addFault(nic, { text });
    return nic;
  } catch (error) {
    close();
    throw error;
  }
}
