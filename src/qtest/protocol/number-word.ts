/**
 * Numbers as a command spells them: C's strtoull with base 0, so decimal, 0x hexadecimal and 0 octal, with a sign in front or
 * none. The value is 64 bits in two halves; nothing is allocated.
 */
const ZERO = 0x30;
const PLUS = 0x2b;
const MINUS = 0x2d;
const X = 0x78;

/** Value of a digit in bases up to 16, or 99. */
function digit(code: number): number {
  if (code >= ZERO && code <= 0x39) return code - ZERO;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 87 : 99;
}

export class NumberWord {
  /** Bits 63:32 and 31:0, unsigned. */
  high: number;
  low: number;

  constructor() {
    this.high = 0;
    this.low = 0;
  }

  /** Reads a whole word; false where it is no number or does not fit into 64 bits. */
  parse(word: string): boolean {
    this.high = 0;
    this.low = 0;
    let at = 0;
    const first = word.charCodeAt(0);
    if (first === PLUS || first === MINUS) at = 1;
    let base = 10;
    if (word.charCodeAt(at) === ZERO && at + 1 < word.length) {
      base = 8;
      at += 1;
      if ((word.charCodeAt(at) | 0x20) === X) {
        base = 16;
        at += 1;
      }
    }
    // "0x" alone has a digit, the zero, and then something that is none.
    if (at === word.length) return false;
    for (; at < word.length; at += 1) if (!this.#append(digit(word.charCodeAt(at)), base)) return false;
    if (first === MINUS) this.#negate();
    return true;
  }

  #append(value: number, base: number): boolean {
    if (value >= base) return false;
    const low = this.low * base + value;
    const high = this.high * base + Math.floor(low / 0x1_0000_0000);
    if (high > 0xffff_ffff) return false;
    this.low = low >>> 0;
    this.high = high;
    return true;
  }

  #negate(): void {
    this.low = -this.low >>> 0;
    this.high = (~this.high + (this.low === 0 ? 1 : 0)) >>> 0;
  }

  /** The value as a number: exact below 2^53, else merely large enough to be out of everything's range. */
  get value(): number {
    return this.high * 0x1_0000_0000 + this.low;
  }

  /** The value as a signed 64-bit number, exact within 2^53. */
  get signed(): number {
    return (this.high | 0) * 0x1_0000_0000 + this.low;
  }
}
