/** The classic pcap file format, nanosecond variant, as QEMU's filter-dump users know it (there in microseconds). */

/** Magic number of a little-endian file with times in nanoseconds. */
const MAGIC_NANOSECONDS = 0xa1b23c4d;
const LINKTYPE_ETHERNET = 1;
export const PCAP_RECORD_HEADER = 16;

export function pcapHeader(maxLength: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(24));
  view.setUint32(0, MAGIC_NANOSECONDS, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, maxLength, true);
  view.setUint32(20, LINKTYPE_ETHERNET, true);
  return new Uint8Array(view.buffer);
}

/** Writes a record's header at `at`; the time is since 1970. */
export function putPcapRecordHeader(
  view: DataView,
  at: number,
  seconds: number,
  nanoseconds: number,
  length: number,
  kept: number,
): void {
  view.setUint32(at, seconds, true);
  view.setUint32(at + 4, nanoseconds, true);
  view.setUint32(at + 8, kept, true);
  view.setUint32(at + 12, length, true);
}

/** A record's header; `timeNs` is since 1970. */
export function pcapRecordHeader(timeNs: number, length: number, kept: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(PCAP_RECORD_HEADER));
  const seconds = Math.floor(timeNs / 1e9);
  putPcapRecordHeader(view, 0, seconds, timeNs - seconds * 1e9, length, kept);
  return new Uint8Array(view.buffer);
}
