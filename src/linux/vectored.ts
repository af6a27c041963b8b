import { arena } from '../packet/index.ts';
import type { FramePieces } from '../ports/index.ts';
import { addressOf, check, errno, libc } from './libc.ts';
import { EAGAIN, EINTR, ENOBUFS } from './errors.ts';
import { AddressCache, NativeBlock } from './native-block.ts';

const IOV_BYTES = 16;
const IOV_DWORDS = IOV_BYTES / 4;
const HEADER_ROOM = 16;
/** Of a frame, a header apart; the kernel takes 1,024 (IOV_MAX). */
const MOST_PIECES = 1023;

/** A descriptor whose every write takes one frame, with or without a fixed header in front (virtio_net_hdr). */
export class FrameWriter {
  /** The header of the next frame. */
  readonly header: DataView;
  private readonly fd: number;
  private readonly vectors: number;
  private readonly outgoing: NativeBlock;
  private readonly address: number;
  private readonly cache: AddressCache;

  /** Does not own the descriptor. `headerLength` is 0, 10 or 12 bytes. */
  constructor(fd: number, headerLength: number) {
    this.fd = fd;
    this.vectors = headerLength === 0 ? 1 : 2;
    this.outgoing = new NativeBlock(2 * IOV_BYTES + HEADER_ROOM);
    this.header = headerView(this.outgoing, headerLength);
    this.address = headerLength === 0 ? this.outgoing.address + IOV_BYTES : this.outgoing.address;
    this.cache = new AddressCache();
  }

  /** Writes one frame in one call; 0, or the errno value with which the kernel refused it. */
  write(bytes: Uint8Array, offset: number, length: number): number {
    this.outgoing.setPointer(4, this.cache.of(bytes, offset, length));
    this.outgoing.words[6] = length;
    return libc.writev(this.fd, this.address, this.vectors) === -1 ? errno() : 0;
  }
}

/** Writes frames that lie in pieces of the packet arena's memory, each with a header in front and in one call. */
export class PieceWriter {
  /** The header of the next frame. */
  readonly header: DataView;
  private readonly fd: number;
  private readonly vectors: NativeBlock;
  private readonly address: number;
  private readonly base: number;

  /** Does not own the descriptor. */
  constructor(fd: number, headerLength: number) {
    const vectorBytes = (1 + MOST_PIECES) * IOV_BYTES;
    this.fd = fd;
    this.vectors = new NativeBlock(vectorBytes + HEADER_ROOM);
    this.address = this.vectors.address;
    this.vectors.setPointer(0, this.address + vectorBytes);
    this.vectors.words[2] = headerLength;
    this.header = new DataView(this.vectors.bytes.buffer, vectorBytes, headerLength);
    this.base = addressOf(arena.bytes);
  }

  /** 0, or the errno value with which the kernel refused the frame. */
  write({ places, lengths, count }: FramePieces): number {
    if (count > MOST_PIECES) throw new RangeError(`a frame of ${count} pieces`);
    const { vectors } = this;
    for (let n = 0, at = IOV_DWORDS; n < count; n += 1, at += IOV_DWORDS) {
      vectors.setPointer(at, this.base + (places[n]! >>> 0));
      vectors.words[at + 2] = lengths[n]!;
    }
    return libc.writev(this.fd, this.address, 1 + count) === -1 ? errno() : 0;
  }
}

function headerView(block: NativeBlock, headerLength: number): DataView {
  block.setPointer(0, block.address + 2 * IOV_BYTES);
  block.words[2] = headerLength;
  return new DataView(block.bytes.buffer, 2 * IOV_BYTES, headerLength);
}

/** An errno value that only says that the kernel has no room for the frame just now. */
export function isCongestion(code: number): boolean {
  return code === EAGAIN || code === EINTR || code === ENOBUFS;
}

/** A pair of buffers gathered into one write: a small header and the bytes behind it. */
export class GatheredWrite {
  readonly header: NativeBlock;
  private readonly vector: NativeBlock;
  private readonly vectorAddress: number;
  private readonly cache: AddressCache;
  private readonly headerLength: number;

  constructor(headerLength: number) {
    this.headerLength = headerLength;
    this.header = new NativeBlock(headerLength);
    this.vector = new NativeBlock(2 * IOV_BYTES);
    this.vector.setPointer(0, this.header.address);
    this.vector.words[2] = headerLength;
    this.vectorAddress = this.vector.address;
    this.cache = new AddressCache();
  }

  /** Bytes taken of header and bytes together; -1 where none can be taken now; throws where the peer is gone. */
  write(fd: number, bytes: Uint8Array, offset: number, length: number): number {
    this.vector.setPointer(4, this.cache.of(bytes, offset, length));
    this.vector.words[6] = length;
    const count = libc.writev(fd, this.vectorAddress, this.headerLength === 0 ? 1 : 2);
    if (count === -1) {
      if (isCongestion(errno())) return -1;
      check(count, 'writev');
    }
    return count;
  }
}
