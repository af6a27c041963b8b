/** One client that speaks QMP with the NIC. */
import type { Readable, Writable } from 'node:stream';
import type { QmpMembers, QmpSession } from '../qmp/index.ts';
import { ClientStream } from './client-stream.ts';
import type { MonitorContext } from './context.ts';
import { monitorSession } from './qmp-session.ts';

export interface ClientOptions {
  readonly context: MonitorContext;
  readonly log: (line: string) => void;
  readonly ended: () => void;
}

export class MonitorQmpClient {
  readonly #stream: ClientStream;
  readonly #session: QmpSession;

  constructor(input: Readable, output: Writable, { context, log, ended }: ClientOptions) {
    this.#session = monitorSession(context, {
      send: (text) => this.#stream.send(text),
      mayGo: () => !this.#stream.isCongested,
      idle: () => this.#stream.setPaused(false),
    });
    const owner = { received: (text: string) => this.#received(text), drained: () => this.#session.go(), ended };
    this.#stream = new ClientStream(input, output, { owner, log });
    this.#session.greet();
  }

  /** It may be told of events. */
  get negotiated(): boolean {
    return this.#session.negotiated;
  }

  event(name: string, data: QmpMembers | undefined): void {
    this.#session.event(name, data);
  }

  end(): void {
    this.#stream.end();
  }

  #received(text: string): void {
    this.#session.received(text);
    if (this.#session.busy) this.#stream.setPaused(true);
  }
}
