/** A running NIC, seen from the main thread: it owns the device thread and the files that trace and captures go to. */
import { Worker } from 'node:worker_threads';
import { CaptureFile } from '../capture/capture-file.ts';
import { makeCaptureMemory } from '../capture/ring.ts';
import { close, duplicate, requestStop, stopAtExit, wake } from '../linux/index.ts';
import { makeTraceMemory } from '../trace/ring.ts';
import { selectEvents } from '../trace/select.ts';
import { TraceLog } from '../trace/trace-log.ts';
import { parseNetdev, resolveHosts } from '../wires/index.ts';
import { parseConfig, type NicConfigInput } from './config.ts';
import { NicError } from './errors.ts';
import { parseFilterDump } from './filter-dump-options.ts';
import type { DeviceThreadData, FromDevice, NicStatistics, ToDevice } from './messages.ts';
import { checkNetdevs } from './netdevs.ts';
import { NvmFile } from './nvm-file.ts';

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
  readonly #worker: Worker;
  readonly #log: (line: string) => void;
  readonly #outputs: readonly Output[];
  readonly #waiting: Map<number, (counters: NicStatistics) => void>;
  #setListening: () => void;
  #requests: number;
  /** Our descriptor of the thread's wake eventfd, while the thread lives; -1 otherwise. */
  #wakeFd: number;
  #keepFromExit: () => void;
  #failure: Error | undefined;
  #closing: boolean;

  constructor(data: DeviceThreadData, outputs: readonly Output[], log: (line: string) => void) {
    this.#log = log;
    this.#outputs = outputs;
    this.#waiting = new Map();
    this.#requests = 0;
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

  /** Plugs the cable in or pulls it. */
  setLink(up: boolean): void {
    this.#post({ type: 'set-link', up });
  }

  statistics(): Promise<NicStatistics> {
    return new Promise((resolve) => {
      this.#requests += 1;
      this.#waiting.set(this.#requests, resolve);
      this.#post({ type: 'statistics', request: this.#requests });
    });
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
      case 'nvm':
        for (const output of this.#outputs) output.flush?.();
        break;
      case 'statistics':
        this.#waiting.get(message.request)?.(message.counters);
        this.#waiting.delete(message.request);
        break;
      case 'failed':
        this.#failure = new NicError(message.code, message.message);
        if (message.stack !== undefined) this.#failure.stack = message.stack;
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
    for (const output of this.#outputs) output.close();
    for (const answer of this.#waiting.values()) answer({});
  }
}

/** Starts a NIC; resolves when it listens. Throws NicError, NetdevError or SystemError for what the user can mend. */
export async function startNic(input: NicConfigInput, options: NicOptions = {}): Promise<Nic> {
  const config = parseConfig(input);
  const netdevs = await Promise.all(config.netdev.map((text) => resolveHosts(parseNetdev(text))));
  checkNetdevs(netdevs);
  const log = options.log ?? ((line: string) => console.error(line));
  const trace = makeTraceMemory();
  for (const glob of selectEvents(trace, config.trace)) log(`--trace ${glob}: no event has such a name`);
  const nvm = config.nvm === undefined ? undefined : new NvmFile(config.nvm, log);
  const dumps = config.object.map((text) => parseFilterDump(text));
  const captures = dumps.map((dump) => ({ ...dump, memory: makeCaptureMemory(dump.maxLength) }));
  const outputs: Output[] = captures.map(({ memory, file }) => new CaptureFile(memory, file));
  if (config.trace.length > 0) outputs.push(new TraceLog(trace, config.traceFile));
  if (nvm !== undefined) outputs.push(nvm);
  const data = {
    config,
    netdevs,
    trace,
    captures: captures.map(({ netdev, memory }) => ({ netdev, memory })),
    nvm: nvm?.memory,
  };
  const nic = new Nic(data, outputs, log);
  await nic.listening;
  return nic;
}
