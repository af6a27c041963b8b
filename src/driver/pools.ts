/** VMDq as Linux' PF sets it up (reference §7.2, §9.6): pools, the switch between them, and what one pool may do. */
import { pf } from '../devices/igb/tables/index.ts';
import { read, update, write, type RegisterBus } from './bus.ts';

/** Pools of a port, and VFs: pool v is VF v's. */
export const POOLS = 8;
/** Exact addresses, RAR0 to RAR23. */
export const ADDRESSES = 24;
const VMDQ = 3;
const NO_MEMORY_WINDOW = 0x14;

/** Pools on: switched inside, copies of multicast and broadcast, full queues drop; nothing goes to a default pool. */
export function enablePools(bus: RegisterBus): void {
  write(bus, pf.MRQC, VMDQ);
  write(bus, pf.VT_CTL, pf.VT_CTL.REPL_EN.mask | pf.VT_CTL.DIS_DEF_POOL.mask);
  update(bus, pf.DTXCTL, 0, pf.DTXCTL.VLAN_ADDED.mask);
  update(bus, pf.RPLOLR, 0, pf.RPLOLR.STRVLAN.mask);
  write(bus, pf.DTXSWC, pf.DTXSWC.LOOPBACK_EN.mask);
  write(bus, pf.QDE, 0xffff);
}

/** Gives an exact address to pools, a bit each; no pools, no address. */
export function setAddress(bus: RegisterBus, entry: number, address: Uint8Array, pools: number): void {
  const [a, b, c, d, e, f] = address as unknown as readonly [number, number, number, number, number, number];
  const far = entry >= pf.RAL.count;
  const element = far ? entry - pf.RAL.count : entry;
  const low = far ? pf.RA2L : pf.RAL;
  const high = far ? pf.RA2H : pf.RAH;
  // Linux writes the low dword first: an entry is never valid with half an address.
  write(bus, high, 0, element);
  write(bus, low, pools === 0 ? 0 : a | (b << 8) | (c << 16) | (d << 24), element);
  if (pools !== 0) write(bus, high, e | (f << 8) | (pools << pf.RAH.POOLS.shift) | pf.RAH.AV.mask, element);
}

/** An entry of the address table, and the pools that it belongs to; none where it is not valid. */
export function getAddress(bus: RegisterBus, entry: number): { address: Uint8Array; pools: number } {
  const far = entry >= pf.RAL.count;
  const element = far ? entry - pf.RAL.count : entry;
  const low = read(bus, far ? pf.RA2L : pf.RAL, element);
  const high = read(bus, far ? pf.RA2H : pf.RAH, element);
  const address = Uint8Array.of(low, low >>> 8, low >>> 16, low >>> 24, high, high >>> 8);
  return { address, pools: (high & pf.RAH.AV.mask) === 0 ? 0 : (high & pf.RAH.POOLS.mask) >>> pf.RAH.POOLS.shift };
}

/** May the pool receive and transmit? */
export function setPoolEnabled(bus: RegisterBus, pool: number, enabled: boolean): void {
  const bit = 1 << pool;
  for (const register of [pf.VFTE, pf.VFRE]) update(bus, register, bit, enabled ? bit : 0);
}

/** Checks source address and VLAN of what the pool sends. */
export function setSpoofCheck(bus: RegisterBus, pool: number, on: boolean): void {
  const bits = (1 << (pf.DTXSWC.MAC_SPOOF.shift + pool)) | (1 << (pf.DTXSWC.VLAN_SPOOF.shift + pool));
  update(bus, pf.DTXSWC, bits, on ? bits : 0);
}

/** Tag and priority that every frame of the pool gets; undefined leaves tags to the VF. */
export function setInsertedTag(bus: RegisterBus, pool: number, tag: number | undefined): void {
  write(bus, pf.VMVIR, tag === undefined ? 0 : tag | pf.VMVIR.ALWAYS.mask, pool);
}

/**
 * Limits both queues of a pool to `rateMbps` each on a link of `linkMbps`; 0 is no limit. Linux limits the first only, which
 * is the only one that igbvf uses.
 */
export function setTransmitRate(bus: RegisterBus, pool: number, rateMbps: number, linkMbps: number): void {
  const { RTTBCNRC } = pf;
  const whole = rateMbps === 0 ? 0 : Math.trunc(linkMbps / rateMbps);
  const rest =
    rateMbps === 0 ? 0 : Math.trunc(((linkMbps - whole * rateMbps) * (1 << RTTBCNRC.RF_INT.shift)) / rateMbps);
  const factor = rateMbps === 0 ? 0 : RTTBCNRC.RS_ENA.mask | (whole << RTTBCNRC.RF_INT.shift) | rest;
  for (const queue of [pool, pool + POOLS]) {
    write(bus, pf.RTTDQSEL, queue);
    write(bus, pf.RTTBCNRM, NO_MEMORY_WINDOW);
    write(bus, pf.RTTBCNRC, factor);
  }
}

/**
 * The switch's VLAN table as Linux keeps it: in the registers, entry 0 for VID 0. The filter of the port (VFTA) passes the
 * VIDs that are in it.
 */
export class PoolVlans {
  readonly #bus: RegisterBus;

  constructor(bus: RegisterBus) {
    this.#bus = bus;
  }

  /**
   * Puts a pool into a VLAN or takes it out. False where the table is full: `reserve` entries are left free for those who
   * ask without one.
   */
  set(vid: number, pool: number, member: boolean, reserve = 0): boolean {
    const entry = this.#find(vid, reserve);
    if (entry === -1) return !member;
    const bit = 1 << (pf.VLVF.POOLS.shift + pool);
    const before = read(this.#bus, pf.VLVF, entry);
    const pools = (before & pf.VLVF.POOLS.mask & ~bit) | (member ? bit : 0);
    if (member || pools !== (before & pf.VLVF.POOLS.mask)) this.#store(entry, vid, pools);
    return true;
  }

  /** Takes a pool out of all VLANs. */
  leaveAll(pool: number): void {
    for (let entry = 0; entry < pf.VLVF.count; entry += 1) {
      const value = read(this.#bus, pf.VLVF, entry);
      const bit = 1 << (pf.VLVF.POOLS.shift + pool);
      if ((value & bit) !== 0) this.#store(entry, value & pf.VLVF.VLAN_ID.mask, value & pf.VLVF.POOLS.mask & ~bit);
    }
  }

  #store(entry: number, vid: number, pools: number): void {
    write(this.#bus, pf.VLVF, pools === 0 ? 0 : pf.VLVF.VI_EN.mask | pools | vid, entry);
    const bit = 1 << (vid & 31);
    update(this.#bus, pf.VFTA, bit, pools === 0 ? 0 : bit, vid >>> 5);
  }

  /** The entry of a VID, else a free one, else -1. */
  #find(vid: number, reserve: number): number {
    if (vid === 0) return 0;
    let free = -1;
    let count = 0;
    for (let entry = 1; entry < pf.VLVF.count; entry += 1) {
      const value = read(this.#bus, pf.VLVF, entry);
      if ((value & pf.VLVF.VI_EN.mask) === 0) {
        count += 1;
        if (free === -1) free = entry;
      } else if ((value & pf.VLVF.VLAN_ID.mask) === vid) return entry;
    }
    return count > reserve ? free : -1;
  }
}
