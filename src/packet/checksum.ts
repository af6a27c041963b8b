/** Internet checksum (RFC 1071), CRC32 (the Ethernet FCS) and CRC32c (SCTP, RFC 9260 appendix A). */
import { arena, LONGEST_VECTOR_RUN } from './arena.ts';

const simd = arena.simd;
const arenaBytes = arena.bytes;

/** Folds a sum below 2^53 to 16 bits. */
export function foldSum(sum: number): number {
  let folded = sum > 0xffffffff ? (sum % 0x100000000) + Math.floor(sum / 0x100000000) : sum;
  if (folded > 0xffffffff) folded -= 0xffffffff;
  folded = (folded >>> 16) + (folded & 0xffff);
  folded = (folded >>> 16) + (folded & 0xffff);
  return (folded >>> 16) + (folded & 0xffff);
}

/** Sum of big-endian words one by one; an odd last byte counts as the high one. Not folded; exact up to 2^31 bytes. */
export function scalarSum(bytes: Uint8Array, offset: number, length: number, initial: number): number {
  const end = offset + length;
  const last = end - 1;
  let high = 0;
  let low = initial;
  let at = offset;
  for (; at < last; at += 2) {
    high += bytes[at]!;
    low += bytes[at + 1]!;
  }
  if (at < end) high += bytes[at]!;
  return high * 256 + low;
}

/** Runs below this are summed sooner in JavaScript than a call into WASM takes. */
const SHORT_RUN = 40;

/**
 * One's complement sum of big-endian words, folded to 16 bits and not complemented, added to `initial` (a sum, folded or
 * not). The caller vouches for the range.
 */
export function internetSum(bytes: Uint8Array, offset: number, length: number, initial = 0): number {
  if (length >= SHORT_RUN && bytes === arenaBytes && simd !== undefined && length <= LONGEST_VECTOR_RUN) {
    const sum = simd.sum(offset, length);
    return foldSum(initial + (((sum & 0xff) << 8) | (sum >>> 8)));
  }
  return foldSum(scalarSum(bytes, offset, length, initial));
}

/** The internet checksum as it stands in a header: the complement of the sum. */
export function internetChecksum(bytes: Uint8Array, offset: number, length: number, initial = 0): number {
  return ~internetSum(bytes, offset, length, initial) & 0xffff;
}

/** Copies `length` bytes to `to` in the arena and returns their folded sum; the runs must not overlap. */
export function copyAndSum(to: number, bytes: Uint8Array, offset: number, length: number): number {
  if (bytes === arenaBytes && simd !== undefined && length <= LONGEST_VECTOR_RUN) {
    const sum = simd.copyAndSum(to, offset, length);
    return ((sum & 0xff) << 8) | (sum >>> 8);
  }
  for (let at = 0; at < length; at += 1) arenaBytes[to + at] = bytes[offset + at]!;
  return foldSum(scalarSum(bytes, offset, length, 0));
}

/** Eight tables of 256: table k holds the remainder of a byte followed by k zero bytes. `polynomial` is bit-reversed. */
function makeCrcTables(polynomial: number): Uint32Array {
  const tables = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit += 1)
      remainder = (remainder & 1) === 0 ? remainder >>> 1 : (remainder >>> 1) ^ polynomial;
    tables[byte] = remainder;
  }
  for (let at = 256; at < tables.length; at += 1) {
    const shorter = tables[at - 256]!;
    tables[at] = tables[shorter & 0xff]! ^ (shorter >>> 8);
  }
  return tables;
}

function crc(tables: Uint32Array, bytes: Uint8Array, offset: number, length: number, initial: number): number {
  const end = offset + length;
  let state = ~initial;
  let at = offset;
  for (; at + 8 <= end; at += 8) {
    const first = state ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    state =
      tables[1792 + (first & 0xff)]! ^
      tables[1536 + ((first >>> 8) & 0xff)]! ^
      tables[1280 + ((first >>> 16) & 0xff)]! ^
      tables[1024 + (first >>> 24)]! ^
      tables[768 + bytes[at + 4]!]! ^
      tables[512 + bytes[at + 5]!]! ^
      tables[256 + bytes[at + 6]!]! ^
      tables[bytes[at + 7]!]!;
  }
  for (; at < end; at += 1) state = tables[(state ^ bytes[at]!) & 0xff]! ^ (state >>> 8);
  return ~state >>> 0;
}

const crc32Tables = makeCrcTables(0xedb88320);
const crc32cTables = makeCrcTables(0x82f63b78);

/** CRC32 as the Ethernet FCS has it (least significant byte first on the wire). `initial` continues an earlier one. */
export function crc32(bytes: Uint8Array, offset: number, length: number, initial = 0): number {
  return crc(crc32Tables, bytes, offset, length, initial);
}

/** CRC32c as SCTP has it (stored least significant byte first). `initial` continues an earlier one. */
export function crc32c(bytes: Uint8Array, offset: number, length: number, initial = 0): number {
  return crc(crc32cTables, bytes, offset, length, initial);
}
