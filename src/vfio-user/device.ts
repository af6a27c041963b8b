import type { MemoryPiece } from '../ports/index.ts';

/** What a device shows to a vfio-user server. Called in the thread of the server's event loop only. */
export interface VfioUserDevice {
  /** Sizes by region index 0..8 (BAR0-5, ROM, config space, VGA); 0 where absent. */
  readonly regionSizes: readonly number[];
  /** Vectors by irq index 0..4: INTx, MSI, MSI-X, ERR, REQ. */
  readonly irqCounts: readonly number[];
  /** Puts bytes [offset, offset + count) of a region at bytes[at…]. The range lies inside the region; count may be up to 1 MiB. */
  regionRead(region: number, offset: number, bytes: Uint8Array, at: number, count: number): void;
  regionWrite(region: number, offset: number, bytes: Uint8Array, at: number, count: number): void;
  /** A client has arrived: its VERSION message was accepted. */
  attached(client: VfioUserClient): void;
  /** That client has gone: its maps and eventfds are freed already and its `VfioUserClient` does nothing any more. */
  detached(): void;
  /** The client asks for a device reset (QEMU: system_reset). Maps and eventfds stay. */
  reset(): void;
  /** The client masked, unmasked, connected or disconnected interrupts of an index: signal again what is still asserted. */
  irqsChanged(index: number): void;
}

/** Guest memory by guest address. Pieces exist since their map arrived; none is made by a look-up. */
export interface DmaView {
  /** The piece that holds all of [address, address + length), where it is mapped readable with a file descriptor. */
  forReading(address: number, length: number): MemoryPiece | undefined;
  /** The same where it is mapped writable. */
  forWriting(address: number, length: number): MemoryPiece | undefined;
}

/** The client as its device sees it, from `attached` to `detached`. */
export interface VfioUserClient {
  readonly dma: DmaView;
  /**
   * Signals the eventfd of a vector. False where none is connected or, for INTx (index 0), while it is masked; a signalled
   * INTx is masked until the client unmasks it, which it reports by `irqsChanged(0)`.
   */
  signal(index: number, vector: number): boolean;
  /**
   * Queues a DMA_WRITE of 4 bytes without a reply: an MSI message. It leaves at the end of the turn, in order with the
   * replies of that turn.
   */
  writeMessage(address: number, data: number): void;
  /** Queues a DMA_WRITE without a reply. False: longer than the client takes, or an address beyond 2^53. */
  writeMemory(address: number, bytes: Uint8Array, offset: number, length: number): boolean;
  /**
   * Asks for guest memory by DMA_READ; `done` gets the bytes in a later turn (they are valid during the call only), or
   * undefined where the client refused or went away. QEMU serves it only while no access of the guest is unanswered, so
   * nothing may wait for it. False: too long, an address beyond 2^53, or too many reads under way.
   */
  readMemory(address: number, length: number, done: (bytes: Uint8Array | undefined) => void): boolean;
}
