/**
 * DMA_READ and DMA_WRITE as their sender: u64 address, u64 count, data, as QEMU has it since 11.1 (its first releases with
 * vfio-user had a u32 count). Nothing waits for an answer.
 */
import type { MessageReader } from './framing.ts';
import type { OutputQueue } from './output-queue.ts';
import { QUEUE_LIMIT_BYTES } from './output-queue.ts';
import { ERROR, MAX_TRANSFER_BYTES, NO_REPLY, TWO_TO_32, command } from './protocol.ts';

const ACCESS_BYTES = 16;
/** Reads that may be under way. */
const MAX_READS = 64;

export type ReadDone = (bytes: Uint8Array | undefined) => void;

interface PendingRead {
  readonly length: number;
  readonly done: ReadDone;
}

export class DmaMessages {
  readonly #output: OutputQueue;
  readonly #maxTransferBytes: number;
  readonly #reads: Map<number, PendingRead>;
  #nextId: number;

  constructor(output: OutputQueue, maxTransferBytes: number) {
    this.#output = output;
    this.#maxTransferBytes = Math.min(maxTransferBytes, MAX_TRANSFER_BYTES);
    this.#reads = new Map();
    this.#nextId = 0;
  }

  /** Writes one dword; see VfioUserClient.writeMessage. */
  writeMessage(address: number, data: number): void {
    if (!isAddress(address)) return;
    const at = this.#begin(command.DMA_WRITE, NO_REPLY, address, 4, 4);
    if (at >= 0) this.#output.view.setUint32(at, data, true);
  }

  /** See VfioUserClient.writeMemory. False also while so much waits already that the client would be given up. */
  write(address: number, bytes: Uint8Array, offset: number, length: number): boolean {
    if (!this.#mayTransfer(address, length) || this.#output.pendingBytes + length > QUEUE_LIMIT_BYTES) return false;
    const at = this.#begin(command.DMA_WRITE, NO_REPLY, address, length, length);
    if (at < 0) return false;
    for (let i = 0; i < length; i++) this.#output.bytes[at + i] = bytes[offset + i]!;
    return true;
  }

  /** See VfioUserClient.readMemory. */
  read(address: number, length: number, done: ReadDone): boolean {
    if (!this.#mayTransfer(address, length) || this.#reads.size >= MAX_READS) return false;
    while (this.#reads.has(this.#nextId)) this.#nextId = (this.#nextId + 1) & 0xffff;
    const id = this.#nextId;
    if (this.#begin(command.DMA_READ, 0, address, length, 0) < 0) return false;
    this.#reads.set(id, { length, done });
    return true;
  }

  /** Takes a reply. One that nobody waits for is ignored: QEMU sends an error reply even to a message that wants none. */
  replied(message: MessageReader): void {
    const read = message.command === command.DMA_READ ? this.#reads.get(message.id) : undefined;
    if (read === undefined) return;
    this.#reads.delete(message.id);
    const { view, payload } = message;
    const complete =
      (message.flags & ERROR) === 0 &&
      message.payloadLength === ACCESS_BYTES + read.length &&
      view.getUint32(payload + 8, true) === read.length &&
      view.getUint32(payload + 12, true) === 0;
    const from = payload + ACCESS_BYTES;
    read.done(complete ? message.bytes.subarray(from, from + read.length) : undefined);
  }

  /** Ends every read under way: the client has gone. */
  cancel(): void {
    const reads = [...this.#reads.values()];
    this.#reads.clear();
    for (const read of reads) read.done(undefined);
  }

  #mayTransfer(address: number, length: number): boolean {
    return isAddress(address) && length > 0 && length <= this.#maxTransferBytes;
  }

  /** Queues header and address; returns where the data goes, or -1. */
  #begin(name: number, flags: number, address: number, count: number, dataBytes: number): number {
    const at = this.#output.add(this.#nextId, name, flags, ACCESS_BYTES + dataBytes);
    if (at < 0) return -1;
    this.#nextId = (this.#nextId + 1) & 0xffff;
    const { view } = this.#output;
    view.setUint32(at, address >>> 0, true);
    view.setUint32(at + 4, Math.floor(address / TWO_TO_32), true);
    view.setUint32(at + 8, count, true);
    view.setUint32(at + 12, 0, true);
    return at + ACCESS_BYTES;
  }
}

function isAddress(address: number): boolean {
  return address >= 0 && address <= Number.MAX_SAFE_INTEGER;
}
