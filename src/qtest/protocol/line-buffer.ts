/** Cuts what arrives into lines. A line longer than anything that makes sense is dropped, and reported as such. */
const LINE_LIMIT = 2 ** 26;

export class LineBuffer {
  #text: string;
  #at: number;
  /** Inside a line that is too long. */
  #dropping: boolean;

  constructor() {
    this.#text = '';
    this.#at = 0;
    this.#dropping = false;
  }

  /** Characters that wait. */
  get length(): number {
    return this.#text.length - this.#at;
  }

  push(text: string): void {
    this.#text = this.#at === this.#text.length ? text : this.#text.slice(this.#at) + text;
    this.#at = 0;
  }

  /** The next whole line without its end; `null` for one that was too long; undefined where none is there. */
  next(): string | null | undefined {
    const end = this.#text.indexOf('\n', this.#at);
    if (end === -1) {
      if (this.length > LINE_LIMIT) {
        this.#dropping = true;
        this.#at = this.#text.length;
      }
      return undefined;
    }
    const line = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    if (!this.#dropping) return line;
    this.#dropping = false;
    return null;
  }
}
