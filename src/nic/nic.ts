/** A running NIC, seen from the main thread: it owns the device thread and the files that trace and captures go to. */
import { Worker } from 'node:worker_threads';
import { makeCaptureMemory } from '../capture/ring.ts';
import { CaptureFile } from '../capture/capture-file.ts';
import { close, duplicate, requestStop, stopAtExit, wake } from '../linux/index.ts';
import { parseNetdev, resolveHosts } from '../wires/index.ts';
import { makeTraceMemory } from '../trace/ring.ts';
import { selectEvents } from '../trace/select.ts';
import { TraceLog } from '../trace/trace-log.ts';
import { parseFilterDump } from './filter-dump-options.ts';
import { parseConfig, type NicConfigInput } from './config.ts';
import { NicError } from './errors.ts';
import { checkNetdevs } from './netdevs.ts';
import type { DeviceThreadData, FromDevice, NicStatistics, ToDevice } from './messages.ts';

/** How long a closing NIC may take before its thread is ended by force, in ms. */
const CLOSE_LIMIT_MS = 2000;

export interface NicOptions {
  /** Lines for the user: a client that came or went, a refused mapping. Standard error where not given. */
  readonly log?: (line: string) => void;
}

export interface Nic {
  /** Resolves when the NIC has ended, for whatever reason; rejects when the device thread failed. */
  readonly ended: Promise<void>;
  /** Plugs the cable in or pulls it. */
  setLink(up: boolean): void;
  statistics(): Promise<NicStatistics>;
  /** Ends the sessions, closes wires and files; resolves when nothing is left. */
  close(): Promise<void>;
}

/** Starts a NIC; resolves when it listens. Throws NicError for what the user can mend. */
export async function startNic(input: NicConfigInput, options: NicOptions = {}): Promise<Nic> {
  const config = parseConfig(input);
  const netdevs = await Promise.all(config.netdev.map((text) => resolveHosts(parseNetdev(text))));
  checkNetdevs(netdevs);
  const log = options.log ?? ((line: string) => console.error(line));
  const trace = makeTraceMemory();
  for (const glob of selectEvents(trace, config.trace)) log(`--trace ${glob}: no event has such a name`);
  const dumps = config.object.map((text) => parseFilterDump(text));
  const captures = dumps.map((dump) => ({ ...dump, memory: makeCaptureMemory(dump.maxLength) }));
  const files = captures.map(({ memory, file }) => new CaptureFile(memory, file));
  const traceLog = config.trace.length > 0 ? new TraceLog(trace, config.traceFile) : undefined;
  const workerData: DeviceThreadData = {
    config,
    netdevs,
    trace,
    captures: captures.map(({ netdev, memory }) => ({ netdev, memory })),
  };
  const worker = new Worker(new URL('./device-thread.js', import.meta.url), {
    workerData,
    execArgv: ['--enable-source-maps'],
  });

  const post = (message: ToDevice): void => {
    if (wakeFd === -1) return;
    worker.postMessage(message);
    wake(wakeFd);
  };
  const waiting = new Map<number, (counters: NicStatistics) => void>();
  let requests = 0;
  let closing = false;
  let wakeFd = -1;
  let keepExit: () => void = () => undefined;
  let listening: () => void = () => undefined;
  let failure: Error | undefined;
  const started = new Promise<void>((resolve) => (listening = resolve));

  worker.on('message', (message: FromDevice) => {
    if (message.type === 'listening') {
      // Ours until the thread has ended: its own is closed when it ends.
      wakeFd = duplicate(message.wakeFd);
      // A thread that waits in the kernel would keep the process from ending.
      keepExit = stopAtExit(wakeFd);
      listening();
    } else if (message.type === 'log') log(message.line);
    else if (message.type === 'statistics') waiting.get(message.request)?.(message.counters);
    else if (message.type === 'failed') {
      failure = new NicError(message.code, message.message);
      if (message.stack !== undefined) failure.stack = message.stack;
    }
  });
  worker.on('error', (error) => (failure ??= error as Error));
  const ended = new Promise<void>((resolve, reject) => {
    worker.on('exit', () => {
      keepExit();
      if (wakeFd !== -1) close(wakeFd);
      wakeFd = -1;
      for (const file of files) file.close();
      traceLog?.close();
      if (failure !== undefined) reject(failure);
      else resolve();
    });
  });
  ended.catch(() => undefined);

  await Promise.race([started, ended]);
  return {
    ended,
    setLink: (up) => post({ type: 'set-link', up }),
    statistics: () =>
      new Promise((resolve) => {
        requests += 1;
        waiting.set(requests, resolve);
        post({ type: 'statistics', request: requests });
      }),
    close: async () => {
      if (!closing) {
        closing = true;
        post({ type: 'close' });
        const limit = setTimeout(() => {
          if (wakeFd !== -1) requestStop(wakeFd);
          void worker.terminate();
        }, CLOSE_LIMIT_MS);
        await ended.finally(() => clearTimeout(limit));
      }
      await ended;
    },
  };
}
