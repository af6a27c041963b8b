import {
  close,
  FrameDescriptor,
  isCongestion,
  makeOffload,
  openTap,
  readVirtioHeader,
  type Tap,
  VIRTIO_HEADER_LENGTH,
  writeVirtioHeader,
} from '../linux/index.ts';
import { Segmenter } from '../packet/index.ts';
import type { FrameOffload, WirePort } from '../ports/index.ts';
import { FrameWire, type WireContext } from './wire.ts';

export interface TapWireOptions {
  readonly ifname?: string | undefined;
  readonly fd?: number | undefined;
  /** Large segments and unfinished checksums both ways; on unless said otherwise, or where `fd` was opened without. */
  readonly vnet_hdr?: boolean | undefined;
}

/** A tap interface of the host. */
export class TapWire extends FrameWire {
  readonly interfaceName: string;
  private readonly tap: Tap;
  private readonly frames: FrameDescriptor;
  private readonly offload: FrameOffload;
  /** Cuts UDP segments where the kernel is too old to. */
  private readonly segmenter: Segmenter | undefined;

  constructor(context: WireContext, options: TapWireOptions) {
    const tap = openTap({
      ...(options.ifname === undefined ? {} : { name: options.ifname }),
      ...(options.fd === undefined ? {} : { fd: options.fd }),
      vnetHeader: options.vnet_hdr ?? true,
    });
    super(context, tap.fd);
    this.tap = tap;
    this.interfaceName = tap.name;
    this.frames = new FrameDescriptor(tap.fd, tap.vnetHeader ? VIRTIO_HEADER_LENGTH : 0);
    this.offload = makeOffload();
    this.segmenter = tap.vnetHeader && !tap.udpSegmentation ? new Segmenter() : undefined;
  }

  override get acceptsOffload(): boolean {
    return this.tap.vnetHeader;
  }

  send(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    if (!this.isOpen) {
      this.counters.dropped += 1;
      return;
    }
    if (offload !== undefined && offload.segmentation === 'udp' && this.segmenter !== undefined) {
      if (this.segmenter.segmentOffloaded(bytes, offset, length, offload, this) === 0) this.counters.dropped += 1;
      return;
    }
    if (this.tap.vnetHeader) writeVirtioHeader(this.frames.sentHeader, offload);
    const refused = this.frames.write(bytes, offset, length);
    if (refused === 0) this.countSent(length);
    else {
      // EIO while the interface is down, EINVAL for a frame that is none: dropped like one without room.
      this.counters.dropped += 1;
      if (!isCongestion(refused)) this.counters.malformed += 1;
    }
  }

  /** One piece of a frame that was cut here. */
  segment(bytes: Uint8Array, offset: number, length: number): void {
    this.send(bytes, offset, length, undefined);
  }

  protected closeDescriptors(): void {
    close(this.tap.fd);
  }

  protected receiveOne(port: WirePort): boolean {
    const { bytes, offset, length } = this.buffer;
    const count = this.frames.read(bytes, offset, length);
    if (count === -1) return false;
    const unfinished = this.tap.vnetHeader && readVirtioHeader(this.frames.receivedHeader, this.offload);
    this.deliver(port, bytes, offset, count, unfinished ? this.offload : undefined);
    return true;
  }
}
