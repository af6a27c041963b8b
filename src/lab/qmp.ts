import type { Duplex } from 'node:stream';
import { LabError } from './errors.ts';
import { JsonStream } from './json-stream.ts';

type Members = Readonly<Record<string, unknown>>;
interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A small client of QEMU's machine protocol. */
export class Qmp {
  readonly #stream: JsonStream;
  readonly #waiting: Map<number, Waiting>;
  readonly #listeners: Set<(event: string, data: Members) => void>;
  readonly ready: Promise<unknown>;
  #nextId: number;
  #closed: boolean;

  constructor(stream: Duplex) {
    this.#stream = new JsonStream(stream);
    this.#waiting = new Map();
    this.#listeners = new Set();
    this.#nextId = 1;
    this.#closed = false;
    this.#stream.onMessage((message) => this.#received(message));
    this.ready = this.execute('qmp_capabilities');
    this.ready.catch(() => undefined);
    stream.on('close', () => this.close());
  }

  execute(command: string, args: Members = {}): Promise<unknown> {
    if (this.#closed) return Promise.reject(new LabError('QEMU_GONE', `QEMU has ended before "${command}"`));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#stream.send({ execute: command, arguments: args, id });
    });
  }

  /** Calls `listener` for each event; returns what removes it. */
  onEvent(listener: (event: string, data: Members) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { reject } of this.#waiting.values()) reject(new LabError('QEMU_GONE', 'QEMU has ended'));
    this.#waiting.clear();
    this.#stream.close();
  }

  #received(message: Members): void {
    if (typeof message['event'] === 'string') {
      for (const listener of this.#listeners) listener(message['event'], (message['data'] ?? {}) as Members);
      return;
    }
    const waiting = this.#waiting.get(message['id'] as number);
    if (waiting === undefined) return;
    this.#waiting.delete(message['id'] as number);
    const error = message['error'] as { desc?: string } | undefined;
    if (error === undefined) waiting.resolve(message['return']);
    else waiting.reject(new LabError('QMP', `QEMU refuses: ${error.desc ?? 'no reason given'}`));
  }
}
