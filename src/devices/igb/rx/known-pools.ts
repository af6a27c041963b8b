/** Which pools get frames from the wire, by destination and tag; remembered until a register may decide otherwise. */
import { FROM_WIRE, mirrorPools } from '../switch/mirror.ts';
import { acceptsDestination, destinationKind } from './filter.ts';
import { POOLS_MASK, selectPools } from './pools.ts';
import { passesTag, UNTAGGED } from './vlan.ts';

const REMEMBERED = 16;
/** VID and CFI: what filters look at. */
const FILTERED = 0x1fff;

export class KnownPools {
  private readonly values: Uint32Array;
  private pooled: boolean;
  private readonly lows: Int32Array;
  private readonly highs: Int32Array;
  private readonly tags: Int32Array;
  /** 0 where nothing is remembered. */
  private readonly pools: Uint8Array;

  constructor(values: Uint32Array) {
    this.values = values;
    this.pooled = false;
    this.lows = new Int32Array(REMEMBERED);
    this.highs = new Int32Array(REMEMBERED);
    this.tags = new Int32Array(REMEMBERED);
    this.pools = new Uint8Array(REMEMBERED);
  }

  /** A register was written: nothing is known. */
  forget(pooled: boolean): void {
    this.pooled = pooled;
    this.pools.fill(0);
  }

  /**
   * Pools for a frame to the address `low` and `high` (as in filter.ts) with a tag, or UNTAGGED: a bit each, on a port without pools
   * 1. 0 where nobody gets it.
   */
  find(low: number, high: number, tag: number): number {
    const filtered = tag === UNTAGGED ? UNTAGGED : tag & FILTERED;
    const place = ((high >>> 8) ^ filtered) & (REMEMBERED - 1);
    const known = this.pools[place]!;
    if (known !== 0 && this.lows[place] === low && this.highs[place] === high && this.tags[place] === filtered)
      return known;
    const pools = this.decide(low, high, tag);
    this.lows[place] = low;
    this.highs[place] = high;
    this.tags[place] = filtered;
    this.pools[place] = pools;
    return pools;
  }

  private decide(low: number, high: number, tag: number): number {
    const { values } = this;
    const kind = destinationKind(low, high);
    if (tag !== UNTAGGED && !passesTag(values, tag)) return 0;
    if (!this.pooled) return acceptsDestination(values, kind, low, high) ? 1 : 0;
    const vid = tag === UNTAGGED ? -1 : tag & 0xfff;
    const selected = selectPools(values, kind, low, high, vid, -1) & POOLS_MASK;
    return selected | mirrorPools(values, selected, vid, FROM_WIRE);
  }
}
