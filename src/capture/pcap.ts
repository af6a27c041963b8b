/** The classic pcap file format, nanosecond variant, as QEMU's filter-dump users know it (there in microseconds). */

/** Magic number of a little-endian file with times in nanoseconds. */
const MAGIC_NANOSECONDS = 0xa1b23c4d;
const LINKTYPE_ETHERNET = 1;

export function pcapHeader(maxLength: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(24));
  view.setUint32(0, MAGIC_NANOSECONDS, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, maxLength, true);
  view.setUint32(20, LINKTYPE_ETHERNET, true);
  return new Uint8Array(view.buffer);
}

/** A record's header; `timeNs` is since 1970. */
export function pcapRecordHeader(timeNs: number, length: number, kept: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  const seconds = Math.floor(timeNs / 1e9);
  view.setUint32(0, seconds, true);
  view.setUint32(4, timeNs - seconds * 1e9, true);
  view.setUint32(8, kept, true);
  view.setUint32(12, length, true);
  return new Uint8Array(view.buffer);
}
