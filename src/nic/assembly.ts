/** Puts a NIC together: wires, captures, ports, bridge, sockets. Runs in the device thread. */
import { CaptureSet } from '../capture/capture-set.ts';
import type { Epoch } from '../capture/capture-memory.ts';
import { IgbChip } from '../devices/igb/chip.ts';
import { VmdHierarchy } from '../devices/vmd/index.ts';
import { Faults, type FaultyPort } from '../faults/index.ts';
import { AccessGuard } from '../pci/index.ts';
import type { PfManager } from '../hosted-pf/index.ts';
import type { Wire } from '../ports/index.ts';
import type { TraceWriter } from '../trace/ring.ts';
import { traceOf } from '../trace/port-trace.ts';
import { TracedWire } from '../wires/index.ts';
import type { AssembledNic } from './assembled-nic.ts';
import { Attachments } from './attachments.ts';
import { Breaks } from './breaks.ts';
import type { NicConfig } from './config.ts';
import { HostedPf } from './hosted.ts';
import { Netdevs } from './netdevs.ts';
import type { NicEvent } from './events.ts';
import type { DeviceThreadData } from './messages.ts';
import { addFault } from './commands/faults.ts';
import { NicLint } from './nic-lint.ts';
import { makePortParts, type PortOptions, type PortParts } from './port-parts.ts';
import { RunState } from './run-state.ts';

/** Frames sent or received in one go that a capture gives the same time: some microseconds. */
const FRAMES_A_TIME = 8;

export interface AssemblyOptions extends PortOptions {
  readonly trace: TraceWriter;
  readonly netdevs: DeviceThreadData['netdevs'];
  readonly captures: DeviceThreadData['captures'];
  /** When the loop's time began. */
  readonly epoch: Epoch;
  readonly tell: (event: NicEvent) => void;
  readonly log: (line: string) => void;
}

type Devices = Pick<AssembledNic, 'hierarchy' | 'runState' | 'faults'> & {
  /** By port. */
  readonly all: readonly PortParts[];
};

/** Behind a VMD, or by itself: what an attachment says, which stays for as long as the NIC runs. */
function formOfPf({ attach, pf }: NicConfig): NicConfig['pf'] {
  const given = attach.find(({ kind }) => kind !== 'vf');
  return given === undefined ? pf : (given.kind as NicConfig['pf']);
}

/** PF, VFs and the port behind them, once or twice. */
function makeDevices(options: AssemblyOptions, wires: readonly Wire[], capture: CaptureSet): Devices {
  const { config, trace } = options;
  const hierarchy = formOfPf(config) === 'hierarchy' ? new VmdHierarchy(trace) : undefined;
  const shared = { chip: new IgbChip(options.flash.contents), guard: new AccessGuard(), hierarchy };
  const first = makePortParts(options, { ...shared, number: 0, wire: wires[0]!, capture });
  const second =
    config.ports === 2
      ? makePortParts(options, { ...shared, number: 1, wire: wires[1]!, capture: capture.secondPort })
      : undefined;
  first.pf.sriov.next = second?.pf.sriov;
  const all = second === undefined ? [first] : [first, second];
  const runState = new RunState(all.flatMap((parts) => [parts.clock, parts.tasks, parts.wire]));
  const faults = new Faults(all.map(faultyPort), first.tasks);
  return { all, hierarchy, runState, faults };
}

/** PFs that are driven by us while no machine does, by port. */
class HostedPfs {
  readonly #make: (port: number) => HostedPf;
  readonly #hosted: (HostedPf | undefined)[];

  constructor({ config, trace }: AssemblyOptions, all: readonly PortParts[]) {
    this.#make = (port) => {
      const parts = all[port]!;
      return new HostedPf({
        config,
        trace,
        portNumber: port,
        taken: parts.pf.memory.domain.host !== undefined,
        ...parts,
      });
    };
    this.#hosted = [];
  }

  host(port: number): void {
    this.#hosted[port] ??= this.#make(port);
  }

  manager(port: number): PfManager | undefined {
    return this.#hosted[port]?.manager;
  }
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
function watchLink({ loop, tell }: AssemblyOptions, { port }: PortParts, number: number): void {
  const { link } = port.blocks;
  let { up } = link;
  loop.atTurnEnd(() => {
    if (link.up === up) return;
    ({ up } = link);
    tell({ type: 'link', port: number, up, speedMbps: up ? link.speedMbps : 0 });
  });
}

function makeAttachments({ loop, log, tell, trace }: AssemblyOptions, { hierarchy, all }: Devices): Attachments {
  return new Attachments({
    loop,
    log,
    trace,
    portOf: (attachment) => {
      if (attachment.kind === 'hierarchy') return hierarchy!.port;
      const { pf, vfs } = all[attachment.port]!;
      return attachment.kind === 'vf' ? vfs.makePort(attachment.index) : pf.makePort();
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
    const { all, hierarchy, runState, faults } = devices;
    const [first, second] = all;
    const { pf, port, vfs } = first!;
    const ports = all.map((parts) => parts.port.context);
    const lint = new NicLint({ trace, ports, log });
    lint.set(config.lint);
    attachments = makeAttachments(options, devices);
    const hosted = new HostedPfs(options, all);
    for (const attachment of config.attach) if (attachment.kind === 'vf') hosted.host(attachment.port);
    for (const attachment of config.attach) attachments.add(attachment);
    for (const [number, parts] of all.entries()) watchLink(options, parts, number);
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
      manager: (number) => hosted.manager(number),
      host: (number) => hosted.host(number),
    };
    for (const text of config.fault) addFault(nic, { text });
    return nic;
  } catch (error) {
    close();
    throw error;
  }
}
