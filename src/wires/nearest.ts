/** The name that somebody probably meant. */

/** Changes of one letter (or swaps of two) between two words, counted up to a limit that is of no more interest. */
function distance(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const line = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      line.push(Math.min(before[column]! + 1, line[column - 1]! + 1, before[column - 1]! + same));
    }
    before = line;
  }
  return before[b.length]!;
}

/** The candidate closest to `word`, or undefined where none is close. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 2)) + 1;
  for (const candidate of candidates) {
    const steps = distance(word.toLowerCase(), candidate.toLowerCase());
    if (steps < least) {
      least = steps;
      best = candidate;
    }
  }
  return best;
}
