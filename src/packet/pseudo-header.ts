/** The part of a transport checksum that comes from the IP header. */
import { extensionLength, isExtension } from './headers.ts';
import { ipProtocols } from './protocols.ts';
import { scalarSum } from './checksum.ts';

/**
 * Sum of both addresses and of `protocol`, not folded, without the length. `l3` is the absolute offset of the IP header and
 * `l3Length` the bytes up to the transport header. -1 where the header does not lead to `protocol` at exactly that place:
 * in a tunnel the addresses that count are not these.
 */
export function pseudoHeaderSum(bytes: Uint8Array, l3: number, l3Length: number, protocol: number): number {
  const version = l3Length < 20 ? 0 : bytes[l3]! >>> 4;
  if (version === 4) {
    if ((bytes[l3]! & 0xf) * 4 !== l3Length || bytes[l3 + 9]! !== protocol) return -1;
    return scalarSum(bytes, l3 + 12, 8, protocol);
  }
  if (version !== 6 || l3Length < 40) return -1;
  let destination = l3 + 24;
  let next = bytes[l3 + 6]!;
  let at = l3 + 40;
  const end = l3 + l3Length;
  while (at < end) {
    if (!isExtension(next) || at + 8 > end) return -1;
    const size = extensionLength(next, bytes[at + 1]!);
    if (at + size > end) return -1;
    const type = bytes[at + 2]!;
    if (next === ipProtocols.routing && (type === 0 || type === 2) && bytes[at + 3]! > 0 && size >= 24) {
      destination = at + size - 16;
    }
    next = bytes[at]!;
    at += size;
  }
  if (next !== protocol) return -1;
  return scalarSum(bytes, destination, 16, scalarSum(bytes, l3 + 8, 16, protocol));
}
