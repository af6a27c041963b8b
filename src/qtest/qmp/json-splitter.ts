/** Cuts a stream of JSON objects into their texts. Clients may put anything between them, newlines or nothing. */
const LENGTH_LIMIT = 2 ** 20;

export class JsonSplitter {
  #text: string;
  #depth: number;
  #inString: boolean;
  #escaped: boolean;

  constructor() {
    this.#text = '';
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
  }

  /** The objects that are complete with this piece. One that is too long comes as a text that is no JSON. */
  push(piece: string): string[] {
    const objects: string[] = [];
    for (const character of piece) {
      if (this.#depth === 0 && character !== '{') {
        // Between objects white space is nothing; anything else is an error of its own.
        if (!/\s/.test(character)) this.#text += character;
        if (this.#text !== '' && (character === '\n' || this.#text.length > 80)) objects.push(this.#take());
        continue;
      }
      this.#text += character;
      this.#follow(character);
      if (this.#depth === 0 || this.#text.length > LENGTH_LIMIT) objects.push(this.#take());
    }
    return objects;
  }

  #take(): string {
    const text = this.#text;
    this.#text = '';
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
    return text;
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
