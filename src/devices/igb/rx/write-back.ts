/** What the port writes into a descriptor that it has used (03 §3.5, §3.6). */
import type { ReceivedFrame } from './frame.ts';
import { STATUS } from './offload.ts';

/** Composes the four dwords of a write-back. */
export class WriteBack {
  readonly dwords: Uint32Array;
  /** The same bytes, for memory that is not mapped. */
  readonly bytes: Uint8Array;

  constructor() {
    this.dwords = new Uint32Array(4);
    this.bytes = new Uint8Array(this.dwords.buffer);
  }

  /** A descriptor of a frame that goes on in the next one: only done and length mean something. */
  advancedPart(headerInfo: number, length: number): void {
    const { dwords } = this;
    dwords[0] = headerInfo;
    dwords[1] = 0;
    dwords[2] = STATUS.DD;
    dwords[3] = length;
  }

  /** The last descriptor of a frame; `status` holds what this queue adds to the frame's own. */
  advanced(frame: ReceivedFrame, headerInfo: number, status: number, length: number, tag: number): void {
    const { dwords } = this;
    dwords[0] = frame.rssType | frame.packetType | headerInfo;
    dwords[1] = frame.hashOrSum;
    dwords[2] = frame.status | status | STATUS.DD | STATUS.EOP;
    dwords[3] = length | (tag << 16);
  }

  legacyPart(address: number, length: number): void {
    const { dwords } = this;
    dwords[0] = address % 0x1_0000_0000;
    dwords[1] = Math.floor(address / 0x1_0000_0000);
    dwords[2] = length;
    dwords[3] = STATUS.DD;
  }

  /** The buffer's address stays in place; status and errors are the low and high byte of the extended ones. */
  legacy(frame: ReceivedFrame, address: number, status: number, length: number, tag: number, sum: number): void {
    const { dwords } = this;
    const extended = frame.status | status;
    dwords[0] = address % 0x1_0000_0000;
    dwords[1] = Math.floor(address / 0x1_0000_0000);
    dwords[2] = length | (sum << 16);
    dwords[3] = (extended & 0xff) | STATUS.DD | STATUS.EOP | ((extended >>> 24) << 8) | (tag << 16);
  }
}
