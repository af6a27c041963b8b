/** A `-netdev` text that cannot be used: what is wrong with it and what to write instead, in one line. */
export class NetdevError extends Error {
  readonly code: 'NETDEV_TYPE' | 'NETDEV_KEY' | 'NETDEV_VALUE' | 'NETDEV_MISSING';
  /** The key it is about, or the type. */
  readonly key: string;

  constructor(code: NetdevError['code'], key: string, message: string) {
    super(message);
    this.name = 'NetdevError';
    this.code = code;
    this.key = key;
  }
}

/** The candidate that is fewest edits away, or undefined where none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.ceil(word.length / 2)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
