/**
 * Numbers that look random and are the same for the same seed, by Steele's and Vigna's SplitMix in 32 bits: whole ones below
 * `limit`, of 32 bits where none is given.
 */
export function randomFrom(seed: number): (limit?: number) => number {
  let state = seed >>> 0;
  return (limit = 2 ** 32) => {
    state = (state + 0x9e37_79b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return Math.floor((((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32) * limit);
  };
}
