/** Packet filters in tcpdump's words: a small part of them (docs/debugging.md). */
import { etherTypes, ipProtocols, PacketHeaders, parseMac } from '../packet/index.ts';
import { parseLogic, type Words } from './words.ts';

/** A frame whose headers are known. */
interface Frame {
  bytes: Uint8Array;
  offset: number;
  readonly headers: PacketHeaders;
}
type Test = (frame: Frame) => boolean;

const simple: Readonly<Record<string, Test>> = {
  ip: ({ headers }) => headers.etherType === etherTypes.ipv4,
  ip6: ({ headers }) => headers.etherType === etherTypes.ipv6,
  arp: ({ headers }) => headers.etherType === etherTypes.arp,
  icmp: protocolTest(1),
  icmp6: protocolTest(58),
  tcp: protocolTest(ipProtocols.tcp),
  udp: protocolTest(ipProtocols.udp),
  sctp: protocolTest(ipProtocols.sctp),
  multicast: ({ bytes, offset }) => (bytes[offset]! & 1) !== 0,
  broadcast: ({ bytes, offset }) => equal(bytes, offset, new Uint8Array(6).fill(0xff)),
};

export const filterWords: readonly string[] = [
  ...Object.keys(simple),
  ...['ether', 'src', 'dst', 'host', 'port', 'vlan', 'less', 'greater'],
];

function protocolTest(protocol: number): Test {
  return ({ headers }) => headers.protocol === protocol;
}

function equal(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  return wanted.every((byte, n) => bytes[at + n] === byte);
}

/** Bytes of an IPv4 or IPv6 address. */
function parseIp(text: string): Uint8Array | undefined {
  if (/^\d+(\.\d+){3}$/.test(text)) {
    const parts = text.split('.').map(Number);
    return parts.every((part) => part < 256) ? Uint8Array.from(parts) : undefined;
  }
  const halves = text.split('::');
  if (halves.length > 2 || !text.includes(':')) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return Uint8Array.from(
    groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]),
  );
}

type Side = 'src' | 'dst' | undefined;

/** Tests one end, or either. */
function ends(side: Side, test: (frame: Frame, source: boolean) => boolean): Test {
  if (side !== undefined) return (frame) => test(frame, side === 'src');
  return (frame) => test(frame, true) || test(frame, false);
}

function hostTest(side: Side, address: Uint8Array): Test {
  const version = address.length === 4 ? 4 : 6;
  return ends(side, ({ bytes, offset, headers }, source) => {
    if (headers.ipVersion !== version) return false;
    const at = version === 4 ? (source ? 12 : 16) : source ? 8 : 24;
    return equal(bytes, offset + headers.l3Offset + at, address);
  });
}

function numberOf(words: Words, highest: number): number {
  const text = words.peek();
  if (text === undefined || !/^\d{1,9}$/.test(text) || Number(text) > highest)
    throw words.wrong(`a number up to ${highest} is to stand instead of`);
  return Number(words.next());
}

function primitive(words: Words): Test {
  const word = words.peek() ?? '';
  if (Object.hasOwn(simple, word)) return simple[words.next()]!;
  if (words.take('less') !== undefined) {
    const length = numberOf(words, 65535);
    return ({ headers }) => headers.frameLength <= length;
  }
  if (words.take('greater') !== undefined) {
    const length = numberOf(words, 65535);
    return ({ headers }) => headers.frameLength >= length;
  }
  if (words.take('vlan') !== undefined) {
    if (!/^\d+$/.test(words.peek() ?? '')) return ({ headers }) => headers.vlanCount > 0;
    const id = numberOf(words, 4095);
    return ({ headers }) => headers.vlanCount > 0 && (headers.outerTag & 0xfff) === id;
  }
  const ether = words.take('ether') !== undefined;
  const side = words.take('src', 'dst') as Side;
  if (words.take('port') !== undefined) {
    const port = numberOf(words, 65535);
    return ends(side, ({ headers }, source) => {
      if (headers.l4Length === 0) return false;
      return (source ? headers.sourcePort : headers.destinationPort) === port;
    });
  }
  const named = words.take('host') !== undefined;
  if (!ether && !named && side === undefined)
    throw words.wrong(`one of ${filterWords.join(', ')} is to stand instead of`);
  const text = words.peek() ?? '';
  const mac = parseMac(text);
  const address = mac ?? parseIp(text);
  if (address === undefined) throw words.wrong('an address is to stand instead of');
  words.next();
  if (mac === undefined) return hostTest(side, address);
  return ends(side, ({ bytes, offset }, source) => equal(bytes, offset + (source ? 6 : 0), mac));
}

/** Reads a filter up to where it ends. */
export function parsePacketFilter(words: Words): (bytes: Uint8Array, offset: number, length: number) => boolean {
  const test = parseLogic<Frame>(words, () => primitive(words));
  const frame: Frame = { bytes: new Uint8Array(0), offset: 0, headers: new PacketHeaders() };
  return (bytes, offset, length) => {
    frame.bytes = bytes;
    frame.offset = offset;
    frame.headers.parse(bytes, offset, length);
    return test(frame);
  };
}
