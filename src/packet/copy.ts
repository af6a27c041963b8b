/** Copies between the arena and memory that may have a place in it (`MemoryPiece.window`). */
import { arena } from './arena.ts';

const { simd } = arena;
const arenaBytes = arena.bytes;

/** What is copied from or to. */
interface Piece {
  readonly bytes: Uint8Array;
  readonly window: number;
}

/** Without WebAssembly, shorter copies go byte by byte: a view for `set` costs more. */
const SHORT_COPY = 128;

/** Copies piece.bytes[from, from + length) to the arena. */
export function copyToArena(to: number, piece: Piece, from: number, length: number): void {
  const { window } = piece;
  if (window !== -1 && simd !== undefined) simd.copy(to, window + from, length);
  else copyBytes(arenaBytes, to, piece.bytes, from, length);
}

/** Copies `length` bytes at `from` in the arena to piece.bytes[to…]. */
export function copyFromArena(piece: Piece, to: number, from: number, length: number): void {
  const { window } = piece;
  if (window !== -1 && simd !== undefined) simd.copy(window + to, from, length);
  else copyBytes(piece.bytes, to, arenaBytes, from, length);
}

/** Copies `length` bytes at `from` in the arena to another place there, which they do not overlap. */
export function copyInArena(to: number, from: number, length: number): void {
  if (simd !== undefined) simd.copy(to, from, length);
  else arenaBytes.copyWithin(to, from, from + length);
}

function copyBytes(target: Uint8Array, to: number, source: Uint8Array, from: number, length: number): void {
  if (length > SHORT_COPY) target.set(source.subarray(from, from + length), to);
  else for (let n = 0; n < length; n += 1) target[to + n] = source[from + n]!;
}
