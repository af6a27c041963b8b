/** The far end of a stream netdev: frames as the netdev's framing has them, as fast as the socket takes them. */
import { rmSync } from 'node:fs';
import { acceptUnix, close, EPOLLOUT, EventLoop, listenUnix, write } from '../linux/index.ts';

const LENGTH_BYTES = 4;
const PIECE_BYTES = 2 ** 18;

/** Where frames from the wire come from. */
export interface Feed {
  set frames(frames: readonly Uint8Array[]);
  /** Sends all frames; true where they have been received as well. */
  send(): boolean;
}

export class StreamFeed implements Feed {
  readonly #path: string;
  readonly #listener: number;
  readonly #loop: EventLoop;
  #fd: number;
  #bytes: Uint8Array;

  /** Listens; the netdev connects when its program starts. */
  constructor(path: string) {
    this.#path = path;
    this.#listener = listenUnix(path);
    this.#loop = new EventLoop();
    this.#fd = -1;
    this.#bytes = new Uint8Array(0);
  }

  /** The netdev's option. */
  get netdev(): string {
    return `stream,id=n0,server=off,addr.type=unix,addr.path=${this.#path}`;
  }

  /** What `send` sends. */
  set frames(frames: readonly Uint8Array[]) {
    const total = frames.reduce((sum, frame) => sum + LENGTH_BYTES + frame.length, 0);
    this.#bytes = new Uint8Array(total);
    const view = new DataView(this.#bytes.buffer);
    let at = 0;
    for (const frame of frames) {
      view.setUint32(at, frame.length);
      this.#bytes.set(frame, at + LENGTH_BYTES);
      at += LENGTH_BYTES + frame.length;
    }
  }

  /** Sends all frames; returns when the socket has taken them. */
  send(): boolean {
    if (this.#fd === -1) this.#accept();
    const bytes = this.#bytes;
    for (let at = 0; at < bytes.length;) {
      const count = write(this.#fd, bytes, at, Math.min(PIECE_BYTES, bytes.length - at));
      if (count > 0) at += count;
      else this.#loop.runOnce(100);
    }
    return false;
  }

  close(): void {
    if (this.#fd !== -1) {
      this.#loop.unwatch(this.#fd);
      close(this.#fd);
    }
    close(this.#listener);
    this.#loop.close();
    rmSync(this.#path, { force: true });
  }

  #accept(): void {
    this.#fd = acceptUnix(this.#listener);
    if (this.#fd === -1) throw new Error('the netdev has not connected');
    this.#loop.watch(this.#fd, EPOLLOUT, () => undefined);
  }
}
