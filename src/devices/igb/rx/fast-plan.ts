/**
 * What the registers alone say about plain frames (whole TCP or UDP in IPv4 or IPv6, with a tag at most): worked out once after they
 * have changed, and not for each frame.
 */
import { inspected, INSPECTED_VALUES } from '../../../packet/arena.ts';
import { PacketHeaders } from '../../../packet/headers.ts';
import { etherTypes, ipProtocols } from '../../../packet/protocols.ts';
import { POOLS, QUEUES, type PortContext } from '../context.ts';
import { mayMaster } from '../master-disable.ts';
import { controlsStorms } from '../switch/storm-control.ts';
import { pf } from '../tables/index.ts';
import { ERROR, STATUS, packetType } from './offload.ts';
import { usesPools, usesRss } from './queue-select.ts';
import type { ReceiveRings } from './ring.ts';
import { RSS_TYPE, rssType } from './rss.ts';
import { FCS_BYTES, MAXIMUM_BYTES } from './size.ts';
import { stripsFcs, stripsTag } from './stripping.ts';
import { tuplesInUse } from './tuple-filters.ts';
import { TAG_BYTES } from './vlan.ts';

const { CTRL_EXT, ETQF, IMIRVP, MRQC, RCTL, RFCTL, RLPML, RXCSUM } = pf;
const { SYNQF, TSYNCRXCTL, VET, VFRE, VMOLR } = pf;

/** SRRCTL.DESCTYPE: advanced descriptors with one buffer. */
const ONE_BUFFER = 1;
const STANDARD_BYTES = 1514;

export class FastPlan {
  /** Version of the settings that it was made for. */
  version: number;
  /** Plain frames go the short way, where their queues do. */
  usable: boolean;
  /** Longest frame that every pool, or the port, takes; of those with a tag as well. */
  longest: number;
  longestTagged: number;
  pooled: boolean;
  /** Queues depend on the hash. */
  scales: boolean;
  /** Dword 1 of the write-back is the hash; otherwise the IP identification. */
  reportsHash: boolean;
  /** Queues that store such frames in one buffer, a bit each, and how large that is. */
  queues: number;
  /** Those among them that take the tags out of multicasts, out of others, and out of all frames. */
  stripsMulticasts: number;
  stripsOthers: number;
  stripsAll: boolean;
  readonly bufferBytes: Uint32Array;
  /** Guest addresses of the rings, and how many descriptors they have. */
  readonly bases: Float64Array;
  readonly sizes: Uint32Array;
  /** Free descriptors at which RXDMT0 is due. */
  readonly thresholds: Uint16Array;
  /** By what `inspect` found: packet type, status and errors, RSS type. */
  readonly types: Uint32Array;
  readonly statuses: Uint32Array;
  readonly rssTypes: Uint8Array;

  constructor() {
    this.version = -1;
    this.usable = false;
    this.longest = 0;
    this.longestTagged = 0;
    this.pooled = false;
    this.scales = false;
    this.reportsHash = false;
    this.queues = 0;
    this.stripsMulticasts = 0;
    this.stripsOthers = 0;
    this.stripsAll = false;
    this.bufferBytes = new Uint32Array(QUEUES);
    this.bases = new Float64Array(QUEUES);
    this.sizes = new Uint32Array(QUEUES);
    this.thresholds = new Uint16Array(QUEUES);
    this.types = new Uint32Array(INSPECTED_VALUES);
    this.statuses = new Uint32Array(INSPECTED_VALUES);
    this.rssTypes = new Uint8Array(INSPECTED_VALUES);
  }

  make(context: PortContext, rings: ReceiveRings): void {
    const { values } = context.registers;
    const mrqc = values[MRQC.index]!;
    this.version = context.settings.version;
    this.pooled = usesPools(mrqc);
    this.scales = usesRss(mrqc);
    this.reportsHash = (values[RXCSUM.index]! & RXCSUM.PCSD.mask) !== 0;
    this.usable = isPlain(values);
    if (!this.usable) return;
    this.longest = longestFrame(values, this.pooled, 0);
    this.longestTagged = longestFrame(values, this.pooled, TAG_BYTES);
    this.#makeQueues(context, rings);
    this.#makeTables(values);
  }

  #makeQueues(context: PortContext, rings: ReceiveRings): void {
    const { values } = context.registers;
    this.queues = 0;
    this.stripsMulticasts = 0;
    this.stripsOthers = 0;
    for (let queue = 0; queue < QUEUES; queue += 1) {
      this.bufferBytes[queue] = rings.bufferBytes(queue);
      this.bases[queue] = rings.base(queue);
      this.sizes[queue] = rings.size(queue);
      this.thresholds[queue] = rings.threshold(queue);
      const fits =
        stripsFcs(values, queue, false) &&
        stripsFcs(values, queue, true) &&
        rings.isEnabled(queue) &&
        rings.descriptorType(queue) === ONE_BUFFER &&
        rings.writeBackThreshold(queue) < 2 &&
        mayMaster(context, queue);
      if (!fits) continue;
      this.queues |= 1 << queue;
      if (stripsTag(values, queue, true)) this.stripsMulticasts |= 1 << queue;
      if (stripsTag(values, queue, false)) this.stripsOthers |= 1 << queue;
    }
    this.stripsAll = (this.stripsMulticasts & this.stripsOthers) === this.queues;
  }

  #makeTables(values: Uint32Array): void {
    const rxcsum = values[RXCSUM.index]!;
    const rfctl = values[RFCTL.index]!;
    const headers = new PacketHeaders();
    headers.l4Length = 8;
    for (let found = 0; found < INSPECTED_VALUES; found += 1) {
      const four = (found & inspected.ipv6) === 0;
      const udp = (found & inspected.udp) !== 0;
      headers.ipVersion = four ? 4 : 6;
      headers.protocol = udp ? ipProtocols.udp : ipProtocols.tcp;
      this.types[found] = packetType(headers, -1);
      this.rssTypes[found] = this.scales ? rssType(values[MRQC.index]!, rfctl, headers) : RSS_TYPE.none;
      let status: number = STATUS.DD | STATUS.EOP;
      if (four) {
        if ((rxcsum & RXCSUM.IPOFL.mask) !== 0) {
          status |= STATUS.IPCS;
          if ((found & inspected.badIpv4) !== 0) status |= ERROR.IPE;
        }
        if (!this.reportsHash) status |= STATUS.IPIDV;
      }
      const judges = (four || (rfctl & RFCTL.IPV6_XSUM_DIS.mask) === 0) && (rxcsum & RXCSUM.TUOFL.mask) !== 0;
      if (judges && (found & inspected.unchecked) === 0) {
        status |= udp ? STATUS.L4CS | STATUS.UDPCS : STATUS.L4CS;
        if ((found & inspected.badTransport) !== 0) status |= ERROR.L4E;
      }
      this.statuses[found] = status;
    }
  }
}

/** No filter, stamp, storm control or unusual tag is in use: what a plain frame needs is known without looking at more of it. */
function isPlain(values: Uint32Array): boolean {
  if ((values[RCTL.index]! & RCTL.EN.mask) === 0) return false;
  if ((values[CTRL_EXT.index]! & CTRL_EXT.EXT_VLAN.mask) !== 0) return false;
  if ((values[VET.index]! & 0xffff) !== etherTypes.vlan) return false;
  if ((values[SYNQF.index]! & SYNQF.ENABLE.mask) !== 0) return false;
  if ((values[IMIRVP.index]! & IMIRVP.VLAN_PRI_EN.mask) !== 0) return false;
  if ((values[TSYNCRXCTL.index]! & TSYNCRXCTL.EN.mask) !== 0) return false;
  if (controlsStorms(values)) return false;
  for (let entry = 0; entry < ETQF.count; entry += 1) {
    const filter = values[ETQF.index + entry * ETQF.step]!;
    const type = filter & 0xffff;
    if ((filter & ETQF.FILTER_ENABLE.mask) !== 0 && (type === etherTypes.ipv4 || type === etherTypes.ipv6))
      return false;
  }
  return !tuplesInUse(values);
}

/** A frame of at most this many bytes, tags among them, is oversize for nobody who may get it. */
function longestFrame(values: Uint32Array, pooled: boolean, tagBytes: number): number {
  let longest = MAXIMUM_BYTES;
  const rctl = values[RCTL.index]!;
  if ((rctl & RCTL.SBP.mask) === 0) {
    longest = (rctl & RCTL.LPE.mask) === 0 ? STANDARD_BYTES + tagBytes : (values[RLPML.index]! & 0x3fff) - FCS_BYTES;
  }
  if (!pooled) return longest;
  for (let pool = 0; pool < POOLS; pool += 1) {
    if ((values[VFRE.index]! & (1 << pool)) === 0) continue;
    const vmolr = values[VMOLR.index + pool * VMOLR.step]!;
    const limit = (vmolr & VMOLR.LPE.mask) === 0 ? STANDARD_BYTES + tagBytes : (vmolr & VMOLR.RLPML.mask) - FCS_BYTES;
    longest = Math.min(longest, limit);
  }
  return longest;
}
