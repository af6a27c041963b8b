/** Frames for cases, without FCS, built plainly: none of the device's own code is used. */

export const BROADCAST = 'ff:ff:ff:ff:ff:ff';
export const MULTICAST = '01:00:5e:00:00:05';
/** Nobody here has it. */
export const STRANGER = '02:99:00:00:00:01';
/** The NIC's own, from its NVM. */
export const STATION = '52:54:00:12:34:56';

/** The address that `Station.openPools` gives a pool. */
export function poolAddress(pool: number): string {
  return `02:00:00:00:00:1${pool}`;
}

export function bytesOf(address: string): number[] {
  return address.split(':').map((part) => Number.parseInt(part, 16));
}

/** An address as RAL and the low half of RAH. */
export function wordsOf(address: string): readonly [low: number, high: number] {
  const [a, b, c, d, e, f] = bytesOf(address) as [number, number, number, number, number, number];
  return [(a | (b << 8) | (c << 16) | (d << 24)) >>> 0, e | (f << 8)];
}

/** 16-bit words, most significant byte first. */
export function be16(...values: readonly number[]): number[] {
  return values.flatMap((value) => [(value >>> 8) & 0xff, value & 0xff]);
}

export interface EthernetOptions {
  readonly from?: string;
  /** Tags, outer first, with their EtherType 0x8100. */
  readonly tags?: readonly number[];
  readonly type?: number;
  readonly payload?: ArrayLike<number>;
  /** Of the whole frame, filled up with its numbered bytes; 60 where not given. Shorter than its content has no effect. */
  readonly length?: number;
}

export function ethernet(to: string, options: EthernetOptions = {}): Uint8Array {
  const tags = (options.tags ?? []).flatMap((tag) => be16(0x8100, tag));
  const head = [...bytesOf(to), ...bytesOf(options.from ?? STRANGER), ...tags, ...be16(options.type ?? 0x88b5)];
  const content = [...head, ...Array.from(options.payload ?? [])];
  const length = Math.max(options.length ?? 60, content.length);
  return Uint8Array.from({ length }, (_, n) => content[n] ?? n & 0xff);
}

/** Internet checksum of bytes in network order, with all their carries folded. */
export function internetChecksum(bytes: readonly number[]): number {
  let sum = 0;
  for (let n = 0; n < bytes.length; n += 2) sum += bytes[n]! * 256 + (bytes[n + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return ~sum & 0xffff;
}

/** CRC32c bit by bit, as SCTP stores it: least significant byte first. */
export function crc32c(bytes: readonly number[]): number[] {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x82f6_3b78;
  }
  crc = ~crc >>> 0;
  return [crc & 0xff, (crc >>> 8) & 0xff, (crc >>> 16) & 0xff, crc >>> 24];
}

/** CRC32 of Ethernet, as it is on the wire. */
export function fcsOf(bytes: Uint8Array): number[] {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0xedb8_8320;
  }
  crc = ~crc >>> 0;
  return [crc & 0xff, (crc >>> 8) & 0xff, (crc >>> 16) & 0xff, crc >>> 24];
}

export type Protocol = 'tcp' | 'udp' | 'sctp' | 'icmp';
const NUMBERS = { icmp: 1, tcp: 6, udp: 17, sctp: 132 } as const;

export interface PacketOptions extends Pick<EthernetOptions, 'from' | 'tags'> {
  readonly to?: string;
  readonly version?: 4 | 6;
  readonly protocol?: Protocol;
  /** IPv4 as 4 numbers, IPv6 as 8. */
  readonly source?: readonly number[];
  readonly destination?: readonly number[];
  readonly ports?: readonly [number, number];
  readonly payload?: readonly number[];
  readonly flags?: number;
  readonly identification?: number;
  /** IPv4 flags and fragment offset. */
  readonly fragment?: number;
  /** Whole multiple of four bytes. */
  readonly ipOptions?: readonly number[];
  /** Added to checksums: 0 leaves them right. */
  readonly spoil?: 'ip' | 'l4';
  /** UDP without a checksum. */
  readonly noChecksum?: boolean;
}

const V4 = { source: [10, 0, 0, 1], destination: [10, 0, 0, 2] } as const;
const V6 = {
  source: [0xfe80, 0, 0, 0, 0, 0xff, 0xfe00, 1],
  destination: [0xfe80, 0, 0, 0, 0, 0xff, 0xfe00, 2],
} as const;

/** A TCP, UDP, SCTP or ICMP packet whose checksums are right, unless they are to be spoilt. */
export function packet(options: PacketOptions = {}): Uint8Array {
  const { version = 4, protocol = 'tcp', payload = [], ipOptions = [] } = options;
  const sides = version === 4 ? V4 : V6;
  const spread = (parts: readonly number[]): number[] => (version === 4 ? [...parts] : be16(...parts));
  const source = spread(options.source ?? sides.source);
  const destination = spread(options.destination ?? sides.destination);
  const l4 = transport(options, protocol, payload, [...source, ...destination]);
  const number = NUMBERS[protocol];
  const ip4 = [
    ...[0x45 + ipOptions.length / 4, 0, ...be16(20 + ipOptions.length + l4.length, options.identification ?? 7)],
    ...[...be16(options.fragment ?? 0x4000), 64, number, 0, 0, ...source, ...destination, ...ipOptions],
  ];
  const sum = internetChecksum(ip4);
  ip4.splice(10, 2, ...be16(options.spoil === 'ip' ? sum ^ 1 : sum));
  const ip6 = [0x60, 0, 0, 0, ...be16(l4.length), number, 64, ...source, ...destination];
  return ethernet(options.to ?? STATION, {
    ...(options.from === undefined ? {} : { from: options.from }),
    ...(options.tags === undefined ? {} : { tags: options.tags }),
    type: version === 4 ? 0x0800 : 0x86dd,
    payload: [...(version === 4 ? ip4 : ip6), ...l4],
    length: 0,
  });
}

function transport(
  options: PacketOptions,
  protocol: Protocol,
  payload: readonly number[],
  addresses: readonly number[],
): number[] {
  const [sourcePort, destinationPort] = options.ports ?? [5000, 80];
  const spoil = options.spoil === 'l4' ? 1 : 0;
  if (protocol === 'sctp') {
    const body = [...be16(sourcePort, destinationPort, 0x1234, 0x5678, 0, 0), ...payload];
    const crc = crc32c(body);
    body.splice(8, 4, crc[0]! ^ spoil, ...crc.slice(1));
    return body;
  }
  if (protocol === 'icmp') {
    const body = [8, 0, 0, 0, ...be16(1, 1), ...payload];
    body.splice(2, 2, ...be16(internetChecksum(body)));
    return body;
  }
  const udp = protocol === 'udp';
  const length = (udp ? 8 : 20) + payload.length;
  const flags = 0x5000 | (options.flags ?? 0x10);
  const rest = udp ? be16(length, 0) : be16(0, 1000, 0, 77, flags, 512, 0, 0);
  const body = [...be16(sourcePort, destinationPort), ...rest, ...payload];
  if (udp && options.noChecksum === true) return body;
  const pseudo = [...addresses, ...be16(NUMBERS[protocol], length)];
  const sum = internetChecksum([...pseudo, ...body]);
  body.splice(udp ? 6 : 16, 2, ...be16((udp && sum === 0 ? 0xffff : sum) ^ spoil));
  return body;
}

/** Whether an IPv4 or IPv6 packet's lengths and checksums (TCP, UDP) are right. `l3` is where its IP header begins. */
export function isSound(frame: Uint8Array, l3 = 14): boolean {
  const ip = [...frame.subarray(l3)];
  const four = ip[0]! >>> 4 === 4;
  const header = four ? (ip[0]! & 0xf) * 4 : 40;
  const total = four ? ip[2]! * 256 + ip[3]! : 40 + ip[4]! * 256 + ip[5]!;
  if (total > ip.length || (four && internetChecksum(ip.slice(0, header)) !== 0)) return false;
  const protocol = four ? ip[9]! : ip[6]!;
  const body = ip.slice(header, total);
  if (protocol === NUMBERS.udp && body[4]! * 256 + body[5]! !== body.length) return false;
  const addresses = four ? ip.slice(12, 20) : ip.slice(8, 40);
  return internetChecksum([...addresses, ...be16(protocol, body.length), ...body]) === 0;
}

/** The packet as a stack hands it over: IPv4 checksum 0, L4 checksum field with the pseudo header's sum. */
export function unfinished(options: PacketOptions, { withLength = true } = {}): Uint8Array {
  const bytes = packet(options);
  const l3 = 14 + 4 * (options.tags?.length ?? 0);
  const four = options.version !== 6;
  const header = four ? (bytes[l3]! & 0xf) * 4 : 40;
  const l4 = l3 + header;
  if (four) bytes.set([0, 0], l3 + 10);
  const protocol = four ? bytes[l3 + 9]! : bytes[l3 + 6]!;
  const addresses = four ? bytes.subarray(l3 + 12, l3 + 20) : bytes.subarray(l3 + 8, l3 + 40);
  const length = withLength ? bytes.length - l4 : 0;
  const sum = ~internetChecksum([...addresses, ...be16(protocol, length)]) & 0xffff;
  if (protocol === 6) bytes.set(be16(sum), l4 + 16);
  else if (protocol === 17) bytes.set(be16(sum), l4 + 6);
  else bytes.set([0, 0, 0, 0], l4 + 8);
  return bytes;
}

/** Bytes that count up. */
export const numbers = (length: number): number[] => Array.from({ length }, (_, n) => n & 0xff);

/** In the order of the network. */
export const read16 = (bytes: Uint8Array, at: number): number => bytes[at]! * 256 + bytes[at + 1]!;
export const read32 = (bytes: Uint8Array, at: number): number => read16(bytes, at) * 0x1_0000 + read16(bytes, at + 2);
