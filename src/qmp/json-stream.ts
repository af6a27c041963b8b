import type { Duplex } from 'node:stream';
import { forEachLine } from './lines.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** JSON objects, one a line, both ways over a stream. QMP and the guest agent speak so. */
export class JsonStream {
  readonly #stream: Duplex;
  #receive: (message: JsonObject) => void;

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.#receive = () => undefined;
    stream.on('error', () => undefined);
    forEachLine(stream, (line) => {
      // The agent marks the start of a delimited answer with 0xff, which no JSON text holds.
      const text = line.slice(line.lastIndexOf('\ufffd') + 1).trim();
      if (text === '') return;
      let message: unknown;
      try {
        message = JSON.parse(text);
      } catch {
        return; // half a line from before a guest's reset
      }
      if (typeof message === 'object' && message !== null) this.#receive(message as JsonObject);
    });
  }

  onMessage(receive: (message: JsonObject) => void): void {
    this.#receive = receive;
  }

  send(message: JsonObject): void {
    if (this.#stream.writable) this.#stream.write(`${JSON.stringify(message)}\n`);
  }

  close(): void {
    this.#stream.destroy();
  }
}
