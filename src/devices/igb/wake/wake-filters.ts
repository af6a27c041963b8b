/** Which wake-up filters (WUFC) a frame passes (reference §8.6, §2.12); the address filters have let it through. */
import { etherTypes } from '../../../packet/protocols.ts';
import { matchesFlexibleFilter } from './flexible-filter.ts';
import { exactEntries } from '../rx/exact.ts';
import { BROADCAST, MULTICAST, UNICAST } from '../rx/filter.ts';
import type { ReceivedFrame } from '../rx/frame.ts';
import { pf } from '../tables/index.ts';

const { IP4AT, IP6AT, IPAV, RAH, RAL, WUFC } = pf;

const ARP_REQUEST = 1;
const MAGIC_ADDRESSES = 16;
const FLEXIBLE_FILTERS = 4;

/** Bits of WUS for a frame whose headers are known, those that WUFC enables. */
export function wakeEvents(values: Uint32Array, frame: ReceivedFrame): number {
  const wanted = values[WUFC.index]!;
  let events = 0;
  if ((wanted & WUFC.MAG.mask) !== 0 && isMagic(values, frame)) events |= WUFC.MAG.mask;
  if (frame.kind === MULTICAST) events |= WUFC.MC.mask;
  else if (frame.kind === BROADCAST) events |= WUFC.BC.mask;
  else if (exactEntries(values, frame.low, frame.high, false) !== 0) events |= WUFC.EX.mask;
  if (asksForUs(values, frame)) events |= WUFC.ARP.mask;
  if (isForOurIpv4(values, frame)) events |= WUFC.IPV4.mask;
  if (isForOurIpv6(values, frame)) events |= WUFC.IPV6.mask;
  for (let filter = 0; filter < FLEXIBLE_FILTERS; filter += 1) {
    const bit = WUFC.FLX0.mask << filter;
    if ((wanted & bit) === 0) continue;
    if (matchesFlexibleFilter(values, filter, frame.bytes, frame.start, frame.length)) events |= bit;
  }
  return events & wanted;
}

/** Six bytes of ones and then sixteen times our address, anywhere in the frame. */
export function isMagic(values: Uint32Array, { bytes, start, length }: ReceivedFrame): boolean {
  const end = start + length;
  let ones = 0;
  for (let at = start; at < end; at += 1) {
    ones = bytes[at] === 0xff ? ones + 1 : 0;
    if (ones >= 6 && repeatsAddress(values, bytes, at + 1, end)) return true;
  }
  return false;
}

function repeatsAddress(values: Uint32Array, bytes: Uint8Array, from: number, end: number): boolean {
  if (from + 6 * MAGIC_ADDRESSES > end) return false;
  const low = values[RAL.index]!;
  const high = values[RAH.index]!;
  for (let n = 0; n < 6 * MAGIC_ADDRESSES; n += 1) {
    const byte = n % 6;
    if (bytes[from + n] !== ((byte < 4 ? low >>> (8 * byte) : high >>> (8 * (byte - 4))) & 0xff)) return false;
  }
  return true;
}

/** Four bytes as an address register has them, the first lowest. */
const addressAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;

function isOurIpv4(values: Uint32Array, address: number): boolean {
  for (let n = 0; n < IP4AT.count; n += 1) {
    if ((values[IPAV.index]! & (IPAV.V40.mask << n)) === 0) continue;
    if (values[IP4AT.index + n * IP4AT.step] === address) return true;
  }
  return false;
}

/** An ARP request, broadcast or to us, for an address of ours. */
function asksForUs(values: Uint32Array, frame: ReceivedFrame): boolean {
  const { headers, bytes, start, length } = frame;
  const at = start + headers.l3Offset;
  if (headers.etherType !== etherTypes.arp || headers.l3Offset + 28 > length || frame.kind === MULTICAST) return false;
  if (((bytes[at + 6]! << 8) | bytes[at + 7]!) !== ARP_REQUEST) return false;
  return isOurIpv4(values, addressAt(bytes, at + 24));
}

function isForOurIpv4(values: Uint32Array, { headers, bytes, start, kind }: ReceivedFrame): boolean {
  if (headers.ipVersion !== 4 || kind !== UNICAST) return false;
  return isOurIpv4(values, addressAt(bytes, start + headers.l3Offset + 16));
}

function isForOurIpv6(values: Uint32Array, { headers, bytes, start, kind }: ReceivedFrame): boolean {
  if (headers.ipVersion !== 6 || kind !== UNICAST || (values[IPAV.index]! & IPAV.V60.mask) === 0) return false;
  for (let n = 0; n < 4; n += 1) {
    const at = start + headers.l3Offset + 24 + 4 * n;
    if (values[IP6AT.index + n] !== addressAt(bytes, at)) return false;
  }
  return true;
}
