import type { Duplex } from 'node:stream';
import { JsonStream } from './json-stream.ts';
import type { QmpMembers } from './session.ts';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** How a client words what goes wrong. */
export interface QmpClientErrors {
  /** The server has gone; `command` is the one that was to be asked, if any. */
  gone(command: string | undefined): Error;
  refused(errorClass: string, description: string): Error;
}

/** A small client of QEMU's machine protocol. */
export class QmpClient {
  readonly #stream: JsonStream;
  readonly #errors: QmpClientErrors;
  readonly #waiting: Map<number, Waiting>;
  readonly #listeners: Set<(event: string, data: QmpMembers) => void>;
  readonly ready: Promise<unknown>;
  #nextId: number;
  #closed: boolean;

  constructor(stream: Duplex, errors: QmpClientErrors) {
    this.#stream = new JsonStream(stream);
    this.#errors = errors;
    this.#waiting = new Map();
    this.#listeners = new Set();
    this.#nextId = 1;
    this.#closed = false;
    this.#stream.onMessage((message) => this.#received(message));
    this.ready = this.execute('qmp_capabilities');
    this.ready.catch(() => undefined);
    stream.on('close', () => this.close());
  }

  execute(command: string, given: QmpMembers = {}): Promise<unknown> {
    if (this.#closed) return Promise.reject(this.#errors.gone(command));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#stream.send({ execute: command, arguments: given, id });
    });
  }

  /** Calls `listener` for each event; returns what removes it. */
  onEvent(listener: (event: string, data: QmpMembers) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { reject } of this.#waiting.values()) reject(this.#errors.gone(undefined));
    this.#waiting.clear();
    this.#stream.close();
  }

  #received(message: QmpMembers): void {
    if (typeof message['event'] === 'string') {
      for (const listener of this.#listeners) listener(message['event'], (message['data'] ?? {}) as QmpMembers);
      return;
    }
    const waiting = this.#waiting.get(message['id'] as number);
    if (waiting === undefined) return;
    this.#waiting.delete(message['id'] as number);
    const error = message['error'] as { class?: string; desc?: string } | undefined;
    if (error === undefined) waiting.resolve(message['return']);
    else waiting.reject(this.#errors.refused(error.class ?? 'GenericError', error.desc ?? 'no reason given'));
  }
}
