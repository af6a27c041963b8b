/**
 * A virtual machine's own QMP socket, in the device's thread, so that it can be stopped from within an access. QEMU serves no
 * `stop` while an access is unanswered; what counts is that it has taken the command before the answer leaves.
 */
import { connectUnix, EPOLLIN, MessageSocket, SystemError, unreadBytes, type EventLoop } from '../linux/index.ts';
import { makeTimer, type Timer } from '../ports/index.ts';
import { JsonSplitter } from '../qmp/index.ts';

/** How long an access may wait for QEMU to take `stop`. */
const TAKE_LIMIT_MS = 20;
const LOOK_MS = 0.05;
/** QEMU's main thread then queues for the lock that the access holds. */
const GRACE_MS = 0.5;
/** How often it is tried to reach a machine that is not there (yet). */
const RETRY_NS = 500e6;

/** `unreachable`: nobody is there, or somebody else has the socket. */
export type VmState = 'unreachable' | 'running' | 'stopping' | 'stopped';

export interface VmMonitorOptions {
  readonly loop: EventLoop;
  /** Of the attachment. */
  readonly id: string;
  readonly path: string;
  /** It has stopped or goes on. */
  readonly changed: (state: VmState) => void;
}

export class VmMonitor {
  readonly id: string;
  readonly path: string;
  state: VmState;
  readonly #options: VmMonitorOptions;
  readonly #buffer: Uint8Array;
  readonly #pause: Int32Array;
  readonly #retry: Timer;
  #splitter: JsonSplitter;
  #socket: MessageSocket | undefined;

  /** Connects, now and until it succeeds. */
  constructor(options: VmMonitorOptions) {
    this.id = options.id;
    this.path = options.path;
    this.state = 'unreachable';
    this.#options = options;
    this.#buffer = new Uint8Array(65536);
    this.#pause = new Int32Array(new SharedArrayBuffer(4));
    this.#retry = makeTimer(() => this.#connect());
    this.#splitter = new JsonSplitter();
    this.#socket = undefined;
    this.#connect();
  }

  /** Has QEMU take `stop` before it returns; false where the machine cannot be told, and runs on. */
  stop(): boolean {
    if (this.state === 'stopped') return true;
    if (this.state !== 'running' || !this.#send('stop')) return false;
    this.#set('stopping');
    const until = performance.now() + TAKE_LIMIT_MS;
    while (unreadBytes(this.#socket!.fd) > 0 && performance.now() < until) this.#sleep(LOOK_MS);
    this.#sleep(GRACE_MS);
    return true;
  }

  cont(): void {
    if (this.state === 'stopped' || this.state === 'stopping') this.#send('cont');
  }

  close(): void {
    this.#options.loop.disarm(this.#retry);
    this.#disconnect();
  }

  #sleep(ms: number): void {
    Atomics.wait(this.#pause, 0, 0, ms);
  }

  #connect(): void {
    const { loop } = this.#options;
    try {
      const socket = new MessageSocket(connectUnix(this.path));
      this.#socket = socket;
      this.#splitter = new JsonSplitter();
      loop.watch(socket.fd, EPOLLIN, () => this.#receive());
      this.#send('qmp_capabilities');
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      loop.arm(this.#retry, loop.now() + RETRY_NS);
    }
  }

  #disconnect(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    this.#options.loop.unwatch(socket.fd);
    socket.close();
  }

  #send(command: string): boolean {
    const text = Buffer.from(`${JSON.stringify({ execute: command, id: command })}\n`);
    try {
      if (this.#socket?.send(text, 0, text.length) === text.length) return true;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
    }
    this.#lost();
    return false;
  }

  #receive(): void {
    try {
      const count = this.#socket!.receive(this.#buffer, 0, this.#buffer.length);
      if (count < 0) return;
      if (count === 0) this.#lost();
      else this.#heard(Buffer.from(this.#buffer.buffer, 0, count).toString('utf8'));
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#lost();
    }
  }

  #heard(text: string): void {
    for (const piece of this.#splitter.push(text)) {
      let message: { readonly id?: unknown; readonly return?: unknown; readonly event?: unknown };
      try {
        message = JSON.parse(piece) as typeof message;
      } catch {
        continue;
      }
      if (message.event === 'STOP') this.#set('stopped');
      else if (message.event === 'RESUME' || (message.id === 'qmp_capabilities' && message.return !== undefined))
        this.#set('running');
      // A machine that stood already tells no event.
      else if (message.id === 'stop' && message.return !== undefined && this.state === 'stopping') this.#set('stopped');
    }
  }

  #lost(): void {
    const { loop } = this.#options;
    this.#disconnect();
    this.#set('unreachable');
    loop.arm(this.#retry, loop.now() + RETRY_NS);
  }

  #set(state: VmState): void {
    if (this.state === state) return;
    this.state = state;
    this.#options.changed(state);
  }
}
