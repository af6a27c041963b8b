/** A client's two directions, with bounds: what it sends waits while it is served, and one that does not read is left. */
import type { Readable, Writable } from 'node:stream';

/** Bytes for a client before no more is done for it, and before it is given up. */
const BUSY_BYTES = 256 << 10;
const LIMIT_BYTES = 4 << 20;

export interface ClientStreamOwner {
  received(text: string): void;
  /** The client reads again. */
  drained(): void;
  ended(): void;
}

export class ClientStream {
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #owner: ClientStreamOwner;
  readonly #log: (line: string) => void;
  #ended: boolean;

  constructor(
    input: Readable,
    output: Writable,
    { owner, log }: { owner: ClientStreamOwner; log: (line: string) => void },
  ) {
    this.#input = input;
    this.#output = output;
    this.#owner = owner;
    this.#log = log;
    this.#ended = false;
    input.setEncoding('utf8');
    input.on('data', (text: string) => owner.received(text));
    input.on('end', () => this.end());
    for (const stream of new Set([input, output])) {
      stream.on('error', () => this.end());
      stream.on('close', () => this.end());
    }
    output.on('drain', () => owner.drained());
  }

  /** More should not be done for it now. */
  get isCongested(): boolean {
    return this.#output.writableLength > BUSY_BYTES;
  }

  send(text: string): void {
    if (this.#ended) return;
    this.#output.write(text);
    if (this.#output.writableLength <= LIMIT_BYTES) return;
    this.#log('a client of the monitor was left: it does not read');
    this.end();
    this.#output.destroy();
  }

  /** Lets it send, or not. */
  setPaused(paused: boolean): void {
    if (this.#ended) return;
    if (paused) this.#input.pause();
    else this.#input.resume();
  }

  /** What was sent still goes out. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#owner.ended();
    // Standard input would keep the process, and standard output is not ours alone.
    if (this.#input === process.stdin) this.#input.destroy();
    if (this.#output !== process.stdout) this.#output.end();
  }
}
