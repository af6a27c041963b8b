/** Contents of a device that outlive it: kept in a file by a NIC that has one, in nothing at all in tests. */
export interface NonvolatileMemory {
  /** What was stored last, all of it; undefined where nothing ever was. */
  load(): Uint8Array | undefined;
  /** Takes a copy of the whole contents and returns at once; it is durable some time later. */
  store(bytes: Uint8Array): void;
}
