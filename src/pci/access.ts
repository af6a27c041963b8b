/**
 * Accesses of any offset and length, split once into aligned ones of 1, 2 or 4 bytes, ascending. Eight-byte accesses become
 * two dwords, low first. Nothing is allocated.
 */

/** What takes aligned accesses. `space` is the caller's own number (a BAR, a region). */
export interface AccessTarget {
  accessRead(space: number, offset: number, size: number): number;
  accessWrite(space: number, offset: number, size: number, value: number): void;
}

/** The largest aligned access that starts at `offset` and stays within `length` bytes. */
export function alignedSize(offset: number, length: number): 1 | 2 | 4 {
  if ((offset & 3) === 0 && length >= 4) return 4;
  return (offset & 1) === 0 && length >= 2 ? 2 : 1;
}

/** Stores `size` bytes of a value, little-endian. */
export function storeLittleEndian(bytes: Uint8Array, at: number, size: number, value: number): void {
  bytes[at] = value;
  if (size === 1) return;
  bytes[at + 1] = value >>> 8;
  if (size === 2) return;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** Loads 1, 2 or 4 bytes, little-endian, unsigned. */
export function loadLittleEndian(bytes: Uint8Array, at: number, size: number): number {
  if (size === 1) return bytes[at]!;
  const low = bytes[at]! | (bytes[at + 1]! << 8);
  return size === 2 ? low : (low | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** Reads `count` bytes from `offset` of a space into bytes[at…]. */
export function readAccess(
  target: AccessTarget,
  space: number,
  offset: number,
  bytes: Uint8Array,
  at: number,
  count: number,
): void {
  for (let done = 0; done < count;) {
    const size = alignedSize(offset + done, count - done);
    storeLittleEndian(bytes, at + done, size, target.accessRead(space, offset + done, size));
    done += size;
  }
}

/** Writes bytes[at…] to `count` bytes from `offset` of a space. */
export function writeAccess(
  target: AccessTarget,
  space: number,
  offset: number,
  bytes: Uint8Array,
  at: number,
  count: number,
): void {
  for (let done = 0; done < count;) {
    const size = alignedSize(offset + done, count - done);
    target.accessWrite(space, offset + done, size, loadLittleEndian(bytes, at + done, size));
    done += size;
  }
}
