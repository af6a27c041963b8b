import colors from 'picocolors';
import type { Report } from './cache.ts';

/** A step as it went. */
export interface StepResult {
  readonly group: string;
  readonly title: string;
  readonly ok: boolean;
  readonly milliseconds: number;
  /** What it found, or why it failed. */
  readonly detail: string;
}

const frameMs = 100;

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(milliseconds < 9950 ? 2 : 1)} s`;
}

/** Steps with progress and time: a line that changes on a terminal, a line a finished step elsewhere. */
export class Reporter {
  readonly steps: StepResult[];
  readonly #stream: NodeJS.WriteStream;
  readonly #live: boolean;
  #group: string;
  #lastGroup: string;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.steps = [];
    this.#stream = stream;
    this.#live = stream.isTTY && process.env['TERM'] !== 'dumb';
    this.#group = '';
    this.#lastGroup = '';
  }

  /** Steps from now on belong to `name`, a workload's, say. */
  group(name: string): void {
    this.#group = name;
  }

  line(text: string): void {
    this.#stream.write(`${this.#live ? '\r\x1b[K' : ''}${text}\n`);
  }

  /** Runs a step; its last report is its finding. */
  async step<T>(title: string, work: (report: Report) => Promise<T>): Promise<T> {
    const begin = performance.now();
    let detail = '';
    const show = (): void => {
      if (!this.#live) return;
      const text = `${title}  ${seconds(performance.now() - begin)} ${detail}`;
      this.#stream.write(
        `\r\x1b[K  ${colors.cyan('…')} ${text.slice(0, Math.max(20, this.#stream.columns || 80) - 6)}`,
      );
    };
    const timer = this.#live ? setInterval(show, frameMs) : undefined;
    const finish = (ok: boolean): void => {
      clearInterval(timer);
      const milliseconds = Math.round(performance.now() - begin);
      this.steps.push({ group: this.#group, title, ok, milliseconds, detail });
      if (this.#group !== this.#lastGroup) this.line(colors.bold(this.#group));
      this.#lastGroup = this.#group;
      const mark = ok ? colors.green('✔') : colors.red('✖');
      this.line(`  ${mark} ${title} ${colors.dim(seconds(milliseconds))}${detail === '' ? '' : `  ${detail}`}`);
    };
    try {
      const result = await work((text) => {
        detail = text;
        show();
      });
      finish(true);
      return result;
    } catch (error) {
      detail = error instanceof Error ? error.message : String(error);
      finish(false);
      throw error;
    }
  }
}
