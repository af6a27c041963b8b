/** Cuts an expression into words: operators, parentheses, and everything else between spaces. */
import { BreakError } from './errors.ts';

const WORD = /\s*(&&|\|\||==|!=|<=|>=|[!<>()&]|[^\s!<>()&|=]+)/y;

export class Words {
  readonly text: string;
  readonly #words: readonly string[];
  #at: number;

  constructor(text: string) {
    this.text = text;
    const words: string[] = [];
    const end = text.trimEnd().length;
    for (WORD.lastIndex = 0; WORD.lastIndex < end;) {
      const from = WORD.lastIndex;
      const found = WORD.exec(text);
      if (found === null) throw new BreakError(`"${text}": "${text.slice(from).trim()}" is not understood`);
      words.push(found[1]!);
    }
    this.#words = words;
    this.#at = 0;
  }

  /** The word at hand, or `ahead` words later; undefined at the end. */
  peek(ahead = 0): string | undefined {
    return this.#words[this.#at + ahead];
  }

  next(): string {
    const word = this.#words[this.#at];
    if (word === undefined) throw new BreakError(`"${this.text}" ends too soon`);
    this.#at += 1;
    return word;
  }

  /** Takes the word at hand where it is one of these. */
  take(...wanted: readonly string[]): string | undefined {
    const word = this.peek();
    if (word === undefined || !wanted.includes(word)) return undefined;
    this.#at += 1;
    return word;
  }

  must(wanted: string): void {
    if (this.take(wanted) === undefined) throw this.wrong(`"${wanted}" is missing before`);
  }

  wrong(why: string): BreakError {
    return new BreakError(`"${this.text}": ${why} "${this.peek() ?? 'the end'}"`);
  }
}

/** `a or b and not (c)`, with `||`, `&&` and `!` as well: `primary` reads what is between. */
export function parseLogic<T>(words: Words, primary: () => (thing: T) => boolean): (thing: T) => boolean {
  const unary = (): ((thing: T) => boolean) => {
    if (words.take('!', 'not') !== undefined) {
      const inner = unary();
      return (thing) => !inner(thing);
    }
    if (words.take('(') === undefined) return primary();
    const inner = alternatives();
    words.must(')');
    return inner;
  };
  const conjunction = (): ((thing: T) => boolean) => {
    const parts = [unary()];
    while (words.take('&&', 'and') !== undefined) parts.push(unary());
    return parts.length === 1 ? parts[0]! : (thing) => parts.every((part) => part(thing));
  };
  const alternatives = (): ((thing: T) => boolean) => {
    const parts = [conjunction()];
    while (words.take('||', 'or') !== undefined) parts.push(conjunction());
    return parts.length === 1 ? parts[0]! : (thing) => parts.some((part) => part(thing));
  };
  return alternatives();
}

/** `*` and `?` stand for any characters, and for one; nothing else is special. */
export function globTest(glob: string): (text: string) => boolean {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(`^${escaped.replaceAll(/\*+/g, '.*').replaceAll('?', '.')}$`, 'i');
  return (text) => pattern.test(text);
}
