/** A unix socket for monitors: only its owner may connect, and only so many at once. */
import { lstatSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { listenUnix } from '../linux/index.ts';
import { attachmentError } from '../nic/host-advice.ts';
import { NicError } from '../nic/errors.ts';

const CLIENTS = 16;

export class MonitorListener {
  readonly #path: string;
  /** Which file our socket is: another may have put its own in its place since. */
  readonly #inode: number;
  readonly #server: Server;

  /** Throws NicError. */
  constructor(path: string, accept: (socket: Socket) => void) {
    this.#path = path;
    const fd = listen(path);
    this.#inode = lstatSync(path).ino;
    this.#server = createServer(accept);
    this.#server.maxConnections = CLIENTS;
    this.#server.on('error', () => undefined);
    this.#server.listen({ fd });
  }

  close(): void {
    this.#server.close();
    if (lstatSync(this.#path, { throwIfNoEntry: false })?.ino === this.#inode) unlinkSync(this.#path);
  }
}

function listen(path: string): number {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === false)
    throw new NicError('EEXIST', `${path} is there already and is no socket: remove it, or choose another path`);
  try {
    return listenUnix(path);
  } catch (error) {
    throw attachmentError(error);
  }
}
