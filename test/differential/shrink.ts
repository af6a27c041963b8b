/** Delta debugging: the fewest parts with which something still happens. */

/** Parts of `whole`, in their order, without any of which `happens` is false. `happens(whole)` is true. */
export function shrink<T>(whole: readonly T[], happens: (part: readonly T[]) => boolean): readonly T[] {
  let kept = whole;
  let size = Math.ceil(kept.length / 2);
  while (size >= 1 && kept.length > 0) {
    let removed = false;
    for (let at = 0; at < kept.length;) {
      const rest = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (happens(rest)) {
        kept = rest;
        removed = true;
      } else at += size;
    }
    if (size > 1) size = Math.ceil(size / 2);
    else if (!removed) break;
  }
  return kept;
}
