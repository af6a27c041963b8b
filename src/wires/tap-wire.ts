import {
  close,
  FrameReader,
  FrameWriter,
  isCongestion,
  makeOffload,
  openTap,
  PieceWriter,
  readVirtioHeader,
  type Tap,
  VIRTIO_HEADER_LENGTH,
  writeVirtioHeader,
} from '../linux/index.ts';
import type { FrameOffload, FramePieces, WireGather, WirePort } from '../ports/index.ts';
import { UdpCutter } from './udp-cutter.ts';
import { FrameWire, type WireContext } from './wire.ts';

/** Room for a header in front of received frames, which keeps them aligned. */
const IN_FRONT = 64;

export interface TapWireOptions {
  readonly ifname?: string | undefined;
  readonly fd?: number | undefined;
  /** Large segments and unfinished checksums both ways; on unless said otherwise, or where `fd` was opened without. */
  readonly vnet_hdr?: boolean | undefined;
}

/** A tap interface of the host. */
export class TapWire extends FrameWire implements WireGather {
  readonly interfaceName: string;
  private readonly tap: Tap;
  private readonly writer: FrameWriter;
  private readonly reader: FrameReader;
  /** Where frames are read to. */
  private readonly at: number;
  private readonly pieces: PieceWriter;
  private readonly offload: FrameOffload;
  private readonly udp: UdpCutter | undefined;

  constructor(context: WireContext, options: TapWireOptions) {
    const tap = openTap({
      ...(options.ifname === undefined ? {} : { name: options.ifname }),
      ...(options.fd === undefined ? {} : { fd: options.fd }),
      vnetHeader: options.vnet_hdr ?? true,
    });
    super(context, tap.fd);
    this.tap = tap;
    this.interfaceName = tap.name;
    const headerLength = tap.vnetHeader ? VIRTIO_HEADER_LENGTH : 0;
    const { bytes, offset, length } = this.buffer;
    this.at = offset + IN_FRONT;
    this.writer = new FrameWriter(tap.fd, headerLength);
    this.reader = new FrameReader(tap.fd, headerLength, bytes, this.at, length - IN_FRONT);
    this.pieces = new PieceWriter(tap.fd, VIRTIO_HEADER_LENGTH);
    this.offload = makeOffload();
    this.udp = tap.vnetHeader && !tap.udpSegmentation ? new UdpCutter(this) : undefined;
  }

  override get acceptsOffload(): boolean {
    return this.tap.vnetHeader;
  }

  /** A kernel that wants UDP cut gets frames whole, so that they can be. */
  get gather(): WireGather | undefined {
    return this.tap.udpSegmentation ? this : undefined;
  }

  send(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    if (!this.isOpen) {
      this.counters.dropped += 1;
      return;
    }
    if (offload !== undefined && offload.segmentation === 'udp' && this.udp !== undefined) {
      this.udp.send(bytes, offset, length, offload);
      return;
    }
    if (this.tap.vnetHeader) writeVirtioHeader(this.writer.header, offload);
    this.wrote(this.writer.write(bytes, offset, length), length);
  }

  sendPieces(pieces: FramePieces, length: number, offload: FrameOffload): void {
    if (!this.isOpen) {
      this.counters.dropped += 1;
      return;
    }
    writeVirtioHeader(this.pieces.header, offload);
    this.wrote(this.pieces.write(pieces), length);
  }

  private wrote(refused: number, length: number): void {
    if (refused === 0) this.countSent(length);
    else {
      // EIO while the interface is down, EINVAL for a frame that is none: dropped like one without room.
      this.counters.dropped += 1;
      if (!isCongestion(refused)) this.counters.malformed += 1;
    }
  }

  protected closeDescriptors(): void {
    close(this.tap.fd);
  }

  protected receiveOne(port: WirePort): boolean {
    const count = this.reader.read();
    if (count === -1) return false;
    const unfinished = this.tap.vnetHeader && readVirtioHeader(this.reader.header, this.offload);
    this.deliver(port, this.buffer.bytes, this.at, count, unfinished ? this.offload : undefined);
    return true;
  }
}
