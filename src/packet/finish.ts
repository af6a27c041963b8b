/** Completes what a frame that was handed over unfinished still lacks. */
import { internetSum } from './checksum.ts';

/**
 * Stores the checksum from `checksumStart` to the end at `checksumStart + checksumOffset`, where the pseudo-header's sum
 * stands (virtio_net_hdr's VIRTIO_NET_HDR_F_NEEDS_CSUM). A result of 0 becomes 0xffff, as Linux's skb_checksum_help does:
 * for UDP 0 would mean that there is none. False where the positions lie outside the frame; nothing is changed then.
 */
export function finishChecksum(
  bytes: Uint8Array,
  offset: number,
  length: number,
  checksumStart: number,
  checksumOffset: number,
): boolean {
  const field = checksumStart + checksumOffset;
  if (checksumStart < 0 || checksumOffset < 0 || field + 2 > length) return false;
  const sum = ~internetSum(bytes, offset + checksumStart, length - checksumStart) & 0xffff;
  const checksum = sum === 0 ? 0xffff : sum;
  bytes[offset + field] = checksum >>> 8;
  bytes[offset + field + 1] = checksum & 0xff;
  return true;
}
