/**
 * The memory that frames are gathered into, built and received in. It lies in a WebAssembly.Memory, so that checksums over
 * it are summed sixteen bytes at a time; where WebAssembly or its SIMD is missing it is a plain array and everything works
 * more slowly.
 */
import { sumWasm } from './sum-wasm.ts';
import { Windows } from './windows.ts';

/** Places are offsets into the memory; whether signed or not is all the same. */
export interface ArenaOperations {
  /** Folded one's complement sum of little-endian words. */
  sum(at: number, length: number): number;
  /** The same while copying to `to`. */
  copyAndSum(to: number, at: number, length: number): number;
  /** Copies; the runs must not overlap. Many times faster than TypedArray.set, which wants a view of just the bytes. */
  copy(to: number, from: number, length: number): void;
  /** Stores four dwords, each two of them at once. */
  store(at: number, a: number, b: number, c: number, d: number): void;
  /**
   * Copies a frame, and then stores its descriptor's four dwords. The frame's addresses are taken from `addresses`, its first
   * HEADERS_COPIED bytes from `headers`, the others from the frame at `body`; a frame that loses its tag begins at `addresses`, and
   * `headers` and `body` are four bytes in. Where `headers` is not `body` it is longer than HEADERS_COPIED.
   */
  deliver(
    to: number,
    addresses: number,
    headers: number,
    body: number,
    length: number,
    descriptor: number,
    a: number,
    b: number,
    c: number,
    d: number,
  ): void;
  /**
   * The same for a frame of more than 256 bytes in which `inspect` found a transport checksum at `headers`, which is verified on the
   * way: where it is wrong, the bits of `bad` are added to `c`. Returns `c` as it was stored.
   */
  deliverVerified(
    to: number,
    addresses: number,
    headers: number,
    body: number,
    length: number,
    found: number,
    descriptor: number,
    a: number,
    b: number,
    c: number,
    d: number,
    bad: number,
  ): number;
  /**
   * Delivers a frame that goes the way of another one, to which `model` leads: its first 64 bytes and then dwords, by MODEL. 0 where it
   * is not like that one: nothing was done then.
   */
  deliverAlike(model: number, at: number, length: number, to: number, descriptor: number): number;
  /**
   * The same for a frame at `at` that a guest may be writing to: what is gone by is copied to `copy` first, where there is room for all
   * of it.
   */
  deliverAlikeCopied(model: number, copy: number, at: number, length: number, to: number, descriptor: number): number;
  /** What a frame of at least 60 bytes holds, in bits of `inspected`; 0 for anything unusual. `verify` 0: its transport checksum is left alone. */
  inspect(at: number, length: number, verify: number): number;
}

/** Bits of `inspect`: whole TCP or UDP in IPv4 without options or IPv6 without extension headers, untagged. */
export const inspected = {
  plain: 1,
  ipv6: 2,
  udp: 4,
  badIpv4: 8,
  badTransport: 16,
  /** A datagram without checksum. */
  unchecked: 32,
} as const;
/** Deliveries take this much from a copy that nobody else can write to. */
export const HEADERS_COPIED = 128;
/** What `deliverAlike` goes by: dwords from the model's beginning. */
export const MODEL = {
  /** Result of `inspect`, and whether it verified. */
  found: 16,
  verified: 17,
  /** As in `deliverVerified`; 0 for no verification. */
  bad: 18,
  /** Bytes of a tag, and those to be left out. */
  tagBytes: 19,
  removed: 20,
  /** Addresses and ports have to be the same. */
  sameFlow: 21,
  /** The descriptor; the last dword without the length. */
  type: 22,
  second: 23,
  status: 24,
  last: 25,
  /** The second dword is the IP identification. */
  identifies: 26,
  /** 1 where the transport checksum of untagged frames is to be made, 3 where that of IPv4 is too. */
  completes: 27,
  /** Four dwords: which bits of the first 16 bytes have to be the same. */
  key: 28,
} as const;
export const MODEL_BYTES = 128;
/** More than any result of `inspect`. */
export const INSPECTED_VALUES = 64;

/** What of WebAssembly is used here; the es libraries declare none of it. */
interface WebAssemblyLike {
  Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: object };
}

const PAGE = 65536;
/** A cache line; also keeps every reservation on a vector's boundary. */
const ALIGNMENT = 64;

const ARENA_BYTES = 32 * 1024 * 1024;
/** With less there is no point in windows. */
const LEAST_WINDOW_ROOM = 2 ** 27;

/** Runs longer than this could overflow a vector lane: they are summed without SIMD. */
export const LONGEST_VECTOR_RUN = 0x80000;

function decodeBase64(text: string): Uint8Array {
  const binary = atob(text);
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

interface Instance {
  readonly buffer: ArrayBuffer;
  readonly simd: ArenaOperations | undefined;
}

function instantiate(lengthBytes: number): Instance {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyLike | undefined };
  if (WebAssembly === undefined) return { buffer: new ArrayBuffer(lengthBytes), simd: undefined };
  try {
    const pages = Math.floor(lengthBytes / PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const module = new WebAssembly.Module(decodeBase64(sumWasm));
    const { exports } = new WebAssembly.Instance(module, { arena: { memory } });
    return { buffer: memory.buffer, simd: exports as ArenaOperations };
  } catch {
    // No SIMD in this engine, or no address space for the memory's guard pages.
    return { buffer: new ArrayBuffer(lengthBytes), simd: undefined };
  }
}

/** With as much room for windows as the host grants; it is address space, and costs no memory until it is used. */
function instantiateWith(lengthBytes: number, windowBytes: number): Instance {
  for (let room = windowBytes; room >= LEAST_WINDOW_ROOM; room /= 2) {
    const instance = instantiate(lengthBytes + room);
    if (instance.simd !== undefined) return instance;
  }
  return instantiate(lengthBytes);
}

export class PacketArena {
  /**
   * All of the arena. Pass this very object on (with an offset), never a view made of it: checksums know by its identity
   * that bytes lie here.
   */
  readonly bytes: Uint8Array;
  /** All of the memory, windows included, as dwords: what lies at a place is at `place >>> 2`. */
  readonly dwords: Uint32Array;
  /** Undefined where the engine has no WebAssembly. */
  readonly simd: ArenaOperations | undefined;
  /**
   * Places in the same memory for what lies elsewhere and is mapped over it: guest memory. What has a place there is copied
   * and summed like the arena itself. None where there is no WebAssembly.
   */
  readonly windows: Windows;
  readonly #memory: ArrayBuffer;
  #used: number;

  /** Fixed at `lengthBytes`, rounded up to 64 KiB; pages that nobody touches cost nothing. */
  constructor(lengthBytes: number, windowBytes = 0) {
    const size = Math.ceil(lengthBytes / PAGE) * PAGE;
    const { buffer, simd } = instantiateWith(size, windowBytes);
    this.bytes = new Uint8Array(buffer, 0, size);
    this.dwords = new Uint32Array(buffer);
    this.simd = simd;
    this.windows = new Windows(size, buffer.byteLength);
    this.#memory = buffer;
    this.#used = 0;
  }

  /** Views of a window. */
  viewOf(window: number, length: number): { bytes: Uint8Array; dwords: Uint32Array } {
    return {
      bytes: new Uint8Array(this.#memory, window, length),
      dwords: new Uint32Array(this.#memory, window, length >>> 2),
    };
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

/** The arena of this thread, with room for the memory of guests: all that 32 bits can reach. */
export const arena = new PacketArena(ARENA_BYTES, 2 ** 32 - ARENA_BYTES);
