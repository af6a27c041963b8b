/** Receive-side scaling: which hash a frame gets, its value, and what the redirection table makes of it (§4.6). */
import { ipProtocols } from '../../../packet/protocols.ts';
import type { PacketHeaders } from '../../../packet/headers.ts';
import { pf } from '../tables/index.ts';
import { ToeplitzHash } from './toeplitz.ts';

const { MRQC, RETA, RFCTL, RSSRK } = pf;

/** RSS types of the advanced write-back (03 §3.6). */
export const RSS_TYPE = {
  none: 0,
  ipv4Tcp: 1,
  ipv4: 2,
  ipv6Tcp: 3,
  ipv6Ex: 4,
  ipv6: 5,
  ipv6TcpEx: 6,
  ipv4Udp: 7,
  ipv6Udp: 8,
  ipv6UdpEx: 9,
} as const;

const MAC_BYTES = 14;
const IPV4_SOURCE = 12;
const IPV6_SOURCE = 8;

/** TCP or UDP of a whole packet, whose ports may be hashed; 0 otherwise. */
function portsProtocol(headers: PacketHeaders): number {
  if (headers.fragment || headers.l4Length === 0) return 0;
  const { protocol } = headers;
  return protocol === ipProtocols.tcp || protocol === ipProtocols.udp ? protocol : 0;
}

function typeOfIpv4(mrqc: number, headers: PacketHeaders): number {
  const protocol = portsProtocol(headers);
  if (protocol === ipProtocols.tcp && (mrqc & MRQC.RSS_TCP_IPV4.mask) !== 0) return RSS_TYPE.ipv4Tcp;
  if (protocol === ipProtocols.udp && (mrqc & MRQC.RSS_UDP_IPV4.mask) !== 0) return RSS_TYPE.ipv4Udp;
  return (mrqc & MRQC.RSS_IPV4.mask) === 0 ? RSS_TYPE.none : RSS_TYPE.ipv4;
}

/**
 * With extension headers and RFCTL.IPV6_EX_DIS (Linux sets it) only the plain address hash is left. A frame without the
 * addresses that the Ex hashes are for (home address, routing header) takes the plain type where MRQC allows both, and the
 * Ex type over its plain addresses where only that is on.
 */
function typeOfIpv6(mrqc: number, rfctl: number, headers: PacketHeaders): number {
  if (!headers.l3Extended || (rfctl & RFCTL.IPV6_EX_DIS.mask) === 0) {
    const ex = usesExtensionAddresses(headers);
    if (ex && (rfctl & RFCTL.NEW_IPV6_EXT_DIS.mask) !== 0) return plainIpv6(mrqc);
    const protocol = portsProtocol(headers);
    if (protocol === ipProtocols.tcp) {
      if (!ex && (mrqc & MRQC.RSS_TCP_IPV6.mask) !== 0) return RSS_TYPE.ipv6Tcp;
      if ((mrqc & MRQC.RSS_TCP_IPV6_EX.mask) !== 0) return RSS_TYPE.ipv6TcpEx;
    } else if (protocol === ipProtocols.udp) {
      if (!ex && (mrqc & MRQC.RSS_UDP_IPV6.mask) !== 0) return RSS_TYPE.ipv6Udp;
      if ((mrqc & MRQC.RSS_UDP_IPV6_EX.mask) !== 0) return RSS_TYPE.ipv6UdpEx;
    }
    if ((mrqc & MRQC.RSS_IPV6_EX.mask) !== 0 && (ex || (mrqc & MRQC.RSS_IPV6.mask) === 0)) return RSS_TYPE.ipv6Ex;
  }
  return plainIpv6(mrqc);
}

function plainIpv6(mrqc: number): number {
  return (mrqc & MRQC.RSS_IPV6.mask) === 0 ? RSS_TYPE.none : RSS_TYPE.ipv6;
}

function usesExtensionAddresses(headers: PacketHeaders): boolean {
  return headers.homeAddressOffset !== 0 || headers.finalDestinationOffset !== 0;
}

/** The type that MRQC and RFCTL give a frame. */
export function rssType(mrqc: number, rfctl: number, headers: PacketHeaders): number {
  if (headers.ipVersion === 4) return typeOfIpv4(mrqc, headers);
  return headers.ipVersion === 6 ? typeOfIpv6(mrqc, rfctl, headers) : RSS_TYPE.none;
}

/** Types that hash ports, and those that hash the addresses of extension headers, one bit a type. */
const WITH_PORTS =
  (1 << RSS_TYPE.ipv4Tcp) |
  (1 << RSS_TYPE.ipv4Udp) |
  (1 << RSS_TYPE.ipv6Tcp) |
  (1 << RSS_TYPE.ipv6Udp) |
  (1 << RSS_TYPE.ipv6TcpEx) |
  (1 << RSS_TYPE.ipv6UdpEx);
const WITH_EXTENSIONS = (1 << RSS_TYPE.ipv6Ex) | (1 << RSS_TYPE.ipv6TcpEx) | (1 << RSS_TYPE.ipv6UdpEx);

export class ReceiveSideScaling {
  private readonly values: Uint32Array;
  private readonly toeplitz: ToeplitzHash;
  /** Of the last frame classified. */
  type: number;
  hash: number;

  constructor(values: Uint32Array) {
    this.values = values;
    this.toeplitz = new ToeplitzHash();
    this.type = RSS_TYPE.none;
    this.hash = 0;
  }

  /** No hash for the frame at hand. */
  none(): void {
    this.type = RSS_TYPE.none;
    this.hash = 0;
  }

  /** Sets `type` and `hash` for the frame at bytes[start…] that `headers` describes; a hash of no type is 0. */
  classify(bytes: Uint8Array, start: number, headers: PacketHeaders): void {
    const { values } = this;
    const type = rssType(values[MRQC.index]!, values[RFCTL.index]!, headers);
    this.type = type;
    this.hash = 0;
    if (type === RSS_TYPE.none) return;
    this.toeplitz.useKey(values, RSSRK.index);
    const network = start + headers.l3Offset;
    const ports = (WITH_PORTS & (1 << type)) === 0 ? -1 : start + headers.l4Offset;
    if (headers.ipVersion === 4) {
      this.hash = this.toeplitz.hash(bytes, network + IPV4_SOURCE, network + IPV4_SOURCE + 4, 4, ports);
      return;
    }
    let source = network + IPV6_SOURCE;
    let destination = source + 16;
    if ((WITH_EXTENSIONS & (1 << type)) !== 0) {
      if (headers.homeAddressOffset !== 0) source = start + headers.homeAddressOffset;
      if (headers.finalDestinationOffset !== 0) destination = start + headers.finalDestinationOffset;
    }
    this.hash = this.toeplitz.hash(bytes, source, destination, 16, ports);
  }

  /**
   * The same for a plain frame of a type that is known: untagged, `four` says which IP, ports right behind its header.
   */
  classifyPlain(type: number, four: boolean, bytes: Uint8Array, start: number): void {
    this.type = type;
    this.hash = 0;
    if (type === RSS_TYPE.none) return;
    this.toeplitz.useKey(this.values, RSSRK.index);
    const source = start + MAC_BYTES + (four ? IPV4_SOURCE : IPV6_SOURCE);
    const size = four ? 4 : 16;
    const ports = (WITH_PORTS & (1 << type)) === 0 ? -1 : source + 2 * size;
    this.hash = this.toeplitz.hash(bytes, source, source + size, size, ports);
  }

  /** The entry of the redirection table for the last frame classified; 0 where it got no type. */
  redirection(): number {
    if (this.type === RSS_TYPE.none) return 0;
    const entry = this.hash & 0x7f;
    return (this.values[RETA.index + (entry >>> 2)]! >>> ((entry & 3) * 8)) & 0xff;
  }
}
