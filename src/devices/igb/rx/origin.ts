/**
 * Where frames that follow one another come from (alike-frames.ts). Those of a pool lie where it may write to them, and may want their
 * transport checksum made, and that of IPv4. Those that were kept came from the wire and were counted then.
 */
export const origin = { kept: -1, wire: 0, pool: 1, unfinished: 2, unfinishedIpv4: 3 } as const;

/** They come from a pool. */
export function isLocal(from: number): boolean {
  return from >= origin.pool;
}
