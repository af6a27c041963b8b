/** One client of a QMP server: greeting, negotiation, commands in order, answers, events. The framing is the caller's stream. */
import { QmpError, type QmpErrorClass } from './errors.ts';
import { JsonSplitter } from './json-splitter.ts';

export type QmpMembers = Readonly<Record<string, unknown>>;
/** Does a command; what it gives, or promises, is the answer's `return`, {} where that is undefined. */
export type QmpCommand = (given: QmpMembers) => unknown;

export interface QmpSessionOptions {
  /** What the greeting and query-version say. */
  readonly version: object;
  readonly commands: ReadonlyMap<string, QmpCommand>;
  readonly send: (text: string) => void;
  /** Class of an error by its code; GenericError where not given. */
  readonly errorClasses?: Readonly<Record<string, QmpErrorClass>>;
  /** Takes an error that has no code: a mistake of ours, which its client is told as well. */
  readonly onBug: (error: unknown) => void;
  /** False while no more should be done for this client, who does not read what it is told: `go` goes on. */
  readonly mayGo?: () => boolean;
  /** No command waits any more: the stream may be read again. */
  readonly idle?: () => void;
  /** Commands are taken without a greeting and a negotiation. */
  readonly negotiated?: boolean;
}

const MEMBERS: readonly string[] = ['execute', 'arguments', 'id'];

export class QmpSession {
  readonly #options: QmpSessionOptions;
  readonly #splitter: JsonSplitter;
  readonly #waiting: string[];
  /** What happened while a command was under way: told after its answer. */
  readonly #events: object[];
  #busy: boolean;
  #negotiated: boolean;

  constructor(options: QmpSessionOptions) {
    this.#options = options;
    this.#splitter = new JsonSplitter();
    this.#waiting = [];
    this.#events = [];
    this.#busy = false;
    this.#negotiated = options.negotiated ?? false;
  }

  get negotiated(): boolean {
    return this.#negotiated;
  }

  /** Commands are under way, or wait. */
  get busy(): boolean {
    return this.#busy || this.#waiting.length > 0;
  }

  greet(): void {
    this.#put({ QMP: { version: this.#options.version, capabilities: [] } });
  }

  received(text: string): void {
    this.#waiting.push(...this.#splitter.push(text));
    this.go();
  }

  /** Does what waits, until something takes its time. */
  go(): void {
    while (!this.#busy && (this.#options.mayGo?.() ?? true)) {
      const text = this.#waiting.shift();
      if (text === undefined) {
        this.#options.idle?.();
        return;
      }
      this.#handle(text);
    }
  }

  /** Tells what has happened. */
  event(name: string, data?: QmpMembers): void {
    if (!this.#negotiated) return;
    const now = Date.now();
    const timestamp = { seconds: Math.floor(now / 1000), microseconds: (now % 1000) * 1000 };
    const event = { timestamp, event: name, ...(data === undefined ? {} : { data }) };
    if (this.#busy) this.#events.push(event);
    else this.#put(event);
  }

  #put(message: object): void {
    this.#options.send(`${JSON.stringify(message)}\r\n`);
  }

  #handle(text: string): void {
    let id: unknown;
    this.#busy = true;
    try {
      const message = parseObject(text);
      id = message['id'];
      const result = this.#execute(message);
      if (result instanceof Promise) {
        void this.#await(result as Promise<unknown>, id);
        return;
      }
      this.#answer(id, result);
    } catch (error) {
      this.#fail(id, error);
    }
  }

  async #await(promise: Promise<unknown>, id: unknown): Promise<void> {
    try {
      this.#answer(id, await promise);
    } catch (error) {
      this.#fail(id, error);
    }
    this.go();
  }

  #answer(id: unknown, result: unknown): void {
    this.#finish({ return: result ?? {}, ...(id === undefined ? {} : { id }) });
  }

  #fail(id: unknown, error: unknown): void {
    const { code, message } = error as { code?: unknown; message?: unknown };
    let errorClass: QmpErrorClass = 'GenericError';
    if (error instanceof QmpError) ({ errorClass } = error);
    else if (typeof code === 'string') errorClass = this.#options.errorClasses?.[code] ?? 'GenericError';
    else this.#options.onBug(error);
    const told = { class: errorClass, desc: typeof message === 'string' ? message : String(error) };
    this.#finish({ error: told, ...(id === undefined ? {} : { id }) });
  }

  #finish(message: object): void {
    this.#put(message);
    this.#busy = false;
    for (const event of this.#events.splice(0)) this.#put(event);
  }

  #execute(message: QmpMembers): unknown {
    const name = message['execute'];
    if (name === undefined) throw new QmpError('GenericError', "QMP input lacks member 'execute'");
    if (typeof name !== 'string') throw new QmpError('GenericError', "QMP input member 'execute' must be a string");
    for (const key of Object.keys(message)) {
      if (!MEMBERS.includes(key)) throw new QmpError('GenericError', `QMP input member '${key}' is unexpected`);
    }
    if (name === 'qmp_capabilities') return this.#negotiate();
    if (!this.#negotiated) {
      throw new QmpError('CommandNotFound', "Expecting capabilities negotiation with 'qmp_capabilities'");
    }
    const command = this.#options.commands.get(name);
    if (command === undefined) throw new QmpError('CommandNotFound', `The command ${name} has not been found`);
    const given = message['arguments'] ?? {};
    if (typeof given !== 'object' || Array.isArray(given)) {
      throw new QmpError('GenericError', "QMP input member 'arguments' must be an object");
    }
    return command(given as QmpMembers);
  }

  #negotiate(): void {
    if (this.#negotiated) {
      throw new QmpError('CommandNotFound', 'Capabilities negotiation is already complete, command ignored');
    }
    this.#negotiated = true;
  }
}

function parseObject(text: string): QmpMembers {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new QmpError('GenericError', `JSON parse error, ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new QmpError('GenericError', 'QMP input must be a JSON object');
  }
  return value as QmpMembers;
}
