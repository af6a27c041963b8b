/** A running NIC, seen from the main thread: it owns the device thread and the files that trace and captures go to. */
import { Worker } from 'node:worker_threads';
import { makeCaptureMemory, releaseCaptureMemory } from '../capture/capture-memory.ts';
import { close, duplicate, requestStop, stopAtExit, wake } from '../linux/index.ts';
import { makeTraceMemory } from '../trace/ring.ts';
import { expandGlobs, usualEvents } from '../trace/select.ts';
import { TraceControl } from '../trace/control.ts';
import { parseNetdev, resolveHosts, type NetdevOptions } from '../wires/index.ts';
import { parseConfig, type NicConfigInput } from './config.ts';
import type { CommandArguments, CommandName, CommandResult } from './commands/index.ts';
import type { NicEvent } from './events.ts';
import { Captures } from './captures.ts';
import { parseFilterDump, placeFilterDump } from './filter-dump-options.ts';
import { parseLoopbackAddress } from '../metrics/loopback-address.ts';
import { NicError } from './errors.ts';
import { netdevError } from './host-advice.ts';
import type { DeviceThreadData, FromDevice, ToDevice } from './messages.ts';
import { checkNetdevs, ownNetdevs } from './netdev-rules.ts';
import { openFlashFile } from './flash-file.ts';
import { openNvmFile } from './nvm-file.ts';
import { OutputFile } from './output-file.ts';
import { errorOf, PendingRequests } from './pending-requests.ts';
import { readRom } from './rom-file.ts';

/** How long a closing NIC may take before its thread is ended by force, in ms. */
const CLOSE_LIMIT_MS = 2000;

export interface NicOptions {
  /** Lines for the user: a client that came or went, a refused mapping. Standard error where not given. */
  readonly log?: (line: string) => void;
}

interface Output {
  /** Writes what waits. */
  flush?(): void;
  close(): void;
}

export class Nic {
  /** Resolves when the NIC has ended, for whatever reason; rejects when the device thread failed. */
  readonly ended: Promise<void>;
  /** Resolves when it listens. */
  readonly listening: Promise<void>;
  /** Which trace events are on; may change at any time. */
  readonly trace: TraceControl;
  readonly captures: Captures;
  /** How many it has. */
  readonly ports: number;
  readonly #worker: Worker;
  readonly #log: (line: string) => void;
  readonly #outputs: Output[];
  readonly #requests: PendingRequests;
  readonly #listeners: Set<(event: NicEvent) => void>;
  #setListening: () => void;
  /** Our descriptor of the thread's wake eventfd, while the thread lives; -1 otherwise. */
  #wakeFd: number;
  #keepFromExit: () => void;
  #failure: Error | undefined;
  #closing: boolean;

  constructor(data: DeviceThreadData, trace: TraceControl, log: (line: string) => void) {
    this.trace = trace;
    this.ports = data.config.ports;
    this.#log = log;
    this.#outputs = [];
    this.#requests = new PendingRequests();
    this.captures = new Captures(
      {
        netdevs: async () => {
          const list = await this.request('listNetdevs');
          return Array.from(
            { length: this.ports },
            (_, port) => list.find((netdev) => netdev.port === port)?.options.id,
          );
        },
        add: (memory) => this.request('addCapture', { memory }),
        remove: (id) => this.request('removeCapture', { id }),
      },
      log,
    );
    this.#listeners = new Set();
    this.#wakeFd = -1;
    this.#keepFromExit = () => undefined;
    this.#failure = undefined;
    this.#closing = false;
    this.#setListening = () => undefined;
    const entry = new URL('./device-thread.js', import.meta.url);
    this.#worker = new Worker(entry, { workerData: data, execArgv: ['--enable-source-maps'] });
    this.#worker.on('message', (message: FromDevice) => this.#heard(message));
    this.#worker.on('error', (error) => (this.#failure ??= error));
    this.ended = new Promise((resolve, reject) => {
      this.#worker.on('exit', () => {
        this.#cleanUp();
        if (this.#failure === undefined) resolve();
        else reject(this.#failure);
      });
    });
    this.ended.catch(() => undefined);
    const listening = new Promise<void>((resolve) => (this.#setListening = resolve));
    this.listening = Promise.race([listening, this.ended]);
  }

  /** Flushed when there is something to write, closed when the NIC ends. */
  addOutput(output: Output): void {
    this.#outputs.push(output);
  }

  /** Has the device thread run a command of `commands/`; rejects with a NicError where that cannot be done. */
  request<N extends CommandName>(command: N, ...[given]: CommandArguments<N>): Promise<CommandResult<N>> {
    const answer = this.#requests.make((request) => this.#post({ type: 'request', request, command, given }));
    return answer as Promise<CommandResult<N>>;
  }

  /** Opens one more netdev, in `--netdev`'s words. Throws NicError, NetdevError. */
  async addNetdev(text: string): Promise<void> {
    const netdev = await resolveNetdev(text);
    if (netdev.id === '') throw new NicError('CONFIG', `${text}: "id" is missing`);
    await this.request('addNetdev', netdev);
  }

  /** Calls `listener` for each event; returns what removes it. */
  onEvent(listener: (event: NicEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends the sessions, closes wires and files; resolves when nothing is left. */
  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      this.#post({ type: 'close' });
      const limit = setTimeout(() => {
        if (this.#wakeFd !== -1) requestStop(this.#wakeFd);
        void this.#worker.terminate();
      }, CLOSE_LIMIT_MS);
      await this.ended.finally(() => clearTimeout(limit));
    }
    await this.ended;
  }

  #heard(message: FromDevice): void {
    switch (message.type) {
      case 'listening':
        // Ours until the thread has ended: its own is closed when it ends.
        this.#wakeFd = duplicate(message.wakeFd);
        // A thread that waits in the kernel would keep the process from ending.
        this.#keepFromExit = stopAtExit(this.#wakeFd);
        this.#setListening();
        break;
      case 'log':
        this.#log(message.line);
        break;
      case 'kept':
        for (const output of this.#outputs) output.flush?.();
        break;
      case 'event':
        for (const listener of this.#listeners) listener(message.event);
        break;
      case 'answer':
        this.#requests.answered(message.request, message.result);
        break;
      case 'refusal':
        this.#requests.refused(message.request, message.failure);
        break;
      case 'failed':
        this.#failure = errorOf(message.failure);
    }
  }

  #post(message: ToDevice): void {
    if (this.#wakeFd === -1) return;
    this.#worker.postMessage(message);
    wake(this.#wakeFd);
  }

  #cleanUp(): void {
    this.#keepFromExit();
    if (this.#wakeFd !== -1) close(this.#wakeFd);
    this.#wakeFd = -1;
    this.captures.close();
    for (const output of this.#outputs) output.close();
    this.#requests.end();
  }
}

async function resolveNetdev(text: string): Promise<NetdevOptions> {
  const netdev = parseNetdev(text);
  try {
    return await resolveHosts(netdev);
  } catch (error) {
    throw netdevError(error, netdev);
  }
}

/** Answers Prometheus; the address is told in a line, since the port may be any. */
async function serveMetrics(nic: Nic, text: string, log: (line: string) => void): Promise<void> {
  // Most NICs serve none, and start sooner without.
  const { MetricsServer } = await import('../metrics/metrics-server.ts');
  const { nicMetrics } = await import('./nic-metrics.ts');
  try {
    const server = await MetricsServer.listen(parseLoopbackAddress(text)!, () => nicMetrics(nic));
    nic.addOutput(server);
    log(`metrics: ${server.url}`);
  } catch (error) {
    throw new NicError('METRICS', `cannot serve metrics on ${text}: ${(error as Error).message}`, error);
  }
}

/** Starts a NIC; resolves when it listens. Throws NicError, NetdevError or SystemError for what the user can mend. */
export async function startNic(input: NicConfigInput, options: NicOptions = {}): Promise<Nic> {
  const config = parseConfig(input);
  const netdevs = await Promise.all(config.netdev.map(resolveNetdev));
  checkNetdevs(netdevs);
  const own = ownNetdevs(netdevs, config.ports);
  const log = options.log ?? ((line: string) => console.error(line));
  const dumps = config.object.map((text) => placeFilterDump(parseFilterDump(text), own));
  const trace = makeTraceMemory();
  const control = new TraceControl(trace, log);
  const events = config.trace ?? (config.traceFile === undefined ? [] : usualEvents);
  for (const glob of control.select(expandGlobs(events)))
    log(`--trace ${glob}: no event has such a name; "outboard nic --trace help" lists them`);
  const nvm = config.nvm === undefined ? undefined : openNvmFile(config.nvm, log);
  const rom = config.romfile === undefined ? undefined : readRom(config.romfile, log);
  const flash = config.flash === undefined ? undefined : openFlashFile(config.flash, rom, log);
  const rings = dumps.map((dump) => makeCaptureMemory(dump));
  const captures = rings.filter((_, index) => dumps[index]!.status);
  const nic = new Nic({ config, netdevs, trace, captures, nvm: nvm?.memory, flash: flash?.memory, rom }, control, log);
  for (const kept of [nvm, flash]) if (kept !== undefined) nic.addOutput(kept);
  try {
    await nic.listening;
  } catch (error) {
    for (const ring of rings) releaseCaptureMemory(ring);
    throw error;
  }
  // Files are emptied by then only: where another NIC listens already, they may be its.
  try {
    for (const dump of dumps) nic.captures.open(dump, rings.shift()!);
    await control.open(config.traceFile, new OutputFile('--trace-file', config.traceFile, log));
    nic.addOutput(control);
    if (config.metrics !== undefined) await serveMetrics(nic, config.metrics, log);
  } catch (error) {
    for (const ring of rings) releaseCaptureMemory(ring);
    await nic.close();
    throw error;
  }
  return nic;
}
