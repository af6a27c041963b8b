/** How a frame is divided between header buffer and packet buffers, or put into both (03 §3.7). */
import { ipProtocols } from '../../../packet/protocols.ts';
import type { PacketHeaders } from '../../../packet/headers.ts';
import { pf } from '../tables/index.ts';
import { ERROR } from './offload.ts';
import {
  DESCRIPTOR_REPLICATE,
  DESCRIPTOR_REPLICATE_LARGE,
  DESCRIPTOR_SPLIT,
  DESCRIPTOR_SPLIT_ALWAYS,
  type ReceiveRings,
} from './ring.ts';

const { PSRTYPE, RFCTL } = pf;

/** HDR_LEN has ten bits. */
const LONGEST_HEADER = 0x3ff;
const SPLIT_HEADER = 0x8000_0000;
/** PSRTYPE, and RSS, know eight pools. */
const POOL_MASK = 7;

/** Whether PSRTYPE has the bit of what the frame holds behind IP: `tcp`, `udp` or, of everything else, `other`. */
function isEnabled(types: number, headers: PacketHeaders): boolean {
  const four = headers.ipVersion === 4;
  if (!headers.fragment && headers.l4Length > 0) {
    if (headers.protocol === ipProtocols.tcp) return (types & (four ? PSRTYPE.IPV4_TCP : PSRTYPE.IPV6_TCP).mask) !== 0;
    if (headers.protocol === ipProtocols.udp) return (types & (four ? PSRTYPE.IPV4_UDP : PSRTYPE.IPV6_UDP).mask) !== 0;
  }
  return (types & (four ? PSRTYPE.IPV4 : PSRTYPE.IPV6).mask) !== 0;
}

/** Bytes up to behind TCP or UDP of a whole packet, otherwise behind IP. */
function ipHeaderLength(headers: PacketHeaders): number {
  const { protocol } = headers;
  if (!headers.fragment && headers.l4Length > 0 && (protocol === ipProtocols.tcp || protocol === ipProtocols.udp)) {
    return headers.l4Offset + headers.l4Length;
  }
  return headers.l3Offset + headers.l3Length;
}

export class HeaderSplit {
  private readonly values: Uint32Array;
  private readonly rings: ReceiveRings;
  /** Bytes that go to the header buffer of the first descriptor. */
  bytes: number;
  /** Bytes at the frame's start that go to no packet buffer. */
  skipped: number;
  /** What the first PKT_LEN counts that is in no packet buffer. */
  unstored: number;
  /** HDR_LEN and SPH in place, for dword 0 of the write-back. */
  info: number;
  /** HBO, for dword 2. */
  errors: number;

  constructor(values: Uint32Array, rings: ReceiveRings) {
    this.values = values;
    this.rings = rings;
    this.bytes = 0;
    this.skipped = 0;
    this.unstored = 0;
    this.info = 0;
    this.errors = 0;
  }

  /** Everything to packet buffers. */
  none(): void {
    this.bytes = 0;
    this.skipped = 0;
    this.unstored = 0;
    this.info = 0;
    this.errors = 0;
  }

  /** Plans for a frame of `total` bytes as stored in a queue, `removed` of which were taken out of its headers (a VLAN tag). */
  plan(queue: number, headers: PacketHeaders, total: number, removed: number): void {
    this.none();
    const bufferBytes = this.rings.headerBytes(queue);
    if (bufferBytes === 0) return;
    switch (this.rings.descriptorType(queue)) {
      case DESCRIPTOR_SPLIT:
      case DESCRIPTOR_SPLIT_ALWAYS:
        this.split(queue, headers, total, removed);
        return;
      case DESCRIPTOR_REPLICATE:
      case DESCRIPTOR_REPLICATE_LARGE:
        this.replicate(queue, headers, total, removed);
        return;
    }
  }

  private split(queue: number, headers: PacketHeaders, total: number, removed: number): void {
    const bufferBytes = this.rings.headerBytes(queue);
    const always = this.rings.descriptorType(queue) === DESCRIPTOR_SPLIT_ALWAYS;
    if (always && total <= bufferBytes) {
      this.bytes = total;
      this.info = total << 21;
    } else if (!this.describe(queue, headers, removed)) {
      if (!always) return;
      this.bytes = bufferBytes;
      this.info = bufferBytes << 21;
    } else {
      const length = (this.info >>> 21) & LONGEST_HEADER;
      if (length <= bufferBytes) this.bytes = length;
      else if (always) this.bytes = bufferBytes;
    }
    this.skipped = this.bytes;
  }

  /** The header buffer is filled from the frame's start, and the packet buffers get the frame whole. */
  private replicate(queue: number, headers: PacketHeaders, total: number, removed: number): void {
    const bufferBytes = this.rings.headerBytes(queue);
    const large = this.rings.descriptorType(queue) === DESCRIPTOR_REPLICATE_LARGE;
    this.bytes = Math.min(total, bufferBytes);
    if (!this.describe(queue, headers, removed)) this.info = this.bytes << 21;
    if (!large || total > bufferBytes) return;
    this.skipped = total;
    this.unstored = total;
  }

  /** Sets HDR_LEN, SPH and HBO of a frame whose headers PSRTYPE and RFCTL let be found; false for any other. */
  private describe(queue: number, headers: PacketHeaders, removed: number): boolean {
    const types = this.values[PSRTYPE.index + (queue & POOL_MASK)]!;
    const splitsFragments = (this.values[RFCTL.index]! & RFCTL.IPFRSP_DIS.mask) === 0;
    let length = 0;
    if (headers.ipVersion !== 0 && isEnabled(types, headers) && (splitsFragments || !headers.fragment)) {
      length = ipHeaderLength(headers);
    } else if ((types & PSRTYPE.MAC.mask) !== 0) length = headers.l3Offset;
    if (length === 0) return false;
    const stored = Math.min(length - removed, LONGEST_HEADER);
    this.info = ((stored << 21) | SPLIT_HEADER) >>> 0;
    if (stored > this.rings.headerBytes(queue)) this.errors = ERROR.HBO;
    return true;
  }
}
