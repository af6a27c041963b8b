/** Records of VFs as the registers of their pools. Pool v is VF v's; the PF itself has none. */
import { pf } from '../devices/igb/tables/index.ts';
import {
  ADDRESSES,
  LONGEST_FRAME,
  PoolVlans,
  POOLS,
  getAddress,
  read,
  setAddress,
  setInsertedTag,
  setPoolEnabled,
  setSpoofCheck,
  setTransmitRate,
  write,
  type RegisterBus,
} from '../driver/index.ts';
import { portTag, type VfRecord } from './vf-record.ts';

const WORDS = 128;
const TAG_BYTES = 4;
/** What the PHY negotiates when it is left alone, as here. */
const LINK_MBPS = 1000;
const NOBODY = -1;
/** Entries of the VLAN table that VFs cannot fill: one for each VF's port VLAN. */
const RESERVED_VLANS = POOLS;
/** Addresses besides its own that a VF can have: as many as igbvf uses. */
const FILTERS_PER_VF = 3;
/** First and last entry for those: 0 is the station's, the VFs' own are 23 downwards. */
const FIRST_FILTER = 1;
const LAST_FILTER = ADDRESSES - POOLS - 1;

const zero = new Uint8Array(6);

export function sameAddress(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, n) => byte === b[n]);
}

export class PoolProgram {
  readonly #bus: RegisterBus;
  readonly #records: readonly VfRecord[];
  readonly #vlans: PoolVlans;
  /** By entry of the address table: the VF whose additional address it holds, and that address. */
  readonly #filterOwner: Int8Array;
  readonly #filters: readonly Uint8Array[];
  readonly #hashWords: Uint32Array;
  /** Multicast hashes that the PF's last driver left. */
  readonly #inheritedHashes: Uint32Array;

  constructor(bus: RegisterBus, records: readonly VfRecord[]) {
    this.#bus = bus;
    this.#records = records;
    this.#vlans = new PoolVlans(bus);
    this.#filterOwner = new Int8Array(ADDRESSES).fill(NOBODY);
    this.#filters = Array.from({ length: ADDRESSES }, () => new Uint8Array(6));
    this.#hashWords = new Uint32Array(WORDS);
    this.#inheritedHashes = new Uint32Array(WORDS);
  }

  /**
   * Takes over the tables of the PF's last driver: hashes stay, and addresses that belong to one of `pools`, a bit each; the
   * others go.
   */
  inherit(pools: number): void {
    for (let word = 0; word < WORDS; word += 1) this.#inheritedHashes[word] = read(this.#bus, pf.MTA, word);
    for (let entry = 0; entry < ADDRESSES; entry += 1) {
      const { address, pools: users } = getAddress(this.#bus, entry);
      const owner = this.#records.findIndex(({ index }) => users === 1 << index && (pools & users) !== 0);
      if (owner === -1) setAddress(this.#bus, entry, zero, 0);
      else if (entry >= FIRST_FILTER && entry <= LAST_FILTER) {
        this.#filterOwner[entry] = owner;
        this.#filters[entry]!.set(address);
      }
    }
  }

  /** Everything about a VF, as after its reset. */
  writeAll(record: VfRecord): void {
    this.clearFilters(record);
    this.writeAddress(record);
    this.writeVlans(record);
    this.writeHashes();
    this.writeEnabled(record);
    this.writeSpoofCheck(record);
    this.writeRate(record);
    this.writeLinkHold();
  }

  writeAddress(record: VfRecord): void {
    setAddress(this.#bus, ADDRESSES - 1 - record.index, record.mac, 1 << record.index);
  }

  /** Frames pass while the VF has greeted and its link is not disabled. */
  writeEnabled(record: VfRecord): void {
    setPoolEnabled(this.#bus, record.index, record.ready && record.settings.linkState !== 'disable');
  }

  writeSpoofCheck(record: VfRecord): void {
    setSpoofCheck(this.#bus, record.index, record.settings.spoofCheck);
  }

  writeRate(record: VfRecord): void {
    setTransmitRate(this.#bus, record.index, record.settings.maxTxRateMbps, LINK_MBPS);
  }

  writeLinkHold(): void {
    let held = 0;
    for (const { index, settings } of this.#records) if (settings.linkState === 'enable') held |= 1 << index;
    write(this.#bus, pf.VFLINK, held);
  }

  /** Only the port VLAN, or VID 0 where there is none; the VF asks for others again. */
  writeVlans(record: VfRecord): void {
    const tag = portTag(record);
    this.#vlans.leaveAll(record.index);
    this.#vlans.set(record.settings.vlan, record.index, true);
    setInsertedTag(this.#bus, record.index, tag);
    this.writeOffloads(record);
  }

  /** A VLAN that the VF itself asks for or leaves; false where the table is full. */
  setVlan(record: VfRecord, vid: number, member: boolean): boolean {
    return this.#vlans.set(vid, record.index, member, RESERVED_VLANS);
  }

  /** VMOLR: what the pool accepts, how long, and whether tags are stripped. */
  writeOffloads(record: VfRecord): void {
    const { VMOLR } = pf;
    const { settings } = record;
    const portVlan = portTag(record) !== undefined;
    let value = VMOLR.STRCRC.mask | VMOLR.BAM.mask;
    // With a port VLAN, what comes untagged is not of it.
    if (settings.vlan === 0) value |= VMOLR.AUPE.mask;
    if (portVlan || record.stripTags) value |= VMOLR.STRVLAN.mask;
    if (record.hashCount > 0 || record.inheritedHashes) value |= VMOLR.ROMPE.mask;
    if (settings.trust && record.allMulticast) value |= VMOLR.MPME.mask;
    if (settings.trust && record.promiscuous) value |= VMOLR.ROPE.mask;
    if (record.longestFrame !== 0) {
      value |= VMOLR.LPE.mask | Math.min(LONGEST_FRAME, record.longestFrame + TAG_BYTES);
    }
    write(this.#bus, VMOLR, value, record.index);
  }

  /** MTA: the hashes of all VFs; UTA: every unicast address while one is promiscuous (Linux does so for its own pool). */
  writeHashes(): void {
    const words = this.#hashWords;
    words.set(this.#inheritedHashes);
    let everyUnicast = false;
    for (const record of this.#records) {
      for (let n = 0; n < record.hashCount; n += 1) {
        const hash = record.hashes[n]! & 0xfff;
        words[hash >>> 5]! |= 1 << (hash & 31);
      }
      everyUnicast ||= record.promiscuous && record.settings.trust;
      this.writeOffloads(record);
    }
    for (let word = 0; word < WORDS; word += 1) {
      write(this.#bus, pf.MTA, words[word]!, word);
      write(this.#bus, pf.UTA, everyUnicast ? 0xffff_ffff : 0, word);
    }
  }

  /** One more address for a VF; false where it has its share or the table is full. */
  addFilter(record: VfRecord, address: Uint8Array): boolean {
    let own = 0;
    let free = NOBODY;
    for (let entry = FIRST_FILTER; entry <= LAST_FILTER; entry += 1) {
      const owner = this.#filterOwner[entry];
      if (owner === NOBODY && free === NOBODY) free = entry;
      if (owner !== record.index) continue;
      own += 1;
      if (sameAddress(this.#filters[entry]!, address)) return true;
    }
    if (free === NOBODY || own >= FILTERS_PER_VF) return false;
    this.#filterOwner[free] = record.index;
    this.#filters[free]!.set(address);
    setAddress(this.#bus, free, address, 1 << record.index);
    return true;
  }

  clearFilters(record: VfRecord): void {
    for (let entry = FIRST_FILTER; entry <= LAST_FILTER; entry += 1) {
      if (this.#filterOwner[entry] !== record.index) continue;
      this.#filterOwner[entry] = NOBODY;
      setAddress(this.#bus, entry, zero, 0);
    }
  }

  /** Another VF has the address. */
  taken(record: VfRecord, address: Uint8Array): boolean {
    if (this.#records.some((other) => other !== record && sameAddress(other.mac, address))) return true;
    return this.#filterOwner.some(
      (owner, entry) => owner !== NOBODY && owner !== record.index && sameAddress(this.#filters[entry]!, address),
    );
  }
}
