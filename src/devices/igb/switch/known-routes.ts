/**
 * Where the last packet of each pool went, by its first 16 bytes (addresses, tag or type): the next one with the same goes the same
 * way until a register steers it elsewhere.
 */
import { arena } from '../../../packet/arena.ts';
import { POOLS } from '../sizes.ts';

const KEY_DWORDS = 4;
const { dwords } = arena;

export class KnownRoutes {
  /** Version of the settings under which all of this was decided. */
  version: number;
  /** What `find` found: bits of `route`, and the pools. */
  ways: number;
  pools: number;
  readonly #keys: Uint32Array;
  readonly #ways: Uint8Array;
  readonly #pools: Uint8Array;

  constructor() {
    this.version = -1;
    this.ways = 0;
    this.pools = 0;
    this.#keys = new Uint32Array(POOLS * KEY_DWORDS);
    this.#ways = new Uint8Array(POOLS);
    this.#pools = new Uint8Array(POOLS);
  }

  clear(version: number): void {
    this.version = version;
    this.#ways.fill(0);
  }

  /** Whether the packet at `start` in the arena, a multiple of 4, is known; `ways` and `pools` are its then. */
  find(pool: number, start: number): boolean {
    const keys = this.#keys;
    const at = start >>> 2;
    const key = pool * KEY_DWORDS;
    const same =
      keys[key] === dwords[at] &&
      keys[key + 1] === dwords[at + 1] &&
      keys[key + 2] === dwords[at + 2] &&
      keys[key + 3] === dwords[at + 3];
    if (!same || this.#ways[pool] === 0) return false;
    this.ways = this.#ways[pool]!;
    this.pools = this.#pools[pool]!;
    return true;
  }

  keep(pool: number, start: number, ways: number, pools: number): void {
    for (let n = 0; n < KEY_DWORDS; n += 1) this.#keys[pool * KEY_DWORDS + n] = dwords[(start >>> 2) + n]!;
    this.#ways[pool] = ways;
    this.#pools[pool] = pools;
  }
}
