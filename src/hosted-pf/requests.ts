/**
 * What a VF's driver may ask for, with igb's answers (reference §7.7). A message is whatever a hostile guest wrote: each is
 * bounded work and ends in `accepted` or `refused`.
 */
import {
  INFO_MASK,
  INFO_SHIFT,
  LONGEST_FRAME,
  MacFilter,
  Message,
  MULTICAST_HASHES,
  Promiscuous,
  TYPE_MASK,
} from '../driver/index.ts';
import type { PoolProgram } from './pool-program.ts';
import { portTag, type VfRecord } from './vf-record.ts';

/** Shortest longest frame that makes sense: that of Ethernet, FCS included. */
const SHORTEST_FRAME = 64;
const VLAN_MASK = 0xfff;

/** Does what a VF asks; false where it may not have it. RESET is not among these. */
export function obeyRequest(record: VfRecord, message: Uint32Array, program: PoolProgram): boolean {
  const info = (message[0]! >>> INFO_SHIFT) & INFO_MASK;
  switch (message[0]! & TYPE_MASK) {
    case Message.setMacAddress:
      return setMacAddress(record, info, addressIn(message), program);
    case Message.setMulticast:
      return setMulticast(record, info, message, program);
    case Message.setVlan:
      return setVlan(record, info !== 0, message[1]! & VLAN_MASK, program);
    case Message.setLongPackets:
      return setLongestFrame(record, message[1]!, program);
    case Message.setPromiscuous:
      return setPromiscuous(record, info, program);
    default:
      return false;
  }
}

function addressIn(message: Uint32Array): Uint8Array {
  const low = message[1]!;
  const high = message[2]!;
  return Uint8Array.of(low, low >>> 8, low >>> 16, low >>> 24, high, high >>> 8);
}

function setMacAddress(record: VfRecord, info: number, address: Uint8Array, program: PoolProgram): boolean {
  const { trust, mac } = record.settings;
  if (info === MacFilter.clear) {
    program.clearFilters(record);
    return true;
  }
  const given = mac !== undefined && !trust;
  const same = address.every((byte, n) => byte === record.mac[n]);
  if (given && !(info === MacFilter.replace && same)) return false;
  if ((address[0]! & 1) !== 0 || address.every((byte) => byte === 0)) return false;
  if (!trust && program.taken(record, address)) return false;
  if (info === MacFilter.add) return program.addFilter(record, address);
  if (info !== MacFilter.replace) return false;
  record.mac = address;
  program.writeAddress(record);
  return true;
}

/** Two hashes a dword. More than fit mean all multicast, which needs trust; the hashes count anyway. */
function setMulticast(record: VfRecord, count: number, message: Uint32Array, program: PoolProgram): boolean {
  const held = Math.min(count, MULTICAST_HASHES);
  for (let n = 0; n < held; n += 1) record.hashes[n] = message[1 + (n >>> 1)]! >>> ((n & 1) * 16);
  record.hashCount = held;
  record.allMulticast = count > MULTICAST_HASHES && record.settings.trust;
  program.writeHashes();
  return count <= MULTICAST_HASHES || record.allMulticast;
}

/** A port VLAN leaves the VF no choice, but VID 0, which every driver asks for, means no more than untagged frames. */
function setVlan(record: VfRecord, member: boolean, vid: number, program: PoolProgram): boolean {
  if (portTag(record) !== undefined) return vid === 0;
  if (vid === 0 && !member) return true;
  if (vid === VLAN_MASK || !program.setVlan(record, vid, member)) return false;
  // igb: the last change decides.
  record.stripTags = vid !== 0;
  program.writeOffloads(record);
  return true;
}

function setLongestFrame(record: VfRecord, lengthBytes: number, program: PoolProgram): boolean {
  if (lengthBytes < SHORTEST_FRAME || lengthBytes > LONGEST_FRAME) return false;
  record.longestFrame = lengthBytes;
  program.writeOffloads(record);
  return true;
}

/** Turning it off needs no trust. */
function setPromiscuous(record: VfRecord, info: number, program: PoolProgram): boolean {
  if ((info & ~(Promiscuous.unicast | Promiscuous.multicast)) !== 0) return false;
  if (info !== 0 && !record.settings.trust) return false;
  record.promiscuous = (info & Promiscuous.unicast) !== 0;
  record.allMulticast = (info & Promiscuous.multicast) !== 0;
  program.writeHashes();
  return true;
}
