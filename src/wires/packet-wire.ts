import {
  close,
  EINVAL,
  FrameWriter,
  makeOffload,
  openPacketSocket,
  PacketReceiver,
  readVirtioHeader,
  SystemError,
  VIRTIO_HEADER_LENGTH,
  writeVirtioHeader,
} from '../linux/index.ts';
import type { FrameOffload, WirePort } from '../ports/index.ts';
import { UdpCutter } from './udp-cutter.ts';
import { FrameWire, type WireContext } from './wire.ts';

export interface PacketWireOptions {
  readonly ifname?: string | undefined;
  readonly fd?: number | undefined;
  /**
   * Whether frames are taken with work left to do; on unless said otherwise. Received ones carry it in any case: the other
   * end of a veth leaves checksums and segments to whoever receives.
   */
  readonly vnet_hdr?: boolean | undefined;
}

const TAG_LENGTH = 4;
const ADDRESSES_LENGTH = 12;

/** One end of a veth through a packet socket, for hosts without /dev/net/tun. */
export class PacketWire extends FrameWire {
  private readonly socket: number;
  private readonly takesOffload: boolean;
  private readonly frames: FrameWriter;
  private readonly receiver: PacketReceiver;
  private readonly offload: FrameOffload;
  private udp: UdpCutter | undefined;

  constructor(context: WireContext, options: PacketWireOptions) {
    const socket = openPacketSocket({
      ...(options.ifname === undefined ? {} : { interfaceName: options.ifname }),
      ...(options.fd === undefined ? {} : { fd: options.fd }),
    });
    super(context, socket);
    this.socket = socket;
    this.takesOffload = options.vnet_hdr ?? true;
    this.frames = new FrameWriter(socket, VIRTIO_HEADER_LENGTH);
    this.receiver = new PacketReceiver(socket);
    this.offload = makeOffload();
    this.udp = undefined;
  }

  override get acceptsOffload(): boolean {
    return this.takesOffload;
  }

  send(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    const udp = offload !== undefined && offload.segmentation === 'udp';
    if (udp && this.udp !== undefined) {
      this.udp.send(bytes, offset, length, offload);
      return;
    }
    if (this.isOpen) {
      writeVirtioHeader(this.frames.header, offload);
      const refused = this.frames.write(bytes, offset, length);
      if (refused === 0) {
        this.countSent(length);
        return;
      }
      if (udp && refused === EINVAL) {
        // Only now can it be known.
        this.udp = new UdpCutter(this);
        this.udp.send(bytes, offset, length, offload);
        return;
      }
    }
    this.counters.dropped += 1;
  }

  protected closeDescriptors(): void {
    close(this.socket);
  }

  protected receiveOne(port: WirePort): boolean {
    const { bytes } = this.buffer;
    // Room in front, so that a tag goes in by moving the two addresses only.
    let at = this.buffer.offset + TAG_LENGTH;
    let length = this.read(bytes, at, this.buffer.length - TAG_LENGTH);
    if (length === -1) return false;
    const unfinished = readVirtioHeader(this.receiver.header, this.offload);
    const tag = this.receiver.vlanTag;
    if (tag !== -1 && length >= ADDRESSES_LENGTH) {
      bytes.copyWithin(at - TAG_LENGTH, at, at + ADDRESSES_LENGTH);
      at -= TAG_LENGTH;
      length += TAG_LENGTH;
      const protocol = this.receiver.vlanProtocol;
      bytes[at + 12] = protocol >>> 8;
      bytes[at + 13] = protocol;
      bytes[at + 14] = tag >>> 8;
      bytes[at + 15] = tag;
      this.offload.checksumStart += TAG_LENGTH;
      this.offload.headerLength += TAG_LENGTH;
    }
    this.deliver(port, bytes, at, length, unfinished ? this.offload : undefined);
    return true;
  }

  private read(bytes: Uint8Array, offset: number, length: number): number {
    try {
      return this.receiver.read(bytes, offset, length);
    } catch (error) {
      // Reported once when the interface is set down; it can come up again.
      if (error instanceof SystemError && error.code === 'ENETDOWN') return -1;
      throw error;
    }
  }
}
