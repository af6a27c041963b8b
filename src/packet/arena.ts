/**
 * The memory that frames are gathered into, built and received in. It lies in a WebAssembly.Memory, so that checksums over
 * it are summed sixteen bytes at a time; where WebAssembly or its SIMD is missing it is a plain array and everything works
 * more slowly.
 */
import { sumWasm } from './sum-wasm.ts';

interface SumExports {
  /** Folded one's complement sum of little-endian words. */
  sum(at: number, length: number): number;
  /** The same while copying to `to`. */
  copyAndSum(to: number, at: number, length: number): number;
}

/** What of WebAssembly is used here; the es libraries declare none of it. */
interface WebAssemblyLike {
  Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: object };
}

const PAGE = 65536;
/** A cache line; also keeps every reservation on a vector's boundary. */
const ALIGNMENT = 64;

/** Runs longer than this could overflow a vector lane: they are summed without SIMD. */
export const LONGEST_VECTOR_RUN = 0x80000;

function decodeBase64(text: string): Uint8Array {
  const binary = atob(text);
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function instantiate(lengthBytes: number): { buffer: ArrayBuffer; simd: SumExports | undefined } {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyLike | undefined };
  if (WebAssembly === undefined) return { buffer: new ArrayBuffer(lengthBytes), simd: undefined };
  try {
    const pages = lengthBytes / PAGE;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const module = new WebAssembly.Module(decodeBase64(sumWasm));
    const { exports } = new WebAssembly.Instance(module, { arena: { memory } });
    return { buffer: memory.buffer, simd: exports as SumExports };
  } catch {
    // No SIMD in this engine, or no address space for the memory's guard pages.
    return { buffer: new ArrayBuffer(lengthBytes), simd: undefined };
  }
}

export class PacketArena {
  /**
   * All of the arena. Pass this very object on (with an offset), never a view made of it: checksums know by its identity
   * that bytes lie here.
   */
  readonly bytes: Uint8Array;
  readonly simd: SumExports | undefined;
  #used: number;

  /** Fixed at `lengthBytes`, rounded up to 64 KiB; pages that nobody touches cost nothing. */
  constructor(lengthBytes: number) {
    const { buffer, simd } = instantiate(Math.ceil(lengthBytes / PAGE) * PAGE);
    this.bytes = new Uint8Array(buffer);
    this.simd = simd;
    this.#used = 0;
  }

  /** Offset of `length` bytes that are the caller's for good. For start-up only; a full arena is our own fault. */
  reserve(length: number): number {
    const offset = this.#used;
    const next = offset + Math.ceil(length / ALIGNMENT) * ALIGNMENT;
    if (next > this.bytes.length)
      throw new Error(`packet arena: ${length} bytes asked of ${this.bytes.length - offset}`);
    this.#used = next;
    return offset;
  }

  /** Bytes not reserved yet. */
  get available(): number {
    return this.bytes.length - this.#used;
  }
}

/** The arena of this thread. */
export const arena = new PacketArena(32 * 1024 * 1024);
