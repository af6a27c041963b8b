/** A byte stream to a client: a unix socket, or standard input and output, which may as well be files. */
import {
  acceptUnix,
  close,
  connectUnix,
  EPOLLIN,
  EPOLLOUT,
  type EventLoop,
  listenUnix,
  read,
  SystemError,
  write,
} from '../linux/index.ts';
import type { CharacterDevice } from './options/character-device.ts';

/** Bytes taken from the client in one go. */
const READ_BYTES = 64 * 1024;

export interface ChannelOwner {
  /** Text from the client, one character a byte. */
  received(text: string): void;
  /** The client has gone, or the end of the input is reached. */
  ended(): void;
  /** A client is there, where one had to be waited for. */
  connected?(): void;
}

export class Channel {
  readonly #loop: EventLoop;
  readonly #owner: ChannelOwner;
  readonly #buffer: Buffer;
  /** Answers as bytes; always the same memory, whose address the system call knows. */
  readonly #answers: Buffer;
  #listener: number;
  #input: number;
  #output: number;
  /** The input cannot be waited for, since it is always ready: a file. */
  #file: boolean;
  #waiting: Buffer | undefined;
  #paused: boolean;
  #open: boolean;

  /** Connects, or listens; throws SystemError. */
  constructor(loop: EventLoop, device: CharacterDevice, owner: ChannelOwner) {
    this.#loop = loop;
    this.#owner = owner;
    this.#buffer = Buffer.alloc(READ_BYTES);
    this.#answers = Buffer.alloc(READ_BYTES);
    this.#listener = -1;
    this.#input = -1;
    this.#output = -1;
    this.#file = false;
    this.#waiting = undefined;
    this.#paused = false;
    this.#open = true;
    if (device.kind === 'stdio') this.#start(0, 1);
    else if (device.kind === 'unix' && !device.server) {
      const fd = connectUnix(device.path);
      this.#start(fd, fd);
    } else if (device.kind === 'unix') {
      this.#listener = listenUnix(device.path);
      loop.watch(this.#listener, EPOLLIN, () => this.#accept());
    }
  }

  /** More than can be sent now waits: the client should read before it is answered again. */
  get congested(): boolean {
    return this.#waiting !== undefined;
  }

  /** The input is a file: `pump` reads on. */
  get isFile(): boolean {
    return this.#file && this.#open;
  }

  /** Reads or not; a client that sends faster than it is served waits. */
  setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    this.#interest();
  }

  /** Reads a piece of a file. */
  pump(): void {
    if (!this.#paused) this.#receive();
  }

  send(text: string): void {
    if (!this.#open || this.#output === -1) return;
    if (this.#waiting !== undefined) {
      this.#waiting = Buffer.concat([this.#waiting, Buffer.from(text, 'latin1')]);
    } else if (text.length <= READ_BYTES) {
      this.#write(this.#answers, this.#answers.write(text, 'latin1'));
    } else this.#write(Buffer.from(text, 'latin1'), text.length);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const fd of new Set([this.#listener, this.#input, this.#output])) {
      if (fd === -1) continue;
      this.#loop.unwatch(fd);
      if (fd > 2) close(fd);
    }
  }

  #accept(): void {
    const fd = acceptUnix(this.#listener);
    if (fd === -1) return;
    this.#loop.change(this.#listener, 0);
    this.#start(fd, fd);
    this.#owner.connected?.();
  }

  #start(input: number, output: number): void {
    this.#input = input;
    this.#output = output;
    try {
      this.#loop.watch(input, EPOLLIN, (events) => this.#ready(events));
    } catch (error) {
      if (!(error instanceof SystemError) || error.code !== 'EPERM') throw error;
      this.#file = true;
    }
  }

  #ready(events: number): void {
    if ((events & EPOLLOUT) !== 0) this.#flush();
    if (this.#open && !this.#paused && (events & ~EPOLLOUT) !== 0) this.#receive();
  }

  #receive(): void {
    let count: number;
    try {
      count = read(this.#input, this.#buffer, 0, READ_BYTES);
    } catch {
      count = 0;
    }
    if (count === -1) return;
    if (count > 0) this.#owner.received(this.#buffer.toString('latin1', 0, count));
    else this.#end();
  }

  #write(bytes: Buffer, length: number): void {
    let done = 0;
    try {
      while (done < length) {
        const count = write(this.#output, bytes, done, length - done);
        if (count === -1) break;
        done += count;
      }
    } catch {
      // The client has gone; what it does not read is nobody's loss.
      this.#end();
      return;
    }
    if (done === length && this.#waiting === undefined) return;
    this.#waiting = done < length ? Buffer.from(bytes.subarray(done, length)) : undefined;
    this.#interest();
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) this.#write(waiting, waiting.length);
    if (this.#waiting === undefined) this.#interest();
  }

  #interest(): void {
    if (!this.#open || this.#input === -1 || this.#file) return;
    const same = this.#input === this.#output;
    const reads = this.#paused ? 0 : EPOLLIN;
    this.#loop.change(this.#input, same && this.#waiting !== undefined ? reads | EPOLLOUT : reads);
  }

  #end(): void {
    this.close();
    this.#owner.ended();
  }
}
