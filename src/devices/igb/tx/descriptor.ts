/** Transmit descriptors: four dwords of 16 bytes (reference §3.1 to §3.4). Names follow the data sheet's fields. */

export const DESCRIPTOR_BYTES = 16;

/** Dword 2 of every descriptor. */
export const command = {
  LENGTH: 0xffff,
  TSTAMP: 1 << 19,
  EOP: 1 << 24,
  IFCS: 1 << 25,
  /** Legacy only: insert a checksum. */
  IC: 1 << 26,
  RS: 1 << 27,
  DEXT: 1 << 29,
  VLE: 1 << 30,
  TSE: 1 << 31,
} as const;

/** Dword 3 of an advanced data descriptor. */
export const option = { IXSM: 1 << 8, TXSM: 1 << 9 } as const;

/** What a write-back sets in dword 3. */
export const STATUS_DD = 1;

/** Dword 2 of a context descriptor, 12:11. */
export const l4Type = { UDP: 0, TCP: 1, SCTP: 2 } as const;

export const kinds = { legacy: 0, context: 1, data: 2, invalid: 3 } as const;

/** Which of `kinds` a descriptor is, by dword 2. */
export function kindOf(word2: number): number {
  if ((word2 & command.DEXT) === 0) return kinds.legacy;
  const type = (word2 >>> 20) & 0xf;
  if (type === 3) return kinds.data;
  return type === 2 ? kinds.context : kinds.invalid;
}

/** The descriptor carries bytes of a frame. */
export function carriesData(word2: number): boolean {
  const kind = kindOf(word2);
  return kind === kinds.data || kind === kinds.legacy;
}
