/** The cable between the PHY and its partner, as far as the PHY tells of it. */

export interface CopperCable {
  readonly metres: number;
  /** Its ends are wired differently. */
  readonly crossed: boolean;
  /** The two wires of each pair are exchanged. */
  readonly reversedPolarity: boolean;
  /** 1000BASE-T takes four. */
  readonly pairs: 2 | 4;
}

export const longestCableMetres = 120;

export const ordinaryCable: CopperCable = { metres: 10, crossed: false, reversedPolarity: false, pairs: 4 };

/** Gain for a cable of 0, 10, 20 … metres: those numbers that Linux' and DPDK's drivers take for about that length. */
const gainOfTens: readonly number[] = [8, 21, 24, 27, 41, 44, 47, 60, 62, 75, 78, 91, 95];
const GAIN_SHIFT = 9;

/** What the gain registers show: coarse and fine gain of a pair, from which drivers estimate the length to 10 metres. */
export function gainOf({ metres }: CopperCable): number {
  return gainOfTens[Math.round(metres / 10)]! << GAIN_SHIFT;
}
