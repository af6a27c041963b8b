/** The world above a PCI domain: the virtual machine that a client of the transport stands for. */
import type { MemoryPiece } from '../ports/index.ts';

/** Guest memory that this process has mapped, by guest address. */
export interface HostMemory {
  /** The piece that holds all of [address, address + length). Any number is a valid question. */
  forReading(address: number, length: number): MemoryPiece | undefined;
  forWriting(address: number, length: number): MemoryPiece | undefined;
}

/** A client, in the shape of a vfio-user session. */
export interface HostClient {
  readonly dma: HostMemory;
  /** Signals the eventfd of (interrupt index, vector); false where none is connected or INTx is masked. */
  signal(index: number, vector: number): boolean;
  /** Writes a dword to guest memory that is not mapped here: an interrupt message. */
  writeMessage(address: number, data: number): void;
}
