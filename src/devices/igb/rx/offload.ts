/** What the port says about a frame's protocols and checksums (§4.8, 03 §3.6). */
import { crc32c, internetSum } from '../../../packet/checksum.ts';
import type { PacketHeaders } from '../../../packet/headers.ts';
import { ipProtocols } from '../../../packet/protocols.ts';
import { pseudoHeaderSum } from '../../../packet/pseudo-header.ts';
import { pf } from '../tables/index.ts';

const { ETQF, RFCTL, RXCSUM } = pf;

/** Extended status: dword 2 of the advanced write-back, whose low eight bits are the legacy status too. */
export const STATUS = {
  DD: 1,
  EOP: 1 << 1,
  IXSM: 1 << 2,
  VP: 1 << 3,
  UDPCS: 1 << 4,
  L4CS: 1 << 5,
  IPCS: 1 << 6,
  IPIDV: 1 << 9,
  UDPV: 1 << 10,
  DYNINT: 1 << 11,
  TS: 1 << 16,
  LB: 1 << 18,
} as const;

/** Extended errors in the same dword; bits 31:24 are the legacy errors. */
export const ERROR = { HBO: 1 << 23, L4E: 1 << 29, IPE: 1 << 30, RXE: 1 << 31 } as const;

/** Packet types, as bits 15:4 of dword 0. */
const TYPE = {
  IPV4: 0x10,
  IPV4_OPTIONS: 0x20,
  IPV6: 0x40,
  IPV6_EXTENSIONS: 0x80,
  TCP: 0x100,
  UDP: 0x200,
  SCTP: 0x400,
  ESP: 0x1000,
  AH: 0x2000,
  ETHERTYPE_FILTER: 0x8000,
} as const;

const SCTP_CHECKSUM = 8;

/** The packet type of a frame, in place (bits 15:4); `etherTypeFilter` is the ETQF entry that it matched, or -1. */
export function packetType(headers: PacketHeaders, etherTypeFilter: number): number {
  if (etherTypeFilter >= 0) return TYPE.ETHERTYPE_FILTER | (etherTypeFilter << 4);
  let type = 0;
  if (headers.ipVersion === 4) type = headers.l3Extended ? TYPE.IPV4_OPTIONS : TYPE.IPV4;
  else if (headers.ipVersion === 6) type = headers.l3Extended ? TYPE.IPV6_EXTENSIONS : TYPE.IPV6;
  else return 0;
  if (headers.protocol === ipProtocols.esp) return type | TYPE.ESP;
  if (headers.protocol === ipProtocols.authentication) return type | TYPE.AH;
  if (headers.fragment || headers.l4Length === 0) return type;
  if (headers.protocol === ipProtocols.tcp) return type | TYPE.TCP;
  if (headers.protocol === ipProtocols.udp) return type | TYPE.UDP;
  return headers.protocol === ipProtocols.sctp ? type | TYPE.SCTP : type;
}

/** Index of the enabled ETQF entry for an EtherType, the lowest where several match, or -1. */
export function matchEtherTypeFilter(values: Uint32Array, etherType: number): number {
  for (let entry = 0; entry < ETQF.count; entry += 1) {
    const filter = values[ETQF.index + entry * ETQF.step]!;
    if ((filter & ETQF.FILTER_ENABLE.mask) !== 0 && (filter & 0xffff) === etherType) return entry;
  }
  return -1;
}

/** The verdict on one frame; one object serves all frames. */
export class ReceiveOffload {
  /** STATUS and ERROR bits that come from checksums. */
  status: number;
  /** Dword 1 of the advanced write-back where RXCSUM.PCSD is 0: IP identification, and a fragment's sum above. */
  identificationAndSum: number;

  constructor() {
    this.status = 0;
    this.identificationAndSum = 0;
  }

  /**
   * Judges the frame at bytes[start…] that `headers` describes. `knownGood`: this device has just completed its checksums,
   * or somebody vouches for them. Nothing is said of a packet that is cut short, nor of a UDP datagram without checksum.
   */
  judge(values: Uint32Array, bytes: Uint8Array, start: number, headers: PacketHeaders, knownGood: boolean): void {
    const rxcsum = values[RXCSUM.index]!;
    this.status = 0;
    this.identificationAndSum = 0;
    if (headers.ipVersion === 0) return;
    if (headers.ipVersion === 4) {
      if ((rxcsum & RXCSUM.IPOFL.mask) !== 0) this.judgeIpv4(bytes, start, headers);
      if ((rxcsum & RXCSUM.PCSD.mask) === 0) this.noteFragment(bytes, start, headers);
    } else if ((values[RFCTL.index]! & RFCTL.IPV6_XSUM_DIS.mask) !== 0) {
      return;
    }
    if (headers.fragment || headers.truncated || headers.l4Length === 0) return;
    const { protocol } = headers;
    if (protocol === ipProtocols.sctp) {
      if ((rxcsum & RXCSUM.CRCOFL.mask) !== 0) this.judgeSctp(bytes, start, headers);
    } else if ((rxcsum & RXCSUM.TUOFL.mask) !== 0) {
      if (protocol === ipProtocols.tcp) this.judgeTcp(bytes, start, headers, knownGood);
      else if (protocol === ipProtocols.udp) this.judgeUdp(bytes, start, headers, knownGood);
    }
  }

  private judgeIpv4(bytes: Uint8Array, start: number, headers: PacketHeaders): void {
    this.status |= STATUS.IPCS;
    if (internetSum(bytes, start + headers.l3Offset, headers.l3Length) !== 0xffff) this.status |= ERROR.IPE;
  }

  private judgeTcp(bytes: Uint8Array, start: number, headers: PacketHeaders, knownGood: boolean): void {
    const length = headers.l3End - headers.l4Offset;
    if (knownGood || transportSum(bytes, start, headers, length) === 0xffff) this.status |= STATUS.L4CS;
    else this.status |= STATUS.L4CS | ERROR.L4E;
  }

  private judgeUdp(bytes: Uint8Array, start: number, headers: PacketHeaders, knownGood: boolean): void {
    const at = start + headers.l4Offset;
    const length = (bytes[at + 4]! << 8) | bytes[at + 5]!;
    if ((bytes[at + 6]! | bytes[at + 7]!) === 0 || length < 8 || length > headers.l3End - headers.l4Offset) return;
    this.status |= STATUS.L4CS | STATUS.UDPCS;
    if (!knownGood && transportSum(bytes, start, headers, length) !== 0xffff) this.status |= ERROR.L4E;
  }

  /** CRC32c over the packet with its own field taken as zero, stored least significant byte first. */
  private judgeSctp(bytes: Uint8Array, start: number, headers: PacketHeaders): void {
    const at = start + headers.l4Offset;
    const field = at + SCTP_CHECKSUM;
    const length = headers.l3End - headers.l4Offset;
    let crc = crc32c(bytes, at, SCTP_CHECKSUM);
    crc = crc32c(ZEROS, 0, 4, crc);
    crc = crc32c(bytes, field + 4, length - SCTP_CHECKSUM - 4, crc);
    const stored =
      (bytes[field]! | (bytes[field + 1]! << 8) | (bytes[field + 2]! << 16) | (bytes[field + 3]! << 24)) >>> 0;
    this.status |= crc === stored ? STATUS.L4CS : STATUS.L4CS | ERROR.L4E;
  }

  /** Identification of every IPv4 packet, and for software that puts fragments together the sum of their payload. */
  private noteFragment(bytes: Uint8Array, start: number, headers: PacketHeaders): void {
    this.status |= STATUS.IPIDV;
    this.identificationAndSum = headers.identification;
    if (!headers.fragment) return;
    const at = headers.l3Offset + headers.l3Length;
    const sum = internetSum(bytes, start + at, headers.l3End - at);
    this.identificationAndSum = (headers.identification | (sum << 16)) >>> 0;
    const checksum = start + at + 6;
    if (
      headers.protocol === ipProtocols.udp &&
      headers.fragmentOffset === 0 &&
      headers.l3End - at >= 8 &&
      (bytes[checksum]! | bytes[checksum + 1]!) !== 0
    ) {
      this.status |= STATUS.UDPV;
    }
  }
}

const ZEROS = new Uint8Array(4);

/** Folded sum of a TCP or UDP packet of `length` bytes with its pseudo-header; 0xffff where the checksum is right. */
function transportSum(bytes: Uint8Array, start: number, headers: PacketHeaders, length: number): number {
  const pseudo = pseudoHeaderSum(bytes, start + headers.l3Offset, headers.l3Length, headers.protocol);
  // A header chain that this parser and that one read differently leaves nothing to check against.
  if (pseudo < 0) return 0xffff;
  return internetSum(bytes, start + headers.l4Offset, length, pseudo + length);
}

/** The packet checksum of a legacy descriptor: from byte RXCSUM.PCSS to the end, not complemented. */
export function packetSum(values: Uint32Array, bytes: Uint8Array, start: number, length: number): number {
  const from = values[RXCSUM.index]! & RXCSUM.PCSS.mask;
  if (from >= length) return 0;
  // An odd start keeps its bytes' places within the words of the frame.
  const sum = internetSum(bytes, start + from, length - from);
  return (from & 1) === 0 ? sum : ((sum & 0xff) << 8) | (sum >>> 8);
}
