/** One page that hears what happens, as server-sent events. It is told no more than it reads, and left when it reads nothing. */
import type { ServerResponse } from 'node:http';

/** Bytes that may wait for it before traces are left out, and before it is left. */
const BUSY_BYTES = 128 << 10;
const LIMIT_BYTES = 1 << 20;
const SILENCE_MS = 30_000;

export class EventClient {
  readonly #response: ServerResponse;
  /** Trace records that it was told of, or that passed it by. */
  traced: number;
  /** When it last had read enough, by `performance.now()`. */
  #keptUpMs: number;

  constructor(response: ServerResponse, traced: number) {
    this.#response = response;
    this.traced = traced;
    this.#keptUpMs = performance.now();
    response.socket?.setTimeout(0);
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.write(': here\n\n');
  }

  /** It reads slower than it is told. */
  get isCongested(): boolean {
    return this.#response.writableLength > BUSY_BYTES;
  }

  send(event: string, data: unknown): void {
    this.#response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    if (this.#response.writableLength > LIMIT_BYTES) this.end();
  }

  /** Now and then: shows that we are there, and sees whether it is. */
  beat(): void {
    const now = performance.now();
    if (!this.isCongested) this.#keptUpMs = now;
    if (now - this.#keptUpMs > SILENCE_MS) this.end();
    else this.#response.write(':\n\n');
  }

  end(): void {
    this.#response.destroy();
  }
}
