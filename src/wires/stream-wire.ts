import {
  acceptSocket,
  close,
  connectTcp,
  connectUnix,
  EPOLLIN,
  EPOLLOUT,
  errorCode,
  listenTcp,
  listenUnix,
  localPort,
  setNoDelay,
  setNonblocking,
  socketError,
  SystemError,
} from '../linux/index.ts';
import { type FrameRun, makeTimer, type Timer } from '../ports/index.ts';
import { removeSocketFile } from './socket-file.ts';
import { type ConnectionOwner, StreamConnection } from './stream-connection.ts';
import { BaseWire, type WireContext } from './wire.ts';

export type StreamAddress =
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'inet'; readonly host: string; readonly port: number }
  | { readonly type: 'fd'; readonly fd: number };

export interface StreamWireOptions {
  readonly address: StreamAddress;
  /** Listen and take one connection at a time, instead of connecting. */
  readonly server: boolean;
  /** Try again this long after a connection was lost or refused; 0: never. Of a client only. */
  readonly reconnectMs: number;
}

/** Frames over a TCP or unix stream connection, each behind its length. Up while it is connected. */
export class StreamWire extends BaseWire implements ConnectionOwner {
  /** The TCP port that a server got. */
  readonly localPort: number;
  private readonly options: StreamWireOptions;
  private readonly retry: Timer;
  private connection: StreamConnection | undefined;
  /** The listening socket, or -1. */
  private listener: number;
  /** A socket whose connection is under way, or -1. */
  private connecting: number;
  private closed: boolean;
  /** What was last reported, so that a client which tries every second says it once. */
  private reported: string;

  constructor(context: WireContext, options: StreamWireOptions) {
    super(context, false);
    this.options = options;
    this.retry = makeTimer(() => this.connect());
    this.connection = undefined;
    this.listener = -1;
    this.connecting = -1;
    this.closed = false;
    this.reported = '';
    let port = 0;
    const { address } = options;
    if (address.type === 'fd') {
      setNonblocking(address.fd);
      this.established(address.fd);
    } else if (options.server) {
      this.listener = address.type === 'unix' ? listenUnix(address.path) : listenTcp(address.host, address.port);
      if (address.type === 'inet') port = localPort(this.listener);
      this.loop.watch(this.listener, EPOLLIN, () => this.accept());
    } else {
      this.connect(options.reconnectMs === 0);
    }
    this.localPort = port;
  }

  send(bytes: Uint8Array, offset: number, length: number): void {
    if (this.connection?.send(bytes, offset, length) === true) this.countSent(length);
    else this.counters.dropped += 1;
  }

  resume(): void {
    if (this.port !== undefined) this.connection?.resume();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.loop.disarm(this.retry);
    for (const fd of [this.listener, this.connecting]) {
      if (fd === -1) continue;
      this.loop.unwatch(fd);
      close(fd);
    }
    const { address } = this.options;
    if (this.listener !== -1 && address.type === 'unix') removeSocketFile(address.path);
    this.listener = -1;
    this.connecting = -1;
    this.connection?.close();
    this.connection = undefined;
    this.releaseBuffer();
    this.setCarrier(false);
  }

  ready(): boolean {
    return this.port !== undefined && this.port.canReceive();
  }

  frame(bytes: Uint8Array, offset: number, length: number): void {
    if (this.port !== undefined) this.deliver(this.port, bytes, offset, length, undefined);
  }

  frames(run: FrameRun): void {
    if (this.port !== undefined) this.deliverRun(this.port, run);
  }

  lost(reason: string, malformed: boolean): void {
    this.connection = undefined;
    if (malformed) this.counters.malformed += 1;
    this.report(`connection closed: ${reason}`);
    if (this.listener !== -1) this.loop.change(this.listener, EPOLLIN);
    else this.tryLater();
    this.setCarrier(false);
  }

  private accept(): void {
    const fd = acceptSocket(this.listener);
    if (fd === -1) return;
    // One peer at a time, as QEMU does it; the next waits in the listener's queue.
    this.loop.change(this.listener, 0);
    if (this.options.address.type === 'inet') setNoDelay(fd);
    this.established(fd);
  }

  /** Starts to connect. `strict`: a failure known at once is thrown, since nobody would try again. */
  private connect(strict = false): void {
    const { address } = this.options;
    try {
      if (address.type === 'unix') {
        this.established(connectUnix(address.path));
      } else if (address.type === 'inet') {
        this.connecting = connectTcp(address.host, address.port);
        this.loop.watch(this.connecting, EPOLLOUT, () => this.connected());
      }
    } catch (error) {
      if (strict || !(error instanceof SystemError)) throw error;
      this.report(error.message);
      this.tryLater();
    }
  }

  private connected(): void {
    const fd = this.connecting;
    this.connecting = -1;
    this.loop.unwatch(fd);
    const error = socketError(fd);
    if (error === 0) {
      this.established(fd);
      return;
    }
    close(fd);
    this.report(`connect failed: ${errorCode(error)}`);
    this.tryLater();
  }

  private established(fd: number): void {
    this.connection = new StreamConnection(this.loop, fd, this.buffer, this);
    if (this.reported !== '') this.log('connected');
    this.reported = '';
    this.resume();
    this.setCarrier(true);
  }

  private tryLater(): void {
    if (this.closed || this.options.server || this.options.reconnectMs === 0) return;
    this.loop.arm(this.retry, this.loop.now() + this.options.reconnectMs * 1e6);
  }

  private report(line: string): void {
    if (line !== this.reported) this.log(line);
    this.reported = line;
  }
}
