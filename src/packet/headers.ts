/** Finds the headers of a frame: one pass, integers only, into an object that is used again for every frame. */
import { etherTypes, ipProtocols } from './protocols.ts';

/** IPv6 extension headers that are followed; a frame with more ends in `protocol` -1. */
const MOST_EXTENSIONS = 16;
const MAC_BYTES = 14;

export class PacketHeaders {
  /** EtherType that counts as a VLAN tag beside 0x8100 and 0x88a8 (the 82576's VET); 0x8100 where none was set. */
  vlanType: number;
  /** Bytes of the frame, without FCS. */
  frameLength: number;
  /** Tags found, 0 to 2; their contents (priority and id), outer first. */
  vlanCount: number;
  outerTag: number;
  innerTag: number;
  /** EtherType behind the tags; a value up to 1500 is an 802.3 length, -1 a frame too short to have one. */
  etherType: number;
  /** Bytes in front of the network header; offsets are all relative to the frame. */
  l3Offset: number;
  /** 4 or 6 where a whole, sensible IP header follows, else 0; the fields below hold only then. */
  ipVersion: number;
  /** IPv4 header with options, or IPv6 header with extension headers. */
  l3Length: number;
  /** IPv4 options or IPv6 extension headers are present. */
  l3Extended: boolean;
  /** Where the IP packet ends by its own length, at most at the frame's end. */
  l3End: number;
  /** The IP packet claims more bytes than the frame has. */
  truncated: boolean;
  /** IPv4 identification, 0 for IPv6. */
  identification: number;
  /** One of several fragments; with an offset beyond 0 no transport header follows. */
  fragment: boolean;
  /** In bytes. */
  fragmentOffset: number;
  /** Transport protocol, or -1 where there is none to be found. */
  protocol: number;
  /** IPv6: where the address lies that a routing header leads to next but one, or last; 0 where there is none. */
  finalDestinationOffset: number;
  /** IPv6: where the home address of a destination option lies; 0 where there is none. */
  homeAddressOffset: number;
  /** Transport header; its length is 0 where it is unknown, incomplete or in another fragment. */
  l4Offset: number;
  l4Length: number;
  sourcePort: number;
  destinationPort: number;
  /** TCP flags, FIN lowest, with the three reserved bits and NS above: 12 bits. */
  tcpFlags: number;
  /** Behind the last header found. */
  payloadOffset: number;

  constructor() {
    this.vlanType = etherTypes.vlan;
    this.frameLength = 0;
    this.vlanCount = 0;
    this.outerTag = 0;
    this.innerTag = 0;
    this.etherType = -1;
    this.l3Offset = 0;
    this.ipVersion = 0;
    this.l3Length = 0;
    this.l3Extended = false;
    this.l3End = 0;
    this.truncated = false;
    this.identification = 0;
    this.fragment = false;
    this.fragmentOffset = 0;
    this.protocol = -1;
    this.finalDestinationOffset = 0;
    this.homeAddressOffset = 0;
    this.l4Offset = 0;
    this.l4Length = 0;
    this.sourcePort = 0;
    this.destinationPort = 0;
    this.tcpFlags = 0;
    this.payloadOffset = 0;
  }

  /** Parses the frame at bytes[offset, offset + length); any content gives a defined result within the frame. */
  parse(bytes: Uint8Array, offset: number, length: number): void {
    this.#clear(length);
    if (length < MAC_BYTES) return;
    let at = offset + 12;
    const end = offset + length;
    let type = (bytes[at]! << 8) | bytes[at + 1]!;
    while (this.vlanCount < 2 && at + 6 <= end && this.#isVlan(type)) {
      const tag = (bytes[at + 2]! << 8) | bytes[at + 3]!;
      if (this.vlanCount === 0) this.outerTag = tag;
      else this.innerTag = tag;
      this.vlanCount += 1;
      at += 4;
      type = (bytes[at]! << 8) | bytes[at + 1]!;
    }
    this.etherType = type;
    this.l3Offset = at + 2 - offset;
    this.payloadOffset = this.l3Offset;
    if (type === etherTypes.ipv4) this.#parseIpv4(bytes, offset, length);
    else if (type === etherTypes.ipv6) this.#parseIpv6(bytes, offset, length);
    if (this.ipVersion !== 0) this.#parseTransport(bytes, offset);
  }

  #isVlan(type: number): boolean {
    return type === etherTypes.vlan || type === etherTypes.qinq || type === this.vlanType;
  }

  #clear(length: number): void {
    this.frameLength = length;
    this.vlanCount = 0;
    this.outerTag = 0;
    this.innerTag = 0;
    this.etherType = -1;
    this.l3Offset = length;
    this.ipVersion = 0;
    this.l3Length = 0;
    this.l3Extended = false;
    this.l3End = length;
    this.truncated = false;
    this.identification = 0;
    this.fragment = false;
    this.fragmentOffset = 0;
    this.protocol = -1;
    this.finalDestinationOffset = 0;
    this.homeAddressOffset = 0;
    this.l4Offset = length;
    this.l4Length = 0;
    this.sourcePort = 0;
    this.destinationPort = 0;
    this.tcpFlags = 0;
    this.payloadOffset = length;
  }

  #parseIpv4(bytes: Uint8Array, offset: number, length: number): void {
    const { l3Offset } = this;
    const at = offset + l3Offset;
    if (l3Offset + 20 > length || bytes[at]! >>> 4 !== 4) return;
    const headerLength = (bytes[at]! & 0xf) * 4;
    const totalLength = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    if (headerLength < 20 || l3Offset + headerLength > length || totalLength < headerLength) return;
    const fragmentWord = (bytes[at + 6]! << 8) | bytes[at + 7]!;
    this.ipVersion = 4;
    this.l3Length = headerLength;
    this.l3Extended = headerLength > 20;
    this.truncated = l3Offset + totalLength > length;
    this.l3End = Math.min(l3Offset + totalLength, length);
    this.identification = (bytes[at + 4]! << 8) | bytes[at + 5]!;
    this.fragment = (fragmentWord & 0x3fff) !== 0;
    this.fragmentOffset = (fragmentWord & 0x1fff) * 8;
    this.protocol = bytes[at + 9]!;
  }

  #parseIpv6(bytes: Uint8Array, offset: number, length: number): void {
    const { l3Offset } = this;
    const start = offset + l3Offset;
    if (l3Offset + 40 > length || bytes[start]! >>> 4 !== 6) return;
    const payloadLength = (bytes[start + 4]! << 8) | bytes[start + 5]!;
    this.ipVersion = 6;
    this.truncated = l3Offset + 40 + payloadLength > length;
    this.l3End = Math.min(l3Offset + 40 + payloadLength, length);
    let next = bytes[start + 6]!;
    let at = l3Offset + 40;
    let left = MOST_EXTENSIONS;
    while (isExtension(next)) {
      if (left === 0 || at + 8 > this.l3End) {
        next = -1;
        break;
      }
      left -= 1;
      const size = extensionLength(next, bytes[offset + at + 1]!);
      if (at + size > this.l3End) {
        next = -1;
        break;
      }
      if (next === ipProtocols.routing) this.#noteRouting(bytes, offset, at, size);
      else if (next === ipProtocols.destinationOptions) this.#noteHomeAddress(bytes, offset, at, size);
      else if (next === ipProtocols.fragment) {
        const word = (bytes[offset + at + 2]! << 8) | bytes[offset + at + 3]!;
        this.fragment = (word & 0xfff9) !== 0;
        this.fragmentOffset = word & 0xfff8;
      }
      next = bytes[offset + at]!;
      at += size;
      if (this.fragmentOffset !== 0) break;
    }
    this.l3Length = at - l3Offset;
    this.l3Extended = at > l3Offset + 40;
    this.protocol = next;
  }

  /** Types 0 and 2 carry addresses; while some are left, the last one is the destination that checksums cover (RFC 8200 §8.1). */
  #noteRouting(bytes: Uint8Array, offset: number, at: number, size: number): void {
    const type = bytes[offset + at + 2]!;
    const segmentsLeft = bytes[offset + at + 3]!;
    if ((type === 0 || type === 2) && segmentsLeft > 0 && size >= 24) this.finalDestinationOffset = at + size - 16;
  }

  /** RFC 6275 §6.3: option 201 holds 16 bytes. */
  #noteHomeAddress(bytes: Uint8Array, offset: number, start: number, size: number): void {
    const end = start + size;
    let at = start + 2;
    while (at + 2 <= end) {
      const type = bytes[offset + at]!;
      if (type === 0) {
        at += 1;
        continue;
      }
      const optionLength = bytes[offset + at + 1]!;
      if (type === 201 && optionLength === 16 && at + 18 <= end) {
        this.homeAddressOffset = at + 2;
        return;
      }
      at += 2 + optionLength;
    }
  }

  #parseTransport(bytes: Uint8Array, offset: number): void {
    this.l4Offset = this.l3Offset + this.l3Length;
    this.payloadOffset = this.l4Offset;
    if (this.fragmentOffset !== 0) return;
    const at = offset + this.l4Offset;
    const available = this.l3End - this.l4Offset;
    let headerLength = 0;
    switch (this.protocol) {
      case ipProtocols.tcp: {
        if (available < 20) return;
        headerLength = (bytes[at + 12]! >>> 4) * 4;
        if (headerLength < 20 || headerLength > available) return;
        this.tcpFlags = ((bytes[at + 12]! & 0xf) << 8) | bytes[at + 13]!;
        break;
      }
      case ipProtocols.udp: {
        headerLength = 8;
        break;
      }
      case ipProtocols.sctp: {
        headerLength = 12;
        break;
      }
      case ipProtocols.icmp:
      case ipProtocols.icmp6: {
        if (available >= 8) this.l4Length = 8;
        this.payloadOffset += this.l4Length;
        return;
      }
      default: {
        return;
      }
    }
    if (headerLength > available) return;
    this.l4Length = headerLength;
    this.payloadOffset += headerLength;
    this.sourcePort = (bytes[at]! << 8) | bytes[at + 1]!;
    this.destinationPort = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }
}

/** Headers that stand between an IPv6 header and its transport and can be stepped over. */
export function isExtension(nextHeader: number): boolean {
  return (
    nextHeader === ipProtocols.hopByHop ||
    nextHeader === ipProtocols.routing ||
    nextHeader === ipProtocols.fragment ||
    nextHeader === ipProtocols.destinationOptions ||
    nextHeader === ipProtocols.authentication
  );
}

/** Bytes of an extension header whose second byte is `field`. */
export function extensionLength(nextHeader: number, field: number): number {
  if (nextHeader === ipProtocols.fragment) return 8;
  return nextHeader === ipProtocols.authentication ? (field + 2) * 4 : (field + 1) * 8;
}
