import { EAGAIN, EINTR } from './errors.ts';
import { addressOf, errno, fail, libc } from './libc.ts';

/**
 * A descriptor whose every read gives one frame, with or without a fixed header in front (virtio_net_hdr): each is read to the same
 * place, by one call without vectors, which would cost a tenth more.
 */
export class FrameReader {
  /** The header of the last frame. */
  readonly header: DataView;
  private readonly fd: number;
  private readonly headerLength: number;
  private readonly most: number;
  // An address that was made at each call would be garbage afterwards; the bytes must not go before it does.
  private readonly address: number;
  readonly bytes: Uint8Array;

  /**
   * Does not own the descriptor. Frames go to bytes[offset, offset + length), and their header in front of that. The bytes
   * must stay where they are: no WebAssembly.Memory that grows.
   */
  constructor(fd: number, headerLength: number, bytes: Uint8Array, offset: number, length: number) {
    const start = offset - headerLength;
    if (start < 0 || offset + length > bytes.length)
      throw new RangeError(`bytes ${start}+${length} of ${bytes.length}`);
    this.fd = fd;
    this.headerLength = headerLength;
    this.most = headerLength + length;
    this.bytes = bytes;
    this.address = addressOf(bytes) + start;
    this.header = new DataView(bytes.buffer, bytes.byteOffset + start, headerLength);
  }

  /** Reads one frame: its length, -1 where none waits. A longer frame is cut. */
  read(): number {
    const count = libc.read(this.fd, this.address, this.most);
    if (count === -1) {
      const code = errno();
      if (code === EAGAIN || code === EINTR) return -1;
      fail('read');
    }
    return count < this.headerLength ? 0 : count - this.headerLength;
  }
}
