/** Does a script's commands in this process and says what happened. */
import { EventLoop } from '../../linux/index.ts';
import { printPacket } from '../../packet/index.ts';
import { Cards } from '../cards.ts';
import { QTestError } from '../errors.ts';
import { Machine } from '../machine/machine.ts';
import { VirtualTime } from '../machine/virtual-time.ts';
import { type CommandLine, parseCommandLine } from '../options/command-line.ts';
import { QTestCommands } from '../protocol/commands.ts';
import { type FrameWatcher, MachineWires } from '../wires.ts';
import { type CountedEvent, CountingTrace } from './counting-trace.ts';
import type { Script } from './script.ts';

/** A machine for scripts that do not say which. */
const defaultWords = ['-machine', 'q35', '-nodefaults', '-device', 'igb,netdev=n0', '-netdev', 'user,id=n0'];
const KEPT_FRAMES = 20;
/** Bytes of an answer that a report repeats. */
const KEPT_ANSWER = 80;

export interface ReplayReport {
  readonly commands: number;
  /** Commands that were refused, and those whose answer was not the one that the script expects. */
  readonly failures: readonly { readonly line: number; readonly command: string; readonly answer: string }[];
  readonly unexpected: readonly {
    readonly line: number;
    readonly command: string;
    readonly answer: string;
    readonly expected: string;
  }[];
  readonly registers: { readonly reads: number; readonly writes: number };
  readonly configuration: { readonly reads: number; readonly writes: number };
  readonly packets: { readonly transmitted: number; readonly received: number };
  /** Frames on the cable: one line each, the first few. */
  readonly frames: readonly string[];
  readonly guestErrors: readonly CountedEvent[];
  readonly refusedReentrant: readonly CountedEvent[];
  /** Other accesses and packets that went nowhere. */
  readonly refused: readonly CountedEvent[];
  readonly interrupts: { readonly messages: number; readonly levels: readonly string[] };
  readonly virtualNs: number;
  readonly wallMs: number;
}

/** Reads the command line of a script: its own, or a q35 with an igb; `more` is added to either. */
export function commandLineOf(script: Script, more: readonly string[]): CommandLine {
  return parseCommandLine([...(script.words ?? defaultWords), ...more]);
}

export function replay(script: Script, line: CommandLine): ReplayReport {
  if (line.machine === 'none') throw new QTestError('QTEST_OPTION', '--replay needs a machine');
  const begin = performance.now();
  const loop = new EventLoop();
  const trace = new CountingTrace();
  const time = new VirtualTime();
  const { netdevs, objects, machine: type, ramBytes, defaults } = line;
  const wires = new MachineWires({ netdevs, objects, loop, now: () => time.now(), log: () => undefined });
  try {
    const machine = new Machine({ type, ramBytes, trace, time, defaults });
    const cards = new Cards(machine, wires.byId);
    for (const device of line.devices) cards.add(device, false);
    const frames: string[] = [];
    for (const wire of wires.byId.values()) wire.watchers.push(frameNotes(frames, time));
    let busy = false;
    time.between = () => {
      if (!wires.takeResumed() && !busy) return false;
      busy = loop.runOnce(0);
      return busy;
    };
    time.settle();
    const outcome = run(script, machine);
    return {
      ...outcome,
      registers: { reads: trace.count('igb_reg_read'), writes: trace.count('igb_reg_write') },
      configuration: { reads: trace.count('pci_cfg_read'), writes: trace.count('pci_cfg_write') },
      packets: { transmitted: trace.count('igb_tx_packet'), received: trace.count('igb_rx_packet') },
      frames,
      guestErrors: trace.matching(/^igb_guest_error/),
      refusedReentrant: trace.matching(/^pci_reentrant_access$/),
      refused: trace.matching(/_drop|^pci_dma_refused$|^igb_vf_(?:read|write)_nothing$|^igb_irq_no_vector$/),
      virtualNs: time.now(),
      wallMs: performance.now() - begin,
    };
  } finally {
    wires.close();
    loop.close();
  }
}

function run(
  script: Script,
  machine: Machine,
): Pick<ReplayReport, 'commands' | 'failures' | 'unexpected' | 'interrupts'> {
  const levels: string[] = [];
  const commands = new QTestCommands(machine, (text) => levels.push(text.trimEnd()));
  const failures: ReplayReport['failures'][number][] = [];
  const unexpected: ReplayReport['unexpected'][number][] = [];
  for (const { line, text, expected } of script.commands) {
    const answer = commands.execute(text).trimEnd();
    const command = text.slice(0, KEPT_ANSWER);
    if (expected !== undefined && answer !== expected) {
      unexpected.push({ line, command, answer: answer.slice(0, KEPT_ANSWER), expected });
    } else if (expected === undefined && !answer.startsWith('OK')) {
      failures.push({ line, command, answer: answer.slice(0, KEPT_ANSWER) });
    }
  }
  return {
    commands: script.commands.length,
    failures,
    unexpected,
    interrupts: { messages: machine.messages, levels },
  };
}

function frameNotes(frames: string[], time: VirtualTime): FrameWatcher {
  const note = (direction: string, bytes: Uint8Array, offset: number, length: number): void => {
    if (frames.length < KEPT_FRAMES) {
      frames.push(`${(time.now() / 1e9).toFixed(6)} ${direction} ${printPacket(bytes, offset, length)}`);
    }
  };
  return {
    sent: (bytes, offset, length) => note('out', bytes, offset, length),
    received: (bytes, offset, length) => note('in', bytes, offset, length),
  };
}
