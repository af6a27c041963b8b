/** Numbers that the protocols of a frame go by. */
export const etherTypes = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, qinq: 0x88a8, ipv6: 0x86dd, ptp: 0x88f7 } as const;

export const ipProtocols = {
  hopByHop: 0,
  icmp: 1,
  tcp: 6,
  udp: 17,
  routing: 43,
  fragment: 44,
  esp: 50,
  authentication: 51,
  icmp6: 58,
  none: 59,
  destinationOptions: 60,
  sctp: 132,
} as const;

export const tcpFlags = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 0x10, urg: 0x20, ece: 0x40, cwr: 0x80 } as const;
