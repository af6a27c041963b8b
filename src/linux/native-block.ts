import { addressOf } from './libc.ts';

/**
 * Zeroed memory of its own, at an address that never changes, in which the structures of a call are prepared once. The
 * block must be reachable while its address is in use: take `block.address` at the call, do not keep the number alone.
 */
export class NativeBlock {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly view: DataView;

  constructor(lengthBytes: number) {
    const buffer = new ArrayBuffer((lengthBytes + 7) & ~7);
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.view = new DataView(buffer);
    this.address = addressOf(this.bytes);
  }

  /** Stores a pointer or a 64-bit length at a dword index. */
  setPointer(index: number, value: number): void {
    this.words[index] = value >>> 0;
    this.words[index + 1] = value / 4294967296;
  }

  setInt32(index: number, value: number): void {
    this.words[index] = value;
  }
}

/**
 * Remembers the address of the array it was last asked for: transfers mostly use the same buffer again. It also checks
 * the range, which keeps a detached array (length 0) from being used by its old address.
 */
export class AddressCache {
  private bytes: Uint8Array | undefined;
  private address: number;

  constructor() {
    this.bytes = undefined;
    this.address = 0;
  }

  /** The address of bytes[offset], of which `length` bytes must exist. */
  of(bytes: Uint8Array, offset: number, length: number): number {
    if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length)) {
      throw new RangeError(`bytes ${offset}+${length} of ${bytes.length}`);
    }
    if (bytes !== this.bytes) {
      this.address = addressOf(bytes);
      this.bytes = bytes;
    }
    return this.address + offset;
  }
}

/** Text as C takes it. */
export function cString(text: string): NativeBlock {
  const encoded = new TextEncoder().encode(text);
  const block = new NativeBlock(encoded.length + 1);
  block.bytes.set(encoded);
  return block;
}
