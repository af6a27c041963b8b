/** Frames that the external host sends to a DPDK program, and a judge of the checksums of those that come back. */
import { crc32c, internetChecksum, internetSum, parseMac, scalarSum } from '../../../packet/index.ts';

export type Transport = 'tcp' | 'udp' | 'sctp';

export interface Tag {
  readonly protocol: number;
  readonly tci: number;
}

export interface FrameDescription {
  readonly destination: string;
  readonly source?: string;
  /** Outer first. */
  readonly tags?: readonly Tag[];
  /** An EtherType instead of a packet of IP. */
  readonly etherType?: number;
  readonly version?: 4 | 6;
  readonly transport?: Transport;
  /** Last numbers of the addresses. */
  readonly from?: number;
  readonly to?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly tcpFlags?: number;
  readonly payload?: Uint8Array;
  /** A checksum that is to be wrong. */
  readonly wrong?: 'ip' | 'transport';
}

const protocolNumbers: Readonly<Record<Transport, number>> = { tcp: 6, udp: 17, sctp: 132 };
const checksumPlaces: Readonly<Record<Transport, number>> = { tcp: 16, udp: 6, sctp: 8 };
const ack = 0x10;
export const hostMac = '02:82:57:60:00:01';
/** Bytes that every frame carries, so that those of others are not counted. */
export const marker = Buffer.from('outboard');

/** A payload that begins with the marker and is different for each number. */
export function payload(length: number, number = 0): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 7 + (at >>> 8) + number * 13) & 0xff;
  marker.copy(bytes);
  return bytes;
}

function address(version: 4 | 6, last: number): Buffer {
  return version === 4
    ? Buffer.from([10, 82, 57, last])
    : Buffer.from([0xfd, 0x82, 0x57, 0x60, ...Array.from({ length: 11 }, () => 0), last]);
}

function transportHeader(transport: Transport, frame: FrameDescription, length: number): Buffer {
  const header = Buffer.alloc({ tcp: 20, udp: 8, sctp: 12 }[transport]);
  header.writeUInt16BE(frame.sourcePort ?? 5000, 0);
  header.writeUInt16BE(frame.destinationPort ?? 6000, 2);
  if (transport === 'tcp') header.writeUInt32BE(0x50_00_02_00 | ((frame.tcpFlags ?? ack) << 16), 12);
  if (transport === 'udp') header.writeUInt16BE(8 + length, 4);
  return header;
}

function pseudoSum(from: Uint8Array, to: Uint8Array, protocol: number, length: number): number {
  return scalarSum(from, 0, from.length, scalarSum(to, 0, to.length, protocol + length));
}

function ipHeader(version: 4 | 6, protocol: number, length: number, from: Buffer, to: Buffer): Buffer {
  if (version === 6) {
    const header = Buffer.alloc(8);
    header[0] = 0x60;
    header.writeUInt16BE(length, 4);
    header.set([protocol, 64], 6);
    return Buffer.concat([header, from, to]);
  }
  const header = Buffer.alloc(12);
  header[0] = 0x45;
  header.writeUInt16BE(20 + length, 2);
  header.writeUInt16BE(0x4000, 6);
  header.set([64, protocol], 8);
  const whole = Buffer.concat([header, from, to]);
  whole.writeUInt16BE(internetChecksum(whole, 0, whole.length), 10);
  return whole;
}

/** The bytes of a frame, without FCS. */
export function build(frame: FrameDescription): Buffer {
  const content = frame.payload ?? payload(64);
  const ethernet = Buffer.concat([
    parseMac(frame.destination)!,
    parseMac(frame.source ?? hostMac)!,
    ...(frame.tags ?? []).map(({ protocol, tci }) =>
      Buffer.from([protocol >>> 8, protocol & 0xff, tci >>> 8, tci & 0xff]),
    ),
  ]);
  if (frame.etherType !== undefined) {
    const type = Buffer.from([frame.etherType >>> 8, frame.etherType & 0xff]);
    return Buffer.concat([ethernet, type, content]);
  }
  const version = frame.version ?? 4;
  const transport = frame.transport ?? 'udp';
  const protocol = protocolNumbers[transport];
  const [from, to] = [address(version, frame.from ?? 1), address(version, frame.to ?? 2)];
  const packet = Buffer.concat([transportHeader(transport, frame, content.length), content]);
  if (transport === 'sctp') packet.writeUInt32LE(crc32c(packet, 0, packet.length), checksumPlaces.sctp);
  else {
    const pseudo = pseudoSum(from, to, protocol, packet.length);
    packet.writeUInt16BE(internetChecksum(packet, 0, packet.length, pseudo), checksumPlaces[transport]);
  }
  const header = ipHeader(version, protocol, packet.length, from, to);
  if (frame.wrong === 'ip') header[10] = header[10]! ^ 0x55;
  if (frame.wrong === 'transport') packet[checksumPlaces[transport]] = packet[checksumPlaces[transport]]! ^ 0x55;
  return Buffer.concat([ethernet, Buffer.from(version === 4 ? [8, 0] : [0x86, 0xdd]), header, packet]);
}

/** What is in a frame of IP, with a judgement of its checksums. */
export interface Parsed {
  readonly destination: string;
  readonly source: string;
  readonly tags: readonly Tag[];
  readonly etherType: number;
  /** Undefined where the frame is not of IP with TCP, UDP or SCTP. */
  readonly ip?: {
    readonly from: string;
    readonly to: string;
    readonly identification: number;
    readonly headerRight: boolean;
    readonly transport: Transport;
    readonly transportRight: boolean;
    readonly sourcePort: number;
    readonly destinationPort: number;
    /** From the transport's header on, without padding. */
    readonly segment: Buffer;
  };
}

const mac = (bytes: Buffer): string => bytes.toString('hex').replace(/..(?=.)/g, '$&:');

function transportRight(transport: Transport, segment: Buffer, sum: number): boolean {
  if (transport !== 'sctp') return internetSum(segment, 0, segment.length, sum) === 0xffff;
  const copy = Buffer.from(segment);
  copy.writeUInt32LE(0, checksumPlaces.sctp);
  return crc32c(copy, 0, copy.length) === segment.readUInt32LE(checksumPlaces.sctp);
}

/** Reads a frame; of IPv6 only what has no extension headers. */
export function parse(frame: Buffer): Parsed {
  const tags: Tag[] = [];
  let at = 12;
  for (; [0x8100, 0x88a8].includes(frame.readUInt16BE(at)); at += 4)
    tags.push({ protocol: frame.readUInt16BE(at), tci: frame.readUInt16BE(at + 2) });
  const etherType = frame.readUInt16BE(at);
  const base = { destination: mac(frame.subarray(0, 6)), source: mac(frame.subarray(6, 12)), tags, etherType };
  const l3 = frame.subarray(at + 2);
  const four = etherType === 0x0800;
  if (!four && etherType !== 0x86dd) return base;
  const headerLength = four ? (l3[0]! & 15) * 4 : 40;
  const protocol = l3[four ? 9 : 6]!;
  const transport = (Object.keys(protocolNumbers) as Transport[]).find((name) => protocolNumbers[name] === protocol);
  if (transport === undefined) return base;
  const end = four ? l3.readUInt16BE(2) : 40 + l3.readUInt16BE(4);
  const segment = l3.subarray(headerLength, end);
  const [from, to] = four ? [l3.subarray(12, 16), l3.subarray(16, 20)] : [l3.subarray(8, 24), l3.subarray(24, 40)];
  return {
    ...base,
    ip: {
      from: from.toString('hex'),
      to: to.toString('hex'),
      identification: four ? l3.readUInt16BE(4) : 0,
      headerRight: !four || internetSum(l3, 0, headerLength) === 0xffff,
      transport,
      transportRight: transportRight(transport, segment, pseudoSum(from, to, protocol, segment.length)),
      sourcePort: segment.readUInt16BE(0),
      destinationPort: segment.readUInt16BE(2),
      segment,
    },
  };
}
