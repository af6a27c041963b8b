/** Frames for tests, and a slow, plain reading of the rules that the fast code is held against. */

/** Bytes of a text of hexadecimal digits; white space does not count. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s+/g, '');
  return Uint8Array.from({ length: digits.length / 2 }, (_, n) => Number.parseInt(digits.slice(2 * n, 2 * n + 2), 16));
}

export function concatenate(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function words(...values: readonly number[]): number[] {
  return values.flatMap((value) => [(value >>> 8) & 0xff, value & 0xff]);
}

/** RFC 1071 word by word, with the carry brought round each time. */
export function naiveSum(bytes: Iterable<number>): number {
  const all = [...bytes];
  if (all.length % 2 === 1) all.push(0);
  let sum = 0;
  for (let n = 0; n < all.length; n += 2) {
    sum += all[n]! * 256 + all[n + 1]!;
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

export interface FrameOptions {
  readonly version?: 4 | 6;
  readonly protocol?: 'tcp' | 'udp' | 'sctp';
  readonly payload?: Uint8Array | readonly number[];
  /** Tags, outer first, all with EtherType 0x8100. */
  readonly tags?: readonly number[];
  readonly flags?: number;
  readonly sequence?: number;
  readonly identification?: number;
  readonly tcpOptions?: readonly number[];
  readonly ipOptions?: readonly number[];
}

const protocolNumbers = { tcp: 6, udp: 17, sctp: 132 } as const;
const addresses = {
  4: { source: [10, 0, 0, 1], destination: [10, 0, 0, 2] },
  6: {
    source: [...fromHex('fe80 0000 0000 0000 0000 00ff fe00 0001')],
    destination: [...fromHex('fe80 0000 0000 0000 0000 00ff fe00 0002')],
  },
} as const;

/** Fills in `checksum` (16 bits) at `at`. */
function stored(bytes: number[], at: number, checksum: number): number[] {
  return [...bytes.slice(0, at), ...words(checksum), ...bytes.slice(at + 2)];
}

function transportHeader(options: FrameOptions, payloadLength: number): number[] {
  const ports = words(5000, 80);
  const protocol = options.protocol ?? 'tcp';
  if (protocol === 'udp') return [...ports, ...words(8 + payloadLength, 0)];
  if (protocol === 'sctp') return [...ports, ...words(0x1234, 0x5678, 0, 0)];
  const tcpOptions = options.tcpOptions ?? [];
  const sequence = options.sequence ?? 1000;
  const offsetAndFlags = (((20 + tcpOptions.length) / 4) << 12) | (options.flags ?? 0x10);
  return [...ports, ...words(sequence >>> 16, sequence, 0, 77, offsetAndFlags, 512, 0, 0), ...tcpOptions];
}

/** A finished frame, all checksums right (but SCTP's, which is 0). */
export function buildFrame(options: FrameOptions = {}): Uint8Array {
  const version = options.version ?? 4;
  const protocol = protocolNumbers[options.protocol ?? 'tcp'];
  const payload = [...(options.payload ?? [])];
  const { source, destination } = addresses[version];
  const header = transportHeader(options, payload.length);
  const length = header.length + payload.length;
  const pseudo = [...source, ...destination, ...words(protocol, length)];
  const checksum = ~naiveSum([...pseudo, ...header, ...payload]) & 0xffff;
  let transport = header;
  if (protocol === 6) transport = stored(header, 16, checksum);
  else if (protocol === 17) transport = stored(header, 6, checksum === 0 ? 0xffff : checksum);
  const ipOptions = options.ipOptions ?? [];
  const first = [0x45 + ipOptions.length / 4, 0, ...words(20 + ipOptions.length + length, options.identification ?? 7)];
  let ip: number[] = [...first, 0x40, 0, 64, protocol, 0, 0, ...source, ...destination, ...ipOptions];
  if (version === 4) ip = stored(ip, 10, ~naiveSum(ip) & 0xffff);
  else ip = [0x60, 0, 0, 0, ...words(length), protocol, 64, ...source, ...destination];
  const tags = (options.tags ?? []).flatMap((tag) => words(0x8100, tag));
  const mac = fromHex('020000000002 020000000001');
  return concatenate(mac, tags, words(version === 4 ? 0x0800 : 0x86dd), ip, transport, payload);
}

/**
 * Whether lengths and checksums of an IPv4 or IPv6 frame with TCP or UDP are right, read naively. `l3` is where its IP
 * header begins; IPv6 must be without extension headers.
 */
export function isConsistent(frame: Uint8Array, l3 = 14): boolean {
  const ip = frame.subarray(l3);
  const four = ip[0]! >>> 4 === 4;
  const headerLength = four ? (ip[0]! & 0xf) * 4 : 40;
  const total = four ? ip[2]! * 256 + ip[3]! : 40 + ip[4]! * 256 + ip[5]!;
  if (total > ip.length || (four && naiveSum(ip.subarray(0, headerLength)) !== 0xffff)) return false;
  const protocol = four ? ip[9]! : ip[6]!;
  const transport = ip.subarray(headerLength, total);
  if (protocol === 17 && transport[4]! * 256 + transport[5]! !== transport.length) return false;
  const pseudo = concatenate(four ? ip.subarray(12, 20) : ip.subarray(8, 40), words(protocol, transport.length));
  return naiveSum(concatenate(pseudo, transport)) === 0xffff;
}
