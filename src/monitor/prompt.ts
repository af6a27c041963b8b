/** A prompt on a terminal: history, completion, colours. */
import { createInterface, type Interface } from 'node:readline/promises';
import { PROMPT, WELCOME } from './hmp-client.ts';

export interface PromptOptions {
  /** Gives what to print. */
  run(line: string): Promise<string>;
  /** Words that the last one of the line could become. */
  complete(line: string): Promise<readonly string[]>;
  /** The user has said goodbye, by Ctrl-D or Ctrl-C, or the input is at its end. */
  ended(): void;
  /** Lines of before, the last one first. */
  readonly history?: string[];
}

export class Prompt {
  readonly #options: PromptOptions;
  readonly #lines: Interface;
  readonly #onTerminal: boolean;
  readonly #waiting: string[];
  #busy: boolean;
  #closed: boolean;

  constructor(options: PromptOptions) {
    this.#options = options;
    this.#onTerminal = process.stdin.isTTY && process.stdout.isTTY;
    this.#waiting = [];
    this.#busy = false;
    this.#closed = false;
    this.#lines = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: this.#onTerminal,
      prompt: PROMPT,
      history: options.history ?? [],
      removeHistoryDuplicates: true,
      completer: (line: string) => this.#complete(line),
    });
    this.#lines.on('line', (line) => {
      this.#waiting.push(line);
      void this.#run();
    });
    this.#lines.on('close', () => {
      this.#closed = true;
      void this.#run();
    });
    if (this.#onTerminal) console.log(WELCOME);
    this.#ask();
  }

  /** What was entered is still done. */
  close(): void {
    this.#lines.close();
  }

  #ask(): void {
    if (this.#onTerminal) this.#lines.prompt();
  }

  async #complete(line: string): Promise<[string[], string]> {
    const last = /\S*$/.exec(line)![0];
    const words = await this.#options.complete(line).catch(() => []);
    return [words.map((word) => (words.length === 1 && !word.endsWith('=') ? `${word} ` : word)), last];
  }

  /** One line after the other, also where several are pasted. */
  async #run(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let line = this.#waiting.shift(); line !== undefined; line = this.#waiting.shift()) {
      const text = await this.#options.run(line);
      if (text !== '') console.log(text);
    }
    this.#busy = false;
    if (this.#closed) this.#options.ended();
    else this.#ask();
  }
}
