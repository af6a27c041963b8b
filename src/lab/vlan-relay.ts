/**
 * A worker that tags and untags frames between the host's interface and one end of a veth, whose other end is then the
 * host's interface in that VLAN. The kernel's own VLAN interfaces need a module that a user namespace cannot load.
 */
import { parentPort, workerData } from 'node:worker_threads';
import {
  EPOLLIN,
  EventLoop,
  FrameWriter,
  openPacketSocket,
  PacketReceiver,
  stopAtExit,
  VIRTIO_HEADER_LENGTH,
} from '../linux/index.ts';

export interface VlanRelayData {
  readonly tag: number;
  /** The interface with tagged frames, and the veth's end without tags. */
  readonly outer: string;
  readonly inner: string;
}

const tagLength = 4;
const addressesLength = 12;
const tagProtocol = 0x8100;
/** Room for the largest unsegmented packet. */
const bufferLength = 68 * 1024;
const needsChecksum = 1;

/** Copies what a virtio_net_hdr says of a frame that becomes `shift` bytes longer before its payload. */
export function shiftedHeader(from: DataView, to: DataView, shift: number): void {
  const flags = from.getUint8(0) & needsChecksum;
  const segmentation = from.getUint8(1);
  to.setUint8(0, flags);
  to.setUint8(1, segmentation);
  to.setUint16(2, segmentation === 0 ? 0 : from.getUint16(2, true) + shift, true);
  to.setUint16(4, from.getUint16(4, true), true);
  to.setUint16(6, flags === 0 ? 0 : from.getUint16(6, true) + shift, true);
  to.setUint16(8, flags === 0 ? 0 : from.getUint16(8, true), true);
}

function relay({ tag, outer, inner }: VlanRelayData): void {
  const loop = new EventLoop();
  const bytes = new Uint8Array(bufferLength);
  const ends = [outer, inner].map((interfaceName) => {
    const fd = openPacketSocket({ interfaceName });
    return { fd, receiver: new PacketReceiver(fd), sender: new FrameWriter(fd, VIRTIO_HEADER_LENGTH) };
  });
  const [tagged, plain] = [ends[0]!, ends[1]!];
  loop.watch(tagged.fd, EPOLLIN, () => {
    // The kernel keeps a tag beside the frame, so one that came with it has lost it already.
    for (let length = read(tagged.receiver); length >= 0; length = read(tagged.receiver)) {
      if (length < addressesLength || (tagged.receiver.vlanTag & 0xfff) !== tag || tagged.receiver.vlanTag < 0)
        continue;
      shiftedHeader(tagged.receiver.header, plain.sender.header, 0);
      plain.sender.write(bytes, tagLength, length);
    }
  });
  loop.watch(plain.fd, EPOLLIN, () => {
    for (let length = read(plain.receiver); length >= 0; length = read(plain.receiver)) {
      if (length < addressesLength) continue;
      bytes.copyWithin(0, tagLength, tagLength + addressesLength);
      bytes.set([tagProtocol >>> 8, tagProtocol & 0xff, tag >>> 8, tag & 0xff], addressesLength);
      shiftedHeader(plain.receiver.header, tagged.sender.header, tagLength);
      tagged.sender.write(bytes, 0, length + tagLength);
    }
  });
  const read = (receiver: PacketReceiver): number => receiver.read(bytes, tagLength, bufferLength - tagLength);
  stopAtExit(loop.wakeFd);
  parentPort?.postMessage(loop.wakeFd);
  void loop.drive();
}

if (parentPort !== null) relay(workerData as VlanRelayData);
