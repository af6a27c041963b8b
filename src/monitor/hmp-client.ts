/** One client that speaks HMP: lines in, text and a prompt out. */
import type { Readable, Writable } from 'node:stream';
import { ClientStream } from './client-stream.ts';
import type { ClientOptions } from './qmp-client.ts';
import { Style } from './style.ts';
import { version } from './version.ts';

export const PROMPT = '(outboard) ';
export const WELCOME = `${version.package} monitor - type 'help' for more information`;

/** Characters of one line. */
const LINE_LIMIT = 4096;
const plain = new Style(false);

export class MonitorHmpClient {
  readonly #options: ClientOptions;
  readonly #stream: ClientStream;
  /** `null` stands for a line that was too long. */
  readonly #lines: (string | null)[];
  /** The line that has not ended yet. */
  #rest: string;
  /** Inside a line that is too long. */
  #dropping: boolean;
  #busy: boolean;

  constructor(input: Readable, output: Writable, options: ClientOptions) {
    this.#options = options;
    this.#lines = [];
    this.#rest = '';
    this.#dropping = false;
    this.#busy = false;
    const owner = {
      received: (text: string) => this.#received(text),
      drained: () => this.#go(),
      ended: () => options.ended(),
    };
    this.#stream = new ClientStream(input, output, { owner, log: options.log });
    this.#stream.send(`${WELCOME}\r\n${PROMPT}`);
  }

  end(): void {
    this.#stream.end();
  }

  #received(text: string): void {
    const parts = (this.#rest + text).split('\n');
    this.#rest = parts.pop()!;
    for (const part of parts) {
      if (this.#dropping || part.length > LINE_LIMIT) this.#lines.push(null);
      else this.#lines.push(part);
      this.#dropping = false;
    }
    if (this.#rest.length > LINE_LIMIT) {
      this.#dropping = true;
      this.#rest = '';
    }
    this.#go();
  }

  #go(): void {
    if (this.#busy) return;
    const line = this.#stream.isCongested ? undefined : this.#lines.shift();
    this.#stream.setPaused(this.#lines.length > 0 || line !== undefined);
    if (line === undefined) return;
    void this.#serve(line);
  }

  async #serve(line: string | null): Promise<void> {
    this.#busy = true;
    const text = await this.#run(line);
    this.#busy = false;
    this.#stream.send(text === '' ? PROMPT : `${text.replaceAll('\n', '\r\n')}\r\n${PROMPT}`);
    this.#go();
  }

  #run(line: string | null): Promise<string> {
    if (line === null) return Promise.resolve(`Error: the line has more than ${LINE_LIMIT} characters`);
    const { context } = this.#options;
    return context.registry.print(context, line, plain);
  }
}
