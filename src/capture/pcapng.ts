/** Blocks of the pcapng file format (draft-ietf-opsawg-pcapng), little-endian, times in nanoseconds. */

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const LINKTYPE_ETHERNET = 1;

const option = {
  end: 0,
  comment: 1,
  shbHardware: 2,
  shbApplication: 4,
  ifName: 2,
  ifDescription: 3,
  ifTimeResolution: 9,
  ifHardware: 15,
  epbFlags: 2,
  epbDropCount: 4,
  epbPacketId: 5,
  epbQueue: 6,
  epbVerdict: 7,
  isbStart: 2,
  isbEnd: 3,
  isbReceived: 4,
  isbOsDropped: 7,
} as const;

/** Times count in 10^-9 s. */
const NANOSECONDS = 9;
/** A verdict by the hardware; what follows is its own: here the name of a drop's trace event. */
const VERDICT_HARDWARE = '\0';
/** Longest text of an option; nothing that we say comes near. */
const LONGEST_TEXT = 512;
const TWO_32 = 2 ** 32;

/** A time since 1970. */
export interface Time {
  readonly seconds: number;
  readonly nanoseconds: number;
}

export interface PacketBlock extends Time {
  readonly interface: number;
  /** Its way through the NIC. */
  readonly outbound: boolean;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly kept: number;
  readonly length: number;
  /** Its number, or 0. */
  readonly packet: number;
  /** Or -1. */
  readonly queue: number;
  /** Name of the reason for which it was dropped, or empty. */
  readonly reason: string;
  /** Frames of this interface that the capture lost since the one before. */
  readonly lostBefore: number;
  readonly comment: string;
}

/** Upper bound of what a packet's block takes besides its bytes and its comment. */
const PACKET_BLOCK_OVERHEAD = 256;

/** Blocks one after the other in a buffer that is used again. */
export class PcapngWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #used: number;
  /** Where the block at hand starts. */
  #block: number;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
    this.#used = 0;
    this.#block = 0;
  }

  /** Bytes of whole blocks that wait to be taken. */
  get length(): number {
    return this.#used;
  }

  /** The blocks so far, which are gone from here; a copy. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#used);
    this.#used = 0;
    return taken;
  }

  section(hardware: string, application: string): void {
    this.#begin(SECTION_HEADER, 1024);
    this.#u32(BYTE_ORDER_MAGIC);
    this.#u16(1);
    this.#u16(0);
    // The section's length is not known.
    this.#u32(0xffffffff);
    this.#u32(0xffffffff);
    this.#text(option.shbHardware, hardware);
    this.#text(option.shbApplication, application);
    this.#end();
  }

  /** Interfaces are numbered in the order of their blocks. */
  interfaceDescription(name: string, description: string, hardware: string, maxLength: number): void {
    this.#begin(INTERFACE_DESCRIPTION, 1024);
    this.#u16(LINKTYPE_ETHERNET);
    this.#u16(0);
    this.#u32(maxLength);
    this.#text(option.ifName, name);
    this.#text(option.ifDescription, description);
    this.#option(option.ifTimeResolution, 1);
    this.#bytes[this.#used] = NANOSECONDS;
    this.#bytes.fill(0, this.#used + 1, this.#used + 4);
    this.#used += 4;
    this.#text(option.ifHardware, hardware);
    this.#end();
  }

  packet(block: PacketBlock): void {
    this.#begin(ENHANCED_PACKET, PACKET_BLOCK_OVERHEAD + block.kept + 3 * block.comment.length);
    this.#u32(block.interface);
    this.#time(block);
    this.#u32(block.kept);
    this.#u32(block.length);
    this.#bytes.set(block.bytes.subarray(block.start, block.start + block.kept), this.#used);
    this.#padded(block.kept);
    if (block.comment !== '') this.#text(option.comment, block.comment);
    this.#option(option.epbFlags, 4);
    this.#u32(block.outbound ? 2 : 1);
    if (block.lostBefore > 0) this.#number64(option.epbDropCount, block.lostBefore);
    if (block.packet > 0) this.#number64(option.epbPacketId, block.packet);
    if (block.queue >= 0) {
      this.#option(option.epbQueue, 4);
      this.#u32(block.queue);
    }
    if (block.reason !== '') this.#text(option.epbVerdict, VERDICT_HARDWARE + block.reason);
    this.#end();
  }

  /** What an interface has had from `start` to `end`, and how many of those frames the capture lost. */
  interfaceStatistics(index: number, start: Time, end: Time, received: number, lost: number): void {
    this.#begin(INTERFACE_STATISTICS, 256);
    this.#u32(index);
    this.#time(end);
    for (const [code, time] of [
      [option.isbStart, start],
      [option.isbEnd, end],
    ] as const) {
      this.#option(code, 8);
      this.#time(time);
    }
    this.#number64(option.isbReceived, received);
    this.#number64(option.isbOsDropped, lost);
    this.#end();
  }

  #begin(type: number, most: number): void {
    if (this.#used + most > this.#bytes.length) {
      const bytes = new Uint8Array(2 * (this.#used + most));
      bytes.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer);
    }
    this.#block = this.#used;
    this.#u32(type);
    this.#u32(0);
  }

  /** Ends the options and puts the block's length in both places. */
  #end(): void {
    this.#option(option.end, 0);
    const length = this.#used - this.#block + 4;
    this.#u32(length);
    this.#view.setUint32(this.#block + 4, length, true);
  }

  #u16(value: number): void {
    this.#view.setUint16(this.#used, value, true);
    this.#used += 2;
  }

  #u32(value: number): void {
    this.#view.setUint32(this.#used, value, true);
    this.#used += 4;
  }

  /** Counts `length` bytes that stand already, and fills up to a dword. */
  #padded(length: number): void {
    const padded = (length + 3) & ~3;
    this.#bytes.fill(0, this.#used + length, this.#used + padded);
    this.#used += padded;
  }

  #option(code: number, length: number): void {
    this.#u16(code);
    this.#u16(length);
  }

  #text(code: number, text: string): void {
    const bytes = Buffer.from(text, 'utf8').subarray(0, LONGEST_TEXT);
    this.#option(code, bytes.length);
    this.#bytes.set(bytes, this.#used);
    this.#padded(bytes.length);
  }

  #number64(code: number, value: number): void {
    this.#option(code, 8);
    this.#u32(value % TWO_32);
    this.#u32(Math.floor(value / TWO_32));
  }

  /** 64 bits of nanoseconds, high half first. A double cannot hold them: halves of the seconds are multiplied apart. */
  #time({ seconds, nanoseconds }: Time): void {
    const high = (seconds >>> 16) * 1e9;
    const low = (high % 65536) * 65536 + (seconds & 0xffff) * 1e9 + nanoseconds;
    this.#u32(Math.floor(high / 65536) + Math.floor(low / TWO_32));
    this.#u32(low % TWO_32);
  }
}
