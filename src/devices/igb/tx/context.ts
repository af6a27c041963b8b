/** The offload contexts of a queue (§3.3): two slots that stay until they are overwritten or the device is reset. */
export const CONTEXT_SLOTS = 2;

export class OffloadContext {
  /** A context descriptor has filled it in. */
  stored: boolean;
  /** MACLEN: bytes before the IP header, a tag that the device inserts not among them. */
  macLength: number;
  /** IPLEN: bytes up to the transport header. */
  ipLength: number;
  vlanTag: number;
  /** One of `l4Type`, or 3. */
  l4Type: number;
  l4Length: number;
  segmentSize: number;

  constructor() {
    this.stored = false;
    this.macLength = 0;
    this.ipLength = 0;
    this.vlanTag = 0;
    this.l4Type = 0;
    this.l4Length = 0;
    this.segmentSize = 0;
  }

  /** Takes the dwords of a context descriptor. */
  store(word0: number, word2: number, word3: number): void {
    this.stored = true;
    this.ipLength = word0 & 0x1ff;
    this.macLength = (word0 >>> 9) & 0x7f;
    this.vlanTag = word0 >>> 16;
    this.l4Type = (word2 >>> 11) & 3;
    this.l4Length = (word3 >>> 8) & 0xff;
    this.segmentSize = word3 >>> 16;
  }

  clear(): void {
    this.store(0, 0, 0);
    this.stored = false;
  }
}

/** The slot that dword 3 of a context or data descriptor names: the field has three bits, two slots exist. */
export function slotOf(word3: number): number {
  return (word3 >>> 4) & 1;
}
