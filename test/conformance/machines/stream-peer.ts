/** The far end of a `-netdev stream` over a unix socket: each frame behind its length, 32 bits, big-endian. */
import { acceptUnix, close, connectUnix, listenUnix, read, write } from '../../../src/linux/index.ts';

const LENGTH_BYTES = 4;
const BUFFER_BYTES = 2 ** 20;

export class StreamPeer {
  readonly #buffer: Uint8Array;
  #fd: number;
  #listener: number;
  #end: number;

  /** Listens at a path for the device, or connects to the device that listens there. */
  constructor(path: string, role: 'server' | 'client') {
    this.#buffer = new Uint8Array(BUFFER_BYTES);
    this.#end = 0;
    this.#fd = role === 'client' ? connectUnix(path) : -1;
    this.#listener = role === 'server' ? listenUnix(path) : -1;
  }

  /** The other side has begun to connect. */
  accept(): boolean {
    if (this.#fd === -1) this.#fd = acceptUnix(this.#listener);
    return this.#fd !== -1;
  }

  send(frame: Uint8Array): void {
    const bytes = new Uint8Array(LENGTH_BYTES + frame.length);
    new DataView(bytes.buffer).setUint32(0, frame.length);
    bytes.set(frame, LENGTH_BYTES);
    for (let at = 0; at < bytes.length;) at += Math.max(0, write(this.#fd, bytes, at, bytes.length - at));
  }

  /** Whole frames that have come. */
  take(): Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (;;) {
      const count = read(this.#fd, this.#buffer, this.#end, this.#buffer.length - this.#end);
      if (count <= 0) return frames;
      this.#end += count;
      this.#split(frames);
    }
  }

  close(): void {
    for (const fd of [this.#fd, this.#listener]) if (fd !== -1) close(fd);
    this.#fd = -1;
    this.#listener = -1;
  }

  #split(frames: Uint8Array[]): void {
    const view = new DataView(this.#buffer.buffer);
    let at = 0;
    while (this.#end - at >= LENGTH_BYTES) {
      const next = at + LENGTH_BYTES + view.getUint32(at);
      if (next > this.#end) break;
      frames.push(this.#buffer.slice(at + LENGTH_BYTES, next));
      at = next;
    }
    this.#buffer.copyWithin(0, at, this.#end);
    this.#end -= at;
  }
}
