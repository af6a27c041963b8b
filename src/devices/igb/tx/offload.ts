/**
 * What the device does to a gathered frame before it leaves: checksums, the look of a frame whose segmentation is left
 * to the wire (§5.4). All work in the packet arena; `frame` is the absolute offset of a frame's first byte.
 */
import {
  arena,
  crc32c,
  foldSum,
  internetChecksum,
  internetSum,
  ipProtocols,
  ipv4HeaderLength,
  pseudoHeaderSum,
} from '../../../packet/index.ts';

const { bytes } = arena;

function get16(at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function put16(at: number, value: number): void {
  bytes[at] = (value >>> 8) & 0xff;
  bytes[at + 1] = value & 0xff;
}

/** Bytes from the transport header to the checksum field. */
export function checksumOffsetOf(protocol: number): number {
  return protocol === ipProtocols.tcp ? 16 : 6;
}

/** IXSM: stores the header checksum of the IPv4 header at `l3`; false where none lies within the `available` bytes. */
export function fillIpv4Checksum(l3: number, ipLength: number, available: number): boolean {
  if (available < 20 || ipLength < 20 || ipLength > available || bytes[l3]! >>> 4 !== 4) return false;
  put16(l3 + 10, 0);
  put16(l3 + 10, internetChecksum(bytes, l3, ipv4HeaderLength(bytes, l3, ipLength)));
  return true;
}

/**
 * Bytes of the transport packet at `l4`, by the IP header's own length where that is plausible, so that padding behind it
 * does not count; otherwise all that the frame has.
 */
export function transportLength(l3: number, l4: number, end: number): number {
  const four = bytes[l3]! >>> 4 === 4;
  const ipEnd = four ? l3 + get16(l3 + 2) : l3 + 40 + get16(l3 + 4);
  return ipEnd > l4 && ipEnd < end ? ipEnd - l4 : end - l4;
}

/**
 * The pseudo-header's sum for the transport packet of `length` bytes at `l4`: from the IP header where that leads there,
 * otherwise (a tunnel, say) as the driver placed it in the checksum field, length included.
 */
function seedOf(l3: number, l4: number, protocol: number, length: number): number {
  const sum = pseudoHeaderSum(bytes, l3, l4 - l3, protocol);
  return sum < 0 ? get16(l4 + checksumOffsetOf(protocol)) : foldSum(sum + length);
}

/** TXSM for TCP and UDP, all of it: the sum over `length` bytes at `l4`. A UDP checksum of 0 would mean none. */
export function fillTransportChecksum(l3: number, l4: number, protocol: number, length: number): void {
  const field = l4 + checksumOffsetOf(protocol);
  const seed = seedOf(l3, l4, protocol, length);
  put16(field, 0);
  const checksum = ~internetSum(bytes, l4, length, seed) & 0xffff;
  put16(field, checksum === 0 && protocol === ipProtocols.udp ? 0xffff : checksum);
}

/**
 * Whether a checksum made for a transport packet of `protocol` at `l4` is the one that a receiver looks for, going by the IP
 * header at `l3`: not where the driver's lengths say something else, nor of a fragment or behind extension headers.
 */
export function checksumsCover(l3: number, l4: number, protocol: number): boolean {
  if (bytes[l3]! >>> 4 === 4) {
    const whole = ((bytes[l3 + 6]! & 0x3f) | bytes[l3 + 7]!) === 0;
    return whole && bytes[l3 + 9] === protocol && (bytes[l3]! & 0xf) * 4 === l4 - l3;
  }
  return bytes[l3]! >>> 4 === 6 && bytes[l3 + 6] === protocol && l4 - l3 === 40;
}

/** TXSM left to the wire: only the pseudo-header's sum, as virtio_net_hdr has it. */
export function placeSeed(l3: number, l4: number, protocol: number, length: number): void {
  put16(l4 + checksumOffsetOf(protocol), seedOf(l3, l4, protocol, length));
}

/** TXSM for SCTP: CRC32c over `length` bytes at `l4`, stored least significant byte first. */
export function fillSctpChecksum(l4: number, length: number): void {
  bytes.fill(0, l4 + 8, l4 + 12);
  const crc = crc32c(bytes, l4, length);
  put16(l4 + 8, ((crc & 0xff) << 8) | ((crc >>> 8) & 0xff));
  put16(l4 + 10, (((crc >>> 16) & 0xff) << 8) | (crc >>> 24));
}

/** A legacy descriptor's checksum (§3.2): the sum from `start` to the end, what stands at `field` included, goes to `field`. */
export function fillLegacyChecksum(frame: number, length: number, start: number, field: number): boolean {
  if (start >= length || field + 2 > length) return false;
  put16(frame + field, internetChecksum(bytes, frame + start, length - start));
  return true;
}

/**
 * Segmentation left to the wire: the headers become those of one large packet of TCP or UDP, whose drivers leave the lengths
 * as they like. `end` is the frame's end. False where no such packet can be described; nothing is changed then.
 */
export function describeLargePacket(l3: number, l4: number, end: number, protocol: number): boolean {
  const pseudo = pseudoHeaderSum(bytes, l3, l4 - l3, protocol);
  if (pseudo < 0) return false;
  const four = bytes[l3]! >>> 4 === 4;
  const length = four ? end - l3 : end - l3 - 40;
  if (length > 0xffff) return false;
  put16(four ? l3 + 2 : l3 + 4, length);
  if (four) fillIpv4Checksum(l3, l4 - l3, end - l3);
  if (protocol === ipProtocols.udp) put16(l4 + 4, end - l4);
  put16(l4 + checksumOffsetOf(protocol), foldSum(pseudo + end - l4));
  return true;
}
