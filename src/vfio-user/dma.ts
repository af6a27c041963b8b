/** DMA_MAP and DMA_UNMAP: the client says which guest memory the device may reach, and takes it back. */
import type { DmaMap } from './dma-map.ts';
import { hex } from './dma-map.ts';
import { Refusal, errno } from './errors.ts';
import type { MessageReader } from './framing.ts';
import type { OutputQueue } from './output-queue.ts';
import { BEYOND_INTEGERS, TWO_TO_32, command } from './protocol.ts';

const MAP_BYTES = 32;
const UNMAP_BYTES = 24;
const FLAG_READ = 1;
const FLAG_WRITE = 2;
const FLAG_DIRTY_BITMAP = 1;
const FLAG_ALL = 2;

/** What a user has to change where QEMU keeps the guest's RAM to itself. */
const MISSING_SHARED_MEMORY =
  'guest RAM came without a file descriptor, so the device cannot reach it; start QEMU with ' +
  '"-object memory-backend-memfd,id=m0,size=…,share=on" (the size of -m) and add "memory-backend=m0" to -M';

/**
 * u32 argsz, u32 flags, u64 file offset, u64 address, u64 length, and a file descriptor where the memory can be mapped.
 * QEMU sends ROMs and VGA memory without one beside RAM in a memfd, so such a map is only noted, unless it is evidently
 * the guest's RAM: writable, and beginning at address 0.
 */
export function dmaMap(message: MessageReader, dma: DmaMap): void {
  const { view, payload } = message;
  if (message.payloadLength !== MAP_BYTES || view.getUint32(payload, true) < MAP_BYTES) {
    throw new Refusal(errno.EINVAL, `DMA_MAP carries ${MAP_BYTES} bytes, not ${message.payloadLength}`);
  }
  if (message.fdCount > 1) throw new Refusal(errno.EINVAL, `DMA_MAP with ${message.fdCount} file descriptors`);
  const flags = view.getUint32(payload + 4, true);
  if ((flags & ~(FLAG_READ | FLAG_WRITE)) !== 0) throw new Refusal(errno.EINVAL, `DMA_MAP with flags ${hex(flags)}`);
  const request = {
    fileOffset: wide(view, payload + 8),
    address: wide(view, payload + 16),
    length: wide(view, payload + 24),
    readable: (flags & FLAG_READ) !== 0,
    writable: (flags & FLAG_WRITE) !== 0,
  };
  const fd = message.fdCount === 1 ? message.fds[0]! : -1;
  if (fd < 0 && request.readable && request.writable && request.address === 0) {
    throw new Refusal(errno.EINVAL, MISSING_SHARED_MEMORY);
  }
  dma.add(request, fd);
}

/** u32 argsz, u32 flags, u64 address, u64 length; the reply repeats them. Flag 2 with an empty range removes all maps. */
export function dmaUnmap(message: MessageReader, dma: DmaMap, output: OutputQueue): void {
  const { view, payload } = message;
  const flags = message.payloadLength >= UNMAP_BYTES ? view.getUint32(payload + 4, true) : 0;
  if ((flags & FLAG_DIRTY_BITMAP) !== 0) throw new Refusal(errno.ENOTSUP, 'dirty page tracking is not offered');
  if (message.payloadLength !== UNMAP_BYTES || view.getUint32(payload, true) < UNMAP_BYTES) {
    throw new Refusal(errno.EINVAL, `DMA_UNMAP carries ${UNMAP_BYTES} bytes, not ${message.payloadLength}`);
  }
  if ((flags & ~FLAG_ALL) !== 0) throw new Refusal(errno.EINVAL, `DMA_UNMAP with flags ${hex(flags)}`);
  if (message.fdCount > 0) throw new Refusal(errno.EINVAL, 'DMA_UNMAP with a file descriptor');
  if (flags === FLAG_ALL) {
    if (!isZero(view, payload + 8) || !isZero(view, payload + 16)) {
      throw new Refusal(errno.EINVAL, 'DMA_UNMAP of everything with a range');
    }
    dma.clear();
  } else unmapRange(view, payload, dma);
  reply(message, output);
}

/** No map lies beyond 2^53, so an area may begin or end there: QEMU unmaps up to 2^64 behind a virtual IOMMU. */
function unmapRange(view: DataView, payload: number, dma: DmaMap): void {
  if (isZero(view, payload + 16)) throw new Refusal(errno.EINVAL, 'DMA_UNMAP of no bytes');
  if (((view.getUint32(payload + 8, true) | view.getUint32(payload + 16, true)) & 0xfff) !== 0) {
    throw new Refusal(errno.EINVAL, 'DMA_UNMAP of a range that is not in whole pages');
  }
  if (view.getBigUint64(payload + 8, true) + view.getBigUint64(payload + 16, true) > 1n << 64n) {
    throw new Refusal(errno.EINVAL, 'DMA_UNMAP of a range that ends beyond 2^64');
  }
  if (isBeyondIntegers(view, payload + 8)) return;
  const length = isBeyondIntegers(view, payload + 16) ? Infinity : wide(view, payload + 16);
  dma.remove(wide(view, payload + 8), length);
}

function reply(message: MessageReader, output: OutputQueue): void {
  if (!message.wantsReply) return;
  const at = output.addReply(message.id, command.DMA_UNMAP, UNMAP_BYTES);
  if (at >= 0) output.bytes.set(message.bytes.subarray(message.payload, message.payload + UNMAP_BYTES), at);
}

function isZero(view: DataView, at: number): boolean {
  return (view.getUint32(at, true) | view.getUint32(at + 4, true)) === 0;
}

function isBeyondIntegers(view: DataView, at: number): boolean {
  return (view.getUint32(at + 4, true) & BEYOND_INTEGERS) !== 0;
}

/** A u64 as a number. */
function wide(view: DataView, at: number): number {
  if (isBeyondIntegers(view, at)) throw new Refusal(errno.EINVAL, 'a number beyond 2^53');
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * TWO_TO_32;
}
