/** The process behind `outboard qtest`: one thread, one loop; a machine, the QTest channel, QMP channels, netdevs. */
import { EventLoop } from '../linux/index.ts';
import { makeTraceMemory, TraceWriter } from '../trace/ring.ts';
import { selectEvents } from '../trace/select.ts';
import type { QmpSession } from '../qmp/index.ts';
import { Cards } from './cards.ts';
import { Channel } from './channel.ts';
import { Machine } from './machine/machine.ts';
import { VirtualTime } from './machine/virtual-time.ts';
import type { CommandLine } from './options/command-line.ts';
import { fault } from './options/words.ts';
import { QTestCommands } from './protocol/commands.ts';
import { LineBuffer } from './protocol/line-buffer.ts';
import { ProtocolLog } from './protocol/log.ts';
import { makeQTestSession } from './qmp/session.ts';
import { TraceLines } from './trace-lines.ts';
import { MachineWires } from './wires.ts';

/** A wait this long may pass before a signal is seen that came just before it began; any other ends the wait. */
const WAIT_MS = 200;
/** Between two looks at Node's own events while commands keep coming. */
const BREATH_MS = 10;
const TURNS = 32;
/** Characters of commands and of answers that may wait. */
const INPUT_LIMIT = 2 ** 20;
const OUTPUT_PIECE = 2 ** 16;

export class QTestServer {
  readonly #loop: EventLoop;
  readonly #wires: MachineWires;
  readonly #commands: QTestCommands;
  readonly #lines: LineBuffer;
  readonly #log: ProtocolLog | undefined;
  readonly #trace: TraceLines | undefined;
  readonly #sessions: QmpSession[];
  readonly #channel: Channel | undefined;
  #output: string;
  #ending: boolean;

  /** Connects to everything that the command line names. Throws what the user can mend. */
  constructor(line: CommandLine) {
    const loop = new EventLoop({ onError: report });
    const time = new VirtualTime();
    const memory = makeTraceMemory();
    const unmatched = selectEvents(memory, line.trace);
    if (unmatched.length > 0) throw fault(`-trace ${unmatched[0]}: no trace event is named so`);
    this.#loop = loop;
    this.#output = '';
    this.#ending = false;
    this.#lines = new LineBuffer();
    this.#log = line.qtestLog === 'none' || line.qtest === undefined ? undefined : new ProtocolLog(line.qtestLog);
    this.#trace = line.trace.length === 0 ? undefined : new TraceLines(memory, line.traceFile);
    const { netdevs, objects } = line;
    this.#wires = new MachineWires({
      netdevs,
      objects,
      loop,
      now: () => time.now(),
      log: (text) => console.error(text),
    });
    const wires = this.#wires;
    const trace = new TraceWriter(memory, () => time.now());
    const { machine: type, ramBytes, defaults } = line;
    const machine = type === 'none' ? undefined : new Machine({ type, ramBytes, trace, time, defaults });
    const cards = machine === undefined ? undefined : new Cards(machine, wires.byId);
    for (const device of line.devices) cards?.add(device, false);
    machine?.time.settle();
    let busy = false;
    // Frames that waited for descriptors are read before the command ends that brought these.
    time.between = () => {
      if (!wires.takeResumed() && !busy) return false;
      busy = loop.runOnce(0);
      return busy;
    };
    this.#commands = new QTestCommands(machine, (text) => this.#answer(text));
    this.#sessions = [];
    this.#channel =
      line.qtest === undefined
        ? undefined
        : new Channel(loop, line.qtest, {
            received: (text) => this.#received(text),
            ended: () => (this.#ending = true),
            connected: () => this.#log?.opened(),
          });
    if (line.qtest?.kind !== 'unix' || !line.qtest.server) this.#log?.opened();
    for (const device of line.qmp) {
      const session = makeQTestSession(
        {
          machine,
          addDevice: (options) => {
            if (cards === undefined) throw fault('device_add: -machine none has no bus for devices');
            cards.add(options, true);
          },
          quit: () => (this.#ending = true),
          onBug: report,
        },
        (text) => channel.send(text),
      );
      const channel = new Channel(loop, device, {
        received: (text) => session.received(text),
        // A process without a QTest channel is there for QMP alone.
        ended: () => (this.#ending ||= this.#channel === undefined),
        connected: () => session.greet(),
      });
      if (device.kind !== 'unix' || !device.server) session.greet();
      this.#sessions.push(session);
    }
    if (machine !== undefined) {
      machine.onDeleted = (id) => {
        for (const session of this.#sessions) {
          if (id !== undefined) session.event('DEVICE_DELETED', { path: `/machine/peripheral/${id}`, device: id });
          else session.event('DEVICE_DELETED', { path: '/machine/peripheral-anon/device[0]' });
        }
      };
    }
  }

  /** Serves until the client goes or somebody says `end`. */
  async run(): Promise<void> {
    let breath = performance.now();
    let turns = 0;
    while (!this.#ending) {
      const file = this.#channel?.isFile === true;
      if (file) this.#channel?.pump();
      const happened = this.#loop.runOnce(file || this.#pending ? 0 : WAIT_MS);
      this.#work();
      // Reading the clock costs as much as a small command.
      turns = (turns + 1) % TURNS;
      if (happened && (turns !== 0 || performance.now() - breath < BREATH_MS)) continue;
      await new Promise((resume) => setImmediate(resume));
      await new Promise((resume) => setImmediate(resume));
      breath = performance.now();
    }
    this.#work();
    this.#log?.closed();
    this.#trace?.close();
    this.#channel?.close();
    this.#wires.close();
  }

  end(): void {
    this.#ending = true;
  }

  /** Commands wait that were not done because the client does not read. */
  get #pending(): boolean {
    return this.#channel?.congested !== true && this.#lines.length > INPUT_LIMIT;
  }

  #received(text: string): void {
    this.#lines.push(text);
    if (this.#lines.length > INPUT_LIMIT) this.#channel?.setPaused(true);
  }

  /** Does the commands that have come. */
  #work(): void {
    const channel = this.#channel;
    if (channel === undefined || channel.congested) return;
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
      if (line === null) this.#answer('FAIL the line is too long\n');
      else {
        this.#log?.command(line);
        this.#answer(this.#commands.execute(line));
      }
      this.#trace?.print();
      if (this.#output.length > OUTPUT_PIECE) {
        this.#flush();
        if (channel.congested) return;
      }
    }
    this.#flush();
    channel.setPaused(false);
  }

  #answer(text: string): void {
    this.#log?.answer(text);
    this.#output += text;
  }

  #flush(): void {
    if (this.#output === '') return;
    this.#channel?.send(this.#output);
    this.#output = '';
  }
}

function report(error: unknown): void {
  console.error(`outboard: this is a bug: ${error instanceof Error ? error.stack : String(error)}`);
}
