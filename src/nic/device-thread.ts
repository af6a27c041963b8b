/** The device thread: one event loop around the device, its sockets and its wires. Entry point of the worker. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Epoch } from '../capture/capture-memory.ts';
import { flashBytes } from '../devices/igb/nvm/flash-memory.ts';
import { EventLoop, inlineMore } from '../linux/index.ts';
import { TraceWriter } from '../trace/ring.ts';
import type { AssembledNic } from './assembled-nic.ts';
import { assembleNic } from './assembly.ts';
import { DeviceRequests } from './device-requests.ts';
import type { DeviceThreadData, FromDevice, ToDevice } from './messages.ts';
import { KeptContents, type KeptMemory } from './kept-file.ts';
import { SharedNvm } from './nvm-file.ts';
import type { FlashOptions } from './port-parts.ts';
import { romBytesIn } from './rom-file.ts';

const port = parentPort!;
const data = workerData as DeviceThreadData;
const say = (message: FromDevice): void => port.postMessage(message);

function failed(error: unknown): void {
  const { code, message, stack } = error as Error & { code?: string };
  say({
    type: 'failed',
    failure: { code: code ?? 'INTERNAL', message, ...(stack === undefined ? {} : { stack }) },
  });
}

/** True when the thread is to end. */
function obey(requests: DeviceRequests, loop: EventLoop): boolean {
  for (;;) {
    const message = receiveMessageOnPort(port)?.message as ToDevice | undefined;
    if (message === undefined) return loop.stopped;
    if (message.type === 'close') return true;
    requests.add(message);
  }
}

/** When `performance.now()` was 0. */
function epoch(): Epoch {
  const { timeOrigin } = performance;
  const seconds = Math.floor(timeOrigin / 1000);
  return { seconds, nanoseconds: Math.round((timeOrigin - seconds * 1000) * 1e6) };
}

/** The card's flash, and how much of its start is an option ROM. */
function flashOf(kept: KeptMemory | undefined, rom: Uint8Array | undefined): FlashOptions {
  if (kept === undefined) return { contents: { bytes: flashBytes(rom) }, romBytes: rom?.length ?? 0 };
  const contents = new KeptContents(kept, () => say({ type: 'kept' }));
  return { contents, romBytes: romBytesIn(contents.bytes) };
}

function main(): void {
  inlineMore();
  const loop = new EventLoop({
    onError: (error) => say({ type: 'log', line: describe(error) }),
    haltPolling: true,
  });
  const began = epoch();
  const trace = new TraceWriter(data.trace, () => loop.now(), began.seconds * 1e9 + began.nanoseconds);
  loop.traceTo(trace);
  let nic: AssembledNic;
  try {
    nic = assembleNic({
      config: data.config,
      netdevs: data.netdevs,
      captures: data.captures,
      nonvolatile: data.nvm && new SharedNvm(data.nvm, () => say({ type: 'kept' })),
      flash: flashOf(data.flash, data.rom),
      loop,
      trace,
      epoch: began,
      tell: (event) => say({ type: 'event', event }),
      log: (line) => say({ type: 'log', line }),
    });
  } catch (error) {
    failed(error);
    loop.close();
    return;
  }
  const requests = new DeviceRequests(nic, say);
  say({ type: 'listening', wakeFd: loop.wakeFd });
  // The loop blocks the thread; between its runs message ports and finalizers get their turn.
  const run = (): void => {
    try {
      loop.run();
      if (!obey(requests, loop)) {
        setImmediate(run);
        return;
      }
    } catch (error) {
      failed(error);
    }
    nic.close();
    loop.close();
    port.close();
  };
  run();
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

main();
