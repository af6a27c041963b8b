/** The monitors of a running NIC: clients of QMP and HMP on unix sockets and standard input, in the main thread. */
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { qmpEvent } from './events.ts';
import type { NicEvent } from '../nic/events.ts';
import type { Nic } from '../nic/nic.ts';
import type { QmpMembers } from '../qmp/index.ts';
import type { MonitorContext } from './context.ts';
import { parseMonitorDevice } from './device.ts';
import { FilterWatch, type NamedFilter } from './filter-watch.ts';
import { MonitorHmpClient } from './hmp-client.ts';
import { MonitorListener } from './listener.ts';
import { rxFilters } from './modules/rx-filter.ts';
import { modules } from './modules/index.ts';
import { Prompt } from './prompt.ts';
import { MonitorQmpClient } from './qmp-client.ts';
import { Registry } from './registry.ts';
import { Style } from './style.ts';

export interface MonitorOptions {
  readonly nic: Nic;
  /** Devices as `--qmp` and `--monitor` name them. */
  readonly qmp: readonly string[];
  readonly hmp: readonly string[];
  readonly log: (line: string) => void;
  /** Ends the NIC. */
  readonly quit: () => void;
}

type EventListener = (event: string, data: QmpMembers | undefined) => void;

export class Monitor implements MonitorContext {
  readonly nic: Nic;
  readonly registry: Registry;
  readonly quit: () => void;
  readonly #log: (line: string) => void;
  readonly #listeners: MonitorListener[];
  readonly #qmpClients: Set<MonitorQmpClient>;
  readonly #hmpClients: Set<MonitorHmpClient>;
  readonly #eventListeners: Set<EventListener>;
  readonly #watch: FilterWatch;
  #prompt: Prompt | undefined;
  /** Why the NIC ends, as SHUTDOWN has it. */
  #reason: 'host-signal' | 'host-qmp-quit';

  /** Listens. Throws NicError, with nothing left open. */
  constructor({ nic, qmp, hmp, log, quit }: MonitorOptions) {
    this.nic = nic;
    this.registry = new Registry(modules);
    this.#reason = 'host-signal';
    this.quit = () => {
      this.#reason = 'host-qmp-quit';
      quit();
    };
    this.#log = log;
    this.#listeners = [];
    this.#qmpClients = new Set();
    this.#hmpClients = new Set();
    this.#eventListeners = new Set();
    this.#prompt = undefined;
    this.#watch = new FilterWatch({
      fetch: () => rxFilters(this),
      wanted: () => [...this.#qmpClients].some(({ negotiated }) => negotiated),
      changed: (name) => this.emit('NIC_RX_FILTER_CHANGED', { name, path: `/machine/peripheral/${name}` }),
    });
    try {
      for (const text of qmp) this.#open('--qmp', text, (input, output) => this.#serveQmp(input, output));
      for (const text of hmp) this.#open('--monitor', text, (input, output) => this.#serveHmp(input, output));
    } catch (error) {
      this.close();
      throw error;
    }
    nic.trace.remember();
    nic.onEvent((event) => this.#heard(event));
    void nic.ended.finally(() => this.close()).catch(() => undefined);
  }

  emit = (event: string, data?: QmpMembers): void => {
    for (const client of this.#qmpClients) client.event(event, data);
    for (const listener of this.#eventListeners) listener(event, data);
  };

  /** Calls `listener` for each event of QMP; returns what ends that. */
  onEvent(listener: EventListener): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  onBug(error: unknown): void {
    this.#log(`monitor: this is a bug: ${error instanceof Error ? error.stack : String(error)}`);
  }

  filtersSeen(filters: readonly NamedFilter[]): void {
    this.#watch.seen(filters);
  }

  /** Ends all clients; what they were told still goes out. */
  close(): void {
    this.#watch.close();
    this.emit('SHUTDOWN', { guest: false, reason: this.#reason });
    for (const listener of this.#listeners.splice(0)) listener.close();
    for (const client of [...this.#qmpClients, ...this.#hmpClients]) client.end();
    this.#prompt?.close();
  }

  #open(flag: string, text: string, serve: (input: Readable, output: Writable) => void): void {
    const device = parseMonitorDevice(flag, text);
    if (device.kind === 'stdio') serve(process.stdin, process.stdout);
    else this.#listeners.push(new MonitorListener(device.path, (socket: Socket) => serve(socket, socket)));
  }

  #serveQmp(input: Readable, output: Writable): void {
    const ended = (): void => {
      this.#qmpClients.delete(client);
      this.#watch.watching = this.#qmpClients.size > 0;
    };
    const client = new MonitorQmpClient(input, output, { context: this, log: this.#log, ended });
    this.#qmpClients.add(client);
    this.#watch.watching = true;
  }

  #serveHmp(input: Readable, output: Writable): void {
    if (input === process.stdin && process.stdin.isTTY && process.stdout.isTTY) {
      this.#openPrompt();
      return;
    }
    const ended = (): void => void this.#hmpClients.delete(client);
    const client = new MonitorHmpClient(input, output, { context: this, log: this.#log, ended });
    this.#hmpClients.add(client);
  }

  #openPrompt(): void {
    const style = new Style(process.env['NO_COLOR'] === undefined);
    this.#prompt = new Prompt({
      run: (line) => this.registry.print(this, line, style),
      complete: (line) => Promise.resolve(this.registry.complete(this, line)),
      ended: () => this.quit(),
    });
  }

  #heard(event: NicEvent): void {
    const { name, data } = qmpEvent(event);
    this.emit(name, data);
  }
}
