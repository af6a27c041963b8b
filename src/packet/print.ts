/** One line about a frame, much as tcpdump has it, for traces and test failures. Not for hot paths. */
import { formatIpv4, formatIpv6, formatMac } from './address.ts';
import { PacketHeaders } from './headers.ts';
import { etherTypes, ipProtocols } from './protocols.ts';

/** From the lowest bit. */
const flagLetters = ['F', 'S', 'R', 'P', '.', 'U', 'E', 'W'];

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function long(bytes: Uint8Array, at: number): number {
  return word(bytes, at) * 65536 + word(bytes, at + 2);
}

function transport(bytes: Uint8Array, offset: number, headers: PacketHeaders): string {
  const at = offset + headers.l4Offset;
  const payload = headers.l3End - headers.payloadOffset;
  switch (headers.l4Length === 0 ? -1 : headers.protocol) {
    case ipProtocols.tcp: {
      const letters = flagLetters.filter((_, bit) => (headers.tcpFlags & (1 << bit)) !== 0).join('');
      const ack = (headers.tcpFlags & 0x10) === 0 ? '' : ` ack ${long(bytes, at + 8)}`;
      return `TCP [${letters}] seq ${long(bytes, at + 4)}${ack} win ${word(bytes, at + 14)} length ${payload}`;
    }
    case ipProtocols.udp: {
      return `UDP length ${payload}`;
    }
    case ipProtocols.sctp: {
      return `SCTP length ${payload}`;
    }
    case ipProtocols.icmp:
    case ipProtocols.icmp6: {
      const name = headers.protocol === ipProtocols.icmp ? 'ICMP' : 'ICMPv6';
      return `${name} type ${bytes[at]} code ${bytes[at + 1]} id ${word(bytes, at + 4)} seq ${word(bytes, at + 6)} length ${payload}`;
    }
    default: {
      return `protocol ${headers.protocol} length ${payload}`;
    }
  }
}

function internet(bytes: Uint8Array, offset: number, headers: PacketHeaders): string {
  const at = offset + headers.l3Offset;
  const four = headers.ipVersion === 4;
  const source = four ? formatIpv4(bytes, at + 12) : formatIpv6(bytes, at + 8);
  const destination = four ? formatIpv4(bytes, at + 16) : formatIpv6(bytes, at + 24);
  const ports = headers.sourcePort !== 0 || headers.destinationPort !== 0;
  const from = ports ? `${source}.${headers.sourcePort}` : source;
  const to = ports ? `${destination}.${headers.destinationPort}` : destination;
  const fragment = headers.fragment ? ` frag ${headers.fragmentOffset}` : '';
  const cut = headers.truncated ? ' (truncated)' : '';
  return `${four ? 'IP' : 'IP6'} ${from} > ${to}:${fragment} ${transport(bytes, offset, headers)}${cut}`;
}

function arp(bytes: Uint8Array, at: number): string {
  const sender = formatIpv4(bytes, at + 14);
  const target = formatIpv4(bytes, at + 24);
  if (word(bytes, at + 6) === 1) return `ARP who-has ${target} tell ${sender}`;
  return `ARP ${sender} is-at ${formatMac(bytes, at + 8)}`;
}

/** The line for the frame at bytes[offset, offset + length); any content gives one. */
export function printPacket(bytes: Uint8Array, offset: number, length: number): string {
  if (length < 14) return `[${length} bytes: no Ethernet header]`;
  const headers = new PacketHeaders();
  headers.parse(bytes, offset, length);
  const parts = [`${formatMac(bytes, offset + 6)} > ${formatMac(bytes, offset)}`];
  if (headers.vlanCount > 0) parts.push(`vlan ${headers.outerTag & 0xfff}`);
  if (headers.vlanCount > 1) parts.push(`vlan ${headers.innerTag & 0xfff}`);
  if (headers.ipVersion !== 0) parts.push(internet(bytes, offset, headers));
  else if (headers.etherType === etherTypes.arp && headers.l3Offset + 28 <= length) {
    parts.push(arp(bytes, offset + headers.l3Offset));
  } else parts.push(`ethertype 0x${headers.etherType.toString(16).padStart(4, '0')} length ${length}`);
  return parts.join(', ');
}
