/** Offers a device on a unix socket, to one client after the other. */
import { lstatSync, unlinkSync } from 'node:fs';
import { EPOLLIN, SystemError, acceptUnix, close, listenUnix } from '../linux/index.ts';
import type { EventLoop } from '../linux/index.ts';
import { makeTimer, noTrace } from '../ports/index.ts';
import type { Timer, Trace } from '../ports/index.ts';
import type { VfioUserDevice } from './device.ts';
import { VfioUserError } from './errors.ts';
import { Session, makeBuffers } from './session.ts';
import type { SessionBuffers } from './session.ts';

/** How long a server that cannot accept (no descriptors left) leaves its listener alone. */
const ACCEPT_PAUSE_NS = 500_000_000;

export interface VfioUserServerOptions {
  readonly loop: EventLoop;
  /** Path of the socket, at most 107 bytes. A file that nobody listens on is replaced. */
  readonly path: string;
  readonly device: VfioUserDevice;
  readonly trace?: Trace;
  /** Gets lines for the user, each with the path in front. */
  readonly log: (line: string) => void;
  /** A client has come, or has gone and its device knows. */
  readonly clientChanged?: (attached: boolean) => void;
}

export class VfioUserServer {
  readonly #options: VfioUserServerOptions;
  readonly #listenFd: number;
  /** Which file our socket is: another server may have put its own in its place since. */
  readonly #inode: number;
  readonly #buffers: SessionBuffers;
  readonly #resumeTimer: Timer;
  #session: Session | undefined;
  #closed: boolean;

  /** Throws a VfioUserError: EADDRINUSE, EEXIST; or the SystemError of the call that failed. */
  constructor(options: VfioUserServerOptions) {
    this.#options = options;
    this.#listenFd = listenAt(options.path);
    this.#inode = lstatSync(options.path).ino;
    this.#buffers = makeBuffers();
    this.#resumeTimer = makeTimer(() => options.loop.change(this.#listenFd, EPOLLIN));
    this.#session = undefined;
    this.#closed = false;
    options.loop.watch(this.#listenFd, EPOLLIN, () => this.#accept());
  }

  /** Ends the client's session, and removes the socket file. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { loop, path } = this.#options;
    this.#session?.end('the server closes');
    loop.disarm(this.#resumeTimer);
    loop.unwatch(this.#listenFd);
    close(this.#listenFd);
    if (lstatSync(path, { throwIfNoEntry: false })?.ino === this.#inode) unlinkSync(path);
  }

  #accept(): void {
    for (;;) {
      let fd: number;
      try {
        fd = acceptUnix(this.#listenFd);
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        this.#pause(error);
        return;
      }
      if (fd < 0) return;
      // The client before may have gone in this very turn: look before turning its successor away.
      try {
        this.#session?.ready();
      } finally {
        // Also where it threw: it has ended then, and the descriptor is ours to use or to close.
        this.#admit(fd);
      }
    }
  }

  #admit(fd: number): void {
    if (this.#session === undefined) {
      this.#begin(fd);
      return;
    }
    close(fd);
    this.#log('a second client was turned away: give each virtual machine a socket of its own');
  }

  #begin(fd: number): void {
    const { loop, device, clientChanged } = this.#options;
    this.#session = new Session(fd, {
      loop,
      device,
      trace: this.#options.trace ?? noTrace,
      buffers: this.#buffers,
      log: (line) => this.#log(line),
      clientChanged,
      ended: () => {
        this.#session = undefined;
      },
    });
  }

  #pause(error: SystemError): void {
    const { loop } = this.#options;
    this.#log(`cannot accept clients (${error.code}): raise the limit of open files (ulimit -n)`);
    loop.change(this.#listenFd, 0);
    loop.arm(this.#resumeTimer, loop.now() + ACCEPT_PAUSE_NS);
  }

  #log(line: string): void {
    this.#options.log(`${this.#options.path}: ${line}`);
  }
}

function listenAt(path: string): number {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there !== undefined && !there.isSocket()) {
    throw new VfioUserError('EEXIST', `${path} is there already and is no socket: remove it, or choose another path`);
  }
  try {
    return listenUnix(path);
  } catch (error) {
    if (!(error instanceof SystemError) || error.code !== 'EADDRINUSE') throw error;
    throw new VfioUserError(
      'EADDRINUSE',
      `another process listens on ${path}: end it (see "ss -xlp"), or choose another path`,
    );
  }
}
