/** Guest memory as one function reaches it by DMA. */
import type { GuestMemory, MemoryPiece } from '../ports/index.ts';
import { alignedSize, loadLittleEndian, storeLittleEndian } from './access.ts';
import type { PciDomain } from './domain.ts';
import type { PciFunction } from './function.ts';
import type { MessageSender } from './msix-table.ts';

/**
 * Bytes of one access that register windows answer. Drivers' writes there are messages of 4 bytes; a guest that has its device
 * read whole frames from registers would keep the device's thread from every other machine.
 */
const MOST_REGISTER_BYTES = 64;

/** Why DMA was not done; indices of `FunctionMemory.refused`. */
export const DmaRefusal = { notMaster: 0, noHost: 1, notMapped: 2 } as const;

/**
 * The order of decoding: memory that the client mapped, then the register windows of the domain (any function's, the
 * function's own included: the guard refuses what would re-enter). A guest that maps RAM and a BAR at one address gets RAM.
 */
export class FunctionMemory implements GuestMemory, MessageSender {
  readonly #fn: PciFunction;
  /** Where the function is attached now; a VF moves between domains. */
  domain: PciDomain;
  /** Refused accesses by reason (`DmaRefusal`). */
  readonly refused: Float64Array;
  readonly #dword: Uint8Array;

  constructor(fn: PciFunction, domain: PciDomain) {
    this.#fn = fn;
    this.domain = domain;
    this.refused = new Float64Array(3);
    this.#dword = new Uint8Array(4);
  }

  get usable(): boolean {
    return this.#fn.dmaEnabled && this.domain.host !== undefined;
  }

  forReading(address: number, length: number): MemoryPiece | undefined {
    const host = this.domain.host;
    if (host !== undefined && this.#fn.dmaEnabled) {
      const piece = host.dma.forReading(address, length);
      if (piece !== undefined) return piece;
    }
    this.#missed(address, length);
    return undefined;
  }

  forWriting(address: number, length: number): MemoryPiece | undefined {
    const host = this.domain.host;
    if (host !== undefined && this.#fn.dmaEnabled) {
      const piece = host.dma.forWriting(address, length);
      if (piece !== undefined) return piece;
    }
    this.#missed(address, length);
    return undefined;
  }

  placeForReading(address: number, length: number): number {
    const host = this.domain.host;
    return host !== undefined && this.#fn.dmaEnabled
      ? placeIn(host.dma.forReading(address, length), address)
      : NO_PLACE;
  }

  placeForWriting(address: number, length: number): number {
    const host = this.domain.host;
    return host !== undefined && this.#fn.dmaEnabled
      ? placeIn(host.dma.forWriting(address, length), address)
      : NO_PLACE;
  }

  /** Counts a question that has no answer at all; one that `read` or `write` may still answer is none. */
  #missed(address: number, length: number): void {
    if (!this.#allowed(address, length)) return;
    if (this.domain.host?.dma.forReading(address, 1) !== undefined || this.domain.map.claims(address)) return;
    this.#refuse(DmaRefusal.notMapped, address, length);
  }

  /** Bus master and a client are there; else counted. */
  #allowed(address: number, length: number): boolean {
    if (!this.#fn.dmaEnabled) return this.#refuse(DmaRefusal.notMaster, address, length);
    return this.domain.host !== undefined || this.#refuse(DmaRefusal.noHost, address, length);
  }

  #refuse(reason: number, address: number, length: number): false {
    this.refused[reason]! += 1;
    const { trace, events } = this.#fn;
    if (trace.on[events.pci_dma_refused] !== 0) {
      trace.emit(events.pci_dma_refused, this.#fn.routingId, address, length, reason);
    }
    return false;
  }

  /** Copies memory that is mapped, and nothing else, whether or not the function may do DMA; gives how many bytes. Has no effect. */
  peek(address: number, target: Uint8Array): number {
    const dma = this.domain.host?.dma;
    let done = 0;
    while (done < target.length) {
      const piece = dma?.forReading(address + done, 1);
      if (piece === undefined) break;
      const start = address + done - piece.base;
      const count = Math.min(target.length - done, piece.length - start);
      copy(target, done, piece.bytes, start, count);
      done += count;
    }
    return done;
  }

  /** False where not all of it was read. */
  read(address: number, target: Uint8Array, offset: number, length: number): boolean {
    if (!this.#allowed(address, length)) return false;
    const { dma } = this.domain.host!;
    const { map } = this.domain;
    let left = MOST_REGISTER_BYTES;
    for (let done = 0; done < length;) {
      const from = address + done;
      const piece = dma.forReading(from, 1);
      if (piece !== undefined) {
        const start = from - piece.base;
        const count = Math.min(length - done, piece.length - start);
        copy(target, offset + done, piece.bytes, start, count);
        done += count;
      } else if (left > 0 && map.claims(from)) {
        const size = alignedSize(from & 3, length - done);
        left -= size;
        storeLittleEndian(target, offset + done, size, map.read(from, size));
        done += size;
      } else return this.#refuse(DmaRefusal.notMapped, from, length - done);
    }
    return true;
  }

  /** A write that fails part-way has stored what came before. */
  write(address: number, source: Uint8Array, offset: number, length: number): boolean {
    if (!this.#allowed(address, length)) return false;
    const { dma } = this.domain.host!;
    const { map } = this.domain;
    let left = MOST_REGISTER_BYTES;
    for (let done = 0; done < length;) {
      const to = address + done;
      const piece = dma.forWriting(to, 1);
      if (piece !== undefined) {
        const start = to - piece.base;
        const count = Math.min(length - done, piece.length - start);
        copy(piece.bytes, start, source, offset + done, count);
        done += count;
      } else if (left > 0 && map.claims(to)) {
        const size = alignedSize(to & 3, length - done);
        left -= size;
        map.write(to, size, loadLittleEndian(source, offset + done, size));
        done += size;
      } else return this.#refuse(DmaRefusal.notMapped, to, length - done);
    }
    return true;
  }

  write32(address: number, value: number): boolean {
    const host = this.domain.host;
    if (host !== undefined && this.#fn.dmaEnabled && (address & 3) === 0) {
      const piece = host.dma.forWriting(address, 4);
      if (piece !== undefined) {
        piece.dwords[(address - piece.base) >>> 2] = value;
        return true;
      }
    }
    storeLittleEndian(this.#dword, 0, 4, value);
    return this.write(address, this.#dword, 0, 4);
  }

  /** A message is a memory write: one that is aimed at a register window goes there, any other to the client. */
  sendMessage(address: number, data: number): void {
    if (!this.#allowed(address, 4)) return;
    const { trace, events } = this.#fn;
    if (trace.on[events.pci_msi_message] !== 0) trace.emit(events.pci_msi_message, this.#fn.routingId, address, data);
    if (this.domain.map.claims(address)) this.domain.map.write(address, 4, data);
    else this.domain.host!.writeMessage(address, data);
  }
}

const NO_PLACE = -1;

function placeIn(piece: MemoryPiece | undefined, address: number): number {
  return piece === undefined || piece.window === NO_PLACE ? NO_PLACE : (piece.window + (address - piece.base)) | 0;
}

/** A subarray costs an object: short runs go byte by byte. */
function copy(target: Uint8Array, at: number, source: Uint8Array, from: number, count: number): void {
  if (count <= 64) for (let n = 0; n < count; n += 1) target[at + n] = source[from + n]!;
  else target.set(source.subarray(from, from + count), at);
}
