/** A machine with one 82576 and the protocol in front of it, without sockets: for unit tests. */
import { parseMac } from '../packet/index.ts';
import { RecordingTrace } from '../pci/testing.ts';
import type { FrameOffload, Wire, WirePort } from '../ports/index.ts';
import { Machine, type MachineOptions } from './machine/machine.ts';
import { VirtualTime } from './machine/virtual-time.ts';
import { QTestCommands } from './protocol/commands.ts';

/** A wire that keeps what it is given. */
export class KeptWire implements Wire {
  readonly acceptsOffload: boolean = false;
  readonly carrier = true;
  readonly sent: Uint8Array[];
  port: WirePort | undefined;

  constructor() {
    this.sent = [];
    this.port = undefined;
  }

  send(bytes: Uint8Array, offset: number, length: number, _offload: FrameOffload | undefined): void {
    this.sent.push(bytes.slice(offset, offset + length));
  }

  plug(port: WirePort): void {
    this.port = port;
  }

  resume(): void {
    // Nothing waits here.
  }
}

export const testMac = parseMac('52:54:00:12:34:56')!;

export interface Bench {
  readonly machine: Machine;
  readonly wire: KeptWire;
  readonly trace: RecordingTrace;
  /** What came without being asked for. */
  readonly messages: string[];
  /** Sends one command; the answer without its newline. */
  ask(command: string): string;
}

export function makeBench(
  options: Partial<MachineOptions> & { readonly igb?: boolean; readonly slot?: number } = {},
): Bench {
  const trace = new RecordingTrace();
  trace.on.fill(0);
  const time = new VirtualTime();
  const machine = new Machine({ type: 'q35', ramBytes: 2 ** 24, trace, time, defaults: false, ...options });
  const wire = new KeptWire();
  if (options.igb !== false) machine.addIgb({ id: 'nic', slot: options.slot }, wire, testMac);
  const messages: string[] = [];
  const commands = new QTestCommands(machine, (text) => messages.push(text.trimEnd()));
  return { machine, wire, trace, messages, ask: (command) => commands.execute(command).trimEnd() };
}
