/**
 * Where frames that follow one another come from (alike-frames.ts). Those of a pool lie where it may write to them, and may want their
 * transport checksum made, and that of IPv4.
 */
export const origin = { wire: 0, pool: 1, unfinished: 2, unfinishedIpv4: 3 } as const;
