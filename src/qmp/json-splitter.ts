/** Cuts a stream of JSON objects into their texts. Clients may put anything between them, newlines or nothing. */

/** Characters of one object. */
const LENGTH_LIMIT = 2 ** 20;
/** Characters of what is no object, shown to whoever sent it. */
const GARBAGE_LIMIT = 80;

export class JsonSplitter {
  /** Pieces of the object, or of the garbage, at hand. */
  #parts: string[];
  #length: number;
  #depth: number;
  #inString: boolean;
  #escaped: boolean;
  /** Inside an object that is too long: it is thrown away up to its end, or the end of its line. */
  #dropping: boolean;

  constructor() {
    this.#parts = [];
    this.#length = 0;
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
    this.#dropping = false;
  }

  /** The objects that are complete with this piece. One that is too long comes as a text that is no JSON, once. */
  push(piece: string): string[] {
    const objects: string[] = [];
    let start = 0;
    for (let at = 0; at < piece.length; at += 1) {
      const character = piece[at]!;
      if (this.#depth === 0 && character !== '{') {
        start = at + 1;
        this.#between(character, objects);
        continue;
      }
      if (this.#depth === 0 && this.#length > 0) objects.push(this.#take());
      this.#follow(character);
      if (this.#depth === 0) {
        this.#add(piece.slice(start, at + 1), objects);
        start = at + 1;
        if (this.#dropping) this.#dropping = false;
        else objects.push(this.#take());
      } else if (this.#dropping && character === '\n') {
        this.#reset();
        start = at + 1;
      }
    }
    if (this.#depth > 0) this.#add(piece.slice(start), objects);
    return objects;
  }

  /** White space between objects is nothing; anything else is an error of its own. */
  #between(character: string, objects: string[]): void {
    if (!/\s/.test(character)) {
      this.#parts.push(character);
      this.#length += 1;
    }
    if (this.#length > 0 && (character === '\n' || this.#length >= GARBAGE_LIMIT)) objects.push(this.#take());
  }

  #add(text: string, objects: string[]): void {
    if (this.#dropping) return;
    this.#parts.push(text);
    this.#length += text.length;
    if (this.#length <= LENGTH_LIMIT) return;
    this.#parts = [];
    this.#length = 0;
    this.#dropping = true;
    objects.push(`an object of more than ${LENGTH_LIMIT} characters`);
  }

  #take(): string {
    const text = this.#parts.join('');
    this.#reset();
    return text;
  }

  #reset(): void {
    this.#parts = [];
    this.#length = 0;
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
    this.#dropping = false;
  }

  #follow(character: string): void {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (character === '\\') this.#escaped = true;
      else if (character === '"') this.#inString = false;
    } else if (character === '"') this.#inString = true;
    else if (character === '{') this.#depth += 1;
    else if (character === '}') this.#depth -= 1;
  }
}
