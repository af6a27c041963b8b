/**
 * The Toeplitz hash of receive-side scaling (§4.6), by table: one 256-entry row for each byte of input, so that a frame
 * costs one load and one exclusive-or a byte.
 */

/** Bytes of the key: RSSRK[0..9]. */
export const KEY_BYTES = 40;
/** Longest input: two IPv6 addresses and two ports. */
const INPUT_BYTES = 36;

/** The 32 key bits from bit `position` on, bit 0 being the most significant of the first byte. */
function keyWindow(key: Uint8Array, position: number): number {
  let window = 0;
  for (let bit = position; bit < position + 32; bit += 1) {
    window = (window << 1) | ((key[bit >>> 3]! >>> (7 - (bit & 7))) & 1);
  }
  return window;
}

export class ToeplitzHash {
  private readonly rows: Int32Array;
  /** The key that the rows are made for, as RSSRK holds it. */
  private readonly key: Uint32Array;

  constructor() {
    this.rows = new Int32Array(INPUT_BYTES * 256);
    // All rows of the key of zeros are zero, so the table is right from the start.
    this.key = new Uint32Array(KEY_BYTES >>> 2);
  }

  /** Follows the key at values[index…] (RSSRK); rebuilding takes some 20 µs and happens only when the key has changed. */
  useKey(values: Uint32Array, index: number): void {
    const { key } = this;
    for (let n = 0; n < 10; n += 1) {
      if (key[n] === values[index + n]) continue;
      for (let m = 0; m < 10; m += 1) key[m] = values[index + m]!;
      this.build();
      return;
    }
  }

  /**
   * The hash, as a signed number, over two addresses of `addressBytes` each and, unless `ports` is negative, the four bytes of
   * both ports; all are offsets into `bytes`.
   */
  hash(bytes: Uint8Array, source: number, destination: number, addressBytes: number, ports: number): number {
    const { rows } = this;
    const second = addressBytes << 8;
    let hash = 0;
    for (let n = 0; n < addressBytes; n += 1) {
      const row = n << 8;
      hash ^= rows[row | bytes[source + n]!]! ^ rows[(second + row) | bytes[destination + n]!]!;
    }
    if (ports < 0) return hash;
    const third = addressBytes << 9;
    return (
      hash ^
      rows[third | bytes[ports]!]! ^
      rows[(third + 0x100) | bytes[ports + 1]!]! ^
      rows[(third + 0x200) | bytes[ports + 2]!]! ^
      rows[(third + 0x300) | bytes[ports + 3]!]!
    );
  }

  private build(): void {
    const { rows } = this;
    const key = new Uint8Array(KEY_BYTES);
    for (let n = 0; n < KEY_BYTES; n += 1) key[n] = this.key[n >>> 2]! >>> ((n & 3) * 8);
    for (let position = 0; position < INPUT_BYTES; position += 1) {
      const row = position * 256;
      for (let bit = 0; bit < 8; bit += 1) rows[row + (0x80 >>> bit)] = keyWindow(key, position * 8 + bit);
      for (let value = 1; value < 256; value += 1) {
        const rest = value & (value - 1);
        if (rest !== 0) rows[row + value] = rows[row + rest]! ^ rows[row + (value ^ rest)]!;
      }
    }
  }
}
