/** What a packet still needs when software hands it over, in the terms of a wire: for captures. */
import { arena } from '../../../packet/index.ts';
import type { FrameOffload } from '../../../ports/index.ts';
import type { OffloadContext } from './context.ts';
import { command, l4Type, option } from './descriptor.ts';

const CHECKSUM_OFFSETS: Readonly<Record<number, number>> = { [l4Type.UDP]: 6, [l4Type.TCP]: 16, [l4Type.SCTP]: 8 };

/** A legacy packet, by its command and option dwords; positions count from the frame's start, tag included. */
export function describeLegacy(offload: FrameOffload, commands: number, options: number, tagBytes: number): void {
  offload.needsChecksum = (commands & command.IC) !== 0;
  offload.checksumStart = ((options >>> 8) & 0xff) + tagBytes;
  offload.checksumOffset = ((commands >>> 16) & 0xff) + tagBytes - offload.checksumStart;
  offload.segmentation = 'none';
  offload.headerLength = 0;
  offload.segmentSize = 0;
}

/** A packet with advanced descriptors; `frame` is where it starts in the arena. Each segment needs its checksums. */
export function describeAdvanced(
  offload: FrameOffload,
  context: OffloadContext,
  commands: number,
  options: number,
  tagBytes: number,
  frame: number,
): void {
  const segmented = (commands & command.TSE) !== 0;
  const l3Offset = context.macLength + tagBytes;
  offload.needsChecksum = segmented || (options & option.TXSM) !== 0;
  offload.checksumStart = l3Offset + context.ipLength;
  offload.checksumOffset = CHECKSUM_OFFSETS[context.l4Type] ?? 0;
  offload.segmentation = 'none';
  offload.headerLength = segmented ? offload.checksumStart + context.l4Length : 0;
  offload.segmentSize = segmented ? context.segmentSize : 0;
  if (!segmented) return;
  if (context.l4Type !== l4Type.TCP) offload.segmentation = 'udp';
  else offload.segmentation = arena.bytes[frame + l3Offset]! >>> 4 === 4 ? 'tcp4' : 'tcp6';
}
