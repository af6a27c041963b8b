/** One received frame on its way through the pipeline, with everything that the stages find out; one object serves all. */
import { PacketHeaders } from '../../../packet/headers.ts';
import { VlanTags } from './vlan.ts';

export class ReceivedFrame {
  bytes: Uint8Array;
  start: number;
  /** Without FCS. */
  length: number;
  /** Bytes behind the frame may be overwritten: the FCS can be appended in place. */
  hasSpare: boolean;
  /** Transport checksum known to be right. */
  knownGood: boolean;
  /** Pool whose frame the switch looped back, or -1: from the wire. */
  sourcePool: number;
  /** It was time stamped when it arrived, and software waits to read of it. */
  stamped: boolean;
  readonly tags: VlanTags;
  readonly headers: PacketHeaders;
  /** Destination: kind, bytes 0-3 and bytes 4-5, as in filter.ts. */
  kind: number;
  low: number;
  high: number;
  /** Bits 15:4 of dword 0 of an advanced write-back. */
  packetType: number;
  /** ETQF entry that the EtherType matched, or -1. */
  etherTypeFilter: number;
  /** 5-tuple filters that match, a bit each. */
  tuples: number;
  /** It asks for an interrupt that is not moderated. */
  immediate: boolean;
  /** Status and error bits that are the same for all queues. */
  status: number;
  rssType: number;
  /** Dword 1 of an advanced write-back: RSS hash, or identification and sum. */
  hashOrSum: number;

  constructor() {
    this.bytes = new Uint8Array(0);
    this.start = 0;
    this.length = 0;
    this.hasSpare = false;
    this.knownGood = false;
    this.sourcePool = -1;
    this.stamped = false;
    this.tags = new VlanTags();
    this.headers = new PacketHeaders();
    this.kind = 0;
    this.low = 0;
    this.high = 0;
    this.packetType = 0;
    this.etherTypeFilter = -1;
    this.tuples = 0;
    this.immediate = false;
    this.status = 0;
    this.rssType = 0;
    this.hashOrSum = 0;
  }

  /** Takes a frame of at least 14 bytes and reads its destination. */
  take(bytes: Uint8Array, start: number, length: number): void {
    this.bytes = bytes;
    this.start = start;
    this.length = length;
    this.stamped = false;
    this.low = bytes[start]! | (bytes[start + 1]! << 8) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 24);
    this.high = bytes[start + 4]! | (bytes[start + 5]! << 8);
  }
}
