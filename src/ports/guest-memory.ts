/** A run of guest memory that this process has mapped. Never kept beyond the call that asked for it: an unmap detaches it. */
export interface MemoryPiece {
  /** Guest address of the first byte; a multiple of 4096. */
  readonly base: number;
  readonly length: number;
  readonly bytes: Uint8Array;
  /** The same memory as dwords: guest address a is at index (a - base) >>> 2. */
  readonly dwords: Uint32Array;
  /** Where the piece lies in the packet arena's memory, as a signed number for `arena.simd`; -1 where it does not lie there. */
  readonly window: number;
}

/**
 * Guest memory as one function of a device sees it by DMA: bus mastering, address translation and routing to other
 * devices' windows are behind it. Guest addresses are numbers; one beyond 2^53 is simply not mapped. A refused access
 * (`undefined`, `false`) is counted and traced there and must have a defined outcome here.
 */
export interface GuestMemory {
  /** The function may do DMA at all: it is bus master, and there is a machine. */
  readonly usable: boolean;
  /** The piece that holds all of [address, address + length), or undefined: then only `read` may still succeed. */
  forReading(address: number, length: number): MemoryPiece | undefined;
  /** The same for memory that the device may write. */
  forWriting(address: number, length: number): MemoryPiece | undefined;
  /**
   * Where [address, address + length) lies in the packet arena's memory, for `arena.simd`, as a signed number; -1 where it does
   * not. Nothing is counted or traced: whoever asks has another way.
   */
  placeForReading(address: number, length: number): number;
  placeForWriting(address: number, length: number): number;
  /** Copies guest memory to target[offset…]; crosses pieces and reaches register windows. False: nothing usable was copied. */
  read(address: number, target: Uint8Array, offset: number, length: number): boolean;
  /** Copies source[offset…] to guest memory; crosses pieces and reaches register windows. */
  write(address: number, source: Uint8Array, offset: number, length: number): boolean;
  /** Writes one little-endian dword. */
  write32(address: number, value: number): boolean;
}
