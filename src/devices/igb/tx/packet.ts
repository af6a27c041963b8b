/** The packet that is being sent. One object serves all. */
import { OffloadContext } from './context.ts';
import { command } from './descriptor.ts';

export class Packet {
  queue: number;
  /** Dword 2 and 3 of the descriptor that speaks for it. */
  command: number;
  options: number;
  legacy: boolean;
  context: OffloadContext;
  /** What its descriptors hold. */
  fetchedBytes: number;
  /** Where it begins in the arena, and its bytes; 0 until it is gathered. */
  frame: number;
  length: number;
  /** Only its headers were gathered. */
  direct: boolean;
  /** Bytes inserted in front of its network header. */
  tagBytes: number;
  /** Its tag comes from VMVIR. */
  tagIsPools: boolean;
  /** Where it goes, in bits of `route`; without `wire` once the wire has it whole. */
  ways: number;
  /** It asks for a stamp: taken as it leaves. */
  stampDue: boolean;
  /** What it takes on the wire, with FCS, preamble and gap, or would take. */
  wireBytes: number;

  constructor() {
    this.queue = 0;
    this.command = 0;
    this.options = 0;
    this.legacy = false;
    this.context = new OffloadContext();
    this.fetchedBytes = 0;
    this.frame = 0;
    this.length = 0;
    this.direct = false;
    this.tagBytes = 0;
    this.tagIsPools = false;
    this.ways = 0;
    this.stampDue = false;
    this.wireBytes = 0;
  }

  /** It is to be segmented. */
  get segments(): boolean {
    return !this.legacy && (this.command & command.TSE) !== 0;
  }

  get end(): number {
    return this.frame + this.length;
  }

  get l3(): number {
    return this.frame + this.context.macLength + this.tagBytes;
  }
}
