/** One client that speaks QMP with the NIC. */
import type { Readable, Writable } from 'node:stream';
import { type QmpCommand, type QmpMembers, QmpSession } from '../qmp/index.ts';
import { ClientStream } from './client-stream.ts';
import type { MonitorContext } from './context.ts';
import { version } from './version.ts';

export interface ClientOptions {
  readonly context: MonitorContext;
  readonly log: (line: string) => void;
  readonly ended: () => void;
}

export class MonitorQmpClient {
  readonly #stream: ClientStream;
  readonly #session: QmpSession;

  constructor(input: Readable, output: Writable, { context, log, ended }: ClientOptions) {
    const { registry } = context;
    const commands = [...registry.qmp.keys()].map((name): [string, QmpCommand] => [
      name,
      (given) => registry.execute(context, name, given),
    ]);
    this.#session = new QmpSession({
      version,
      commands: new Map(commands),
      send: (text) => this.#stream.send(text),
      errorClasses: { NO_DEVICE: 'DeviceNotFound', NO_NETDEV: 'DeviceNotFound' },
      onBug: (error) => context.onBug(error),
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
