/** virtio_net_hdr, ten bytes in front of each frame of a tap or packet socket, in host (little-endian) order. */
import type { FrameOffload } from '../ports/index.ts';

export const VIRTIO_HEADER_LENGTH = 10;
const NEEDS_CSUM = 1;
const GSO_NONE = 0;
const GSO_TCPV4 = 1;
const GSO_TCPV6 = 4;
const GSO_UDP_L4 = 5;
const GSO_ECN = 0x80;

/** A FrameOffload to fill in again and again. */
export function makeOffload(): FrameOffload {
  return {
    needsChecksum: false,
    checksumStart: 0,
    checksumOffset: 0,
    segmentation: 'none',
    headerLength: 0,
    segmentSize: 0,
  };
}

/**
 * Reads a header into `offload`; false where the frame is finished (a checksum that is known to be good, DATA_VALID,
 * leaves nothing to do) or its segmentation is of a kind that was not asked for.
 */
export function readVirtioHeader(header: DataView, offload: FrameOffload): boolean {
  const gso = header.getUint8(1) & ~GSO_ECN;
  offload.needsChecksum = (header.getUint8(0) & NEEDS_CSUM) !== 0;
  offload.headerLength = header.getUint16(2, true);
  offload.segmentSize = header.getUint16(4, true);
  offload.checksumStart = header.getUint16(6, true);
  offload.checksumOffset = header.getUint16(8, true);
  offload.segmentation = gso === GSO_TCPV4 ? 'tcp4' : gso === GSO_TCPV6 ? 'tcp6' : gso === GSO_UDP_L4 ? 'udp' : 'none';
  return offload.needsChecksum || offload.segmentation !== 'none';
}

export function writeVirtioHeader(header: DataView, offload: FrameOffload | undefined): void {
  if (offload === undefined) {
    for (let at = 0; at < VIRTIO_HEADER_LENGTH; at += 2) header.setUint16(at, 0);
    return;
  }
  const { segmentation } = offload;
  const segmented = segmentation !== 'none';
  header.setUint8(0, offload.needsChecksum ? NEEDS_CSUM : 0);
  header.setUint8(
    1,
    segmentation === 'tcp4'
      ? GSO_TCPV4
      : segmentation === 'tcp6'
        ? GSO_TCPV6
        : segmentation === 'udp'
          ? GSO_UDP_L4
          : GSO_NONE,
  );
  header.setUint16(2, segmented ? offload.headerLength : 0, true);
  header.setUint16(4, segmented ? offload.segmentSize : 0, true);
  header.setUint16(6, offload.needsChecksum ? offload.checksumStart : 0, true);
  header.setUint16(8, offload.needsChecksum ? offload.checksumOffset : 0, true);
}
