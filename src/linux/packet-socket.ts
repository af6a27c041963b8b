/** AF_PACKET sockets: raw frames of an interface, here of one end of a veth. */
import { SystemError } from './errors.ts';
import { mustWait, setNonblocking } from './descriptor.ts';
import { check, fail, libc } from './libc.ts';
import { AddressCache, cString, NativeBlock } from './native-block.ts';
import { openSocket, setOption, setOptionBytes, setReceiveBuffer, SOCK_RAW } from './socket.ts';
import { VIRTIO_HEADER_LENGTH } from './virtio-header.ts';

const AF_PACKET = 17;
/** ETH_P_ALL in network order. */
const ALL_PROTOCOLS = 0x0300;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_AUXDATA = 8;
const PACKET_VNET_HDR = 15;
const PACKET_IGNORE_OUTGOING = 23;
const PACKET_MR_PROMISC = 1;
/** A frame of 64 KiB counts for more than its bytes; the usual limit would hold three of them. */
const RECEIVE_BUFFER_BYTES = 4 << 20;

export interface PacketSocketOptions {
  /** Interface to open. */
  readonly interfaceName?: string;
  /** An opened and bound packet socket instead, taken over. */
  readonly fd?: number;
}

/**
 * Opens a socket that sees all frames that reach the interface, and none that this host sends there. Each carries a
 * virtio_net_hdr: without one nobody would know which checksums are still to be computed.
 */
export function openPacketSocket(options: PacketSocketOptions): number {
  const fd = options.fd ?? openSocket(AF_PACKET, SOCK_RAW, 0);
  try {
    setNonblocking(fd);
    setOption(fd, SOL_PACKET, PACKET_VNET_HDR, 1);
    setOption(fd, SOL_PACKET, PACKET_AUXDATA, 1);
    setOption(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
    setReceiveBuffer(fd, RECEIVE_BUFFER_BYTES);
    if (options.fd === undefined) attach(fd, options.interfaceName ?? '');
  } catch (error) {
    if (options.fd === undefined) libc.close(fd);
    throw error;
  }
  return fd;
}

/** Binds to the interface and has it pass all frames, whatever their address. */
function attach(fd: number, name: string): void {
  const index = libc.if_nametoindex(cString(name).address);
  if (index === 0) throw new SystemError('ENODEV', 'if_nametoindex', `no interface ${name}`);
  const request = new NativeBlock(16);
  request.words[0] = index;
  request.view.setUint16(4, PACKET_MR_PROMISC, true);
  setOptionBytes(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, request, 16);
  const address = new NativeBlock(24);
  address.view.setUint16(0, AF_PACKET, true);
  address.view.setUint16(2, ALL_PROTOCOLS, true);
  address.words[1] = index;
  check(libc.bind(fd, address.address, 20), 'bind', name);
}

// One block: msghdr (56), two iovecs (32), control data (64), virtio_net_hdr (16). Indices are dwords.
const MSG_IOV = 4;
const MSG_IOVLEN = 6;
const MSG_CONTROL = 8;
const MSG_CONTROLLEN = 10;
const IOV = 14;
const FRAME_BASE = IOV + 4;
const FRAME_LEN = IOV + 6;
const CONTROL = 22;
const CONTROL_BYTES = 64;
const HEADER = CONTROL + CONTROL_BYTES / 4;
/** struct tpacket_auxdata lies behind the control header of 16 bytes. */
const AUX_STATUS = CONTROL + 4;
const AUX_AT = (CONTROL + 4) * 4;
const TP_STATUS_VLAN_VALID = 0x10;
const TP_STATUS_VLAN_TPID_VALID = 0x40;

/** Reads frames with the VLAN tag that the kernel keeps beside them. */
export class PacketReceiver {
  /** The virtio_net_hdr of the last frame. */
  readonly header: DataView;
  /** The last frame had a tag: its 16 bits of TCI, or -1 for none. It is not in the bytes. */
  vlanTag: number;
  vlanProtocol: number;
  private readonly fd: number;
  private readonly block: NativeBlock;
  private readonly address: number;
  private readonly cache: AddressCache;

  constructor(fd: number) {
    this.fd = fd;
    this.vlanTag = -1;
    this.vlanProtocol = 0x8100;
    this.block = new NativeBlock(HEADER * 4 + 16);
    this.address = this.block.address;
    this.cache = new AddressCache();
    this.header = new DataView(this.block.bytes.buffer, HEADER * 4, VIRTIO_HEADER_LENGTH);
    this.block.setPointer(MSG_IOV, this.address + IOV * 4);
    this.block.words[MSG_IOVLEN] = 2;
    this.block.setPointer(MSG_CONTROL, this.address + CONTROL * 4);
    this.block.setPointer(IOV, this.address + HEADER * 4);
    this.block.words[IOV + 2] = VIRTIO_HEADER_LENGTH;
  }

  /** Reads one frame: its length, -1 where none waits. */
  read(bytes: Uint8Array, offset: number, length: number): number {
    const { words } = this.block;
    this.block.setPointer(FRAME_BASE, this.cache.of(bytes, offset, length));
    words[FRAME_LEN] = length;
    words[MSG_CONTROLLEN] = CONTROL_BYTES;
    const count = libc.recvmsg(this.fd, this.address, 0);
    if (count === -1) {
      if (mustWait()) return -1;
      fail('recvmsg');
    }
    this.vlanTag = -1;
    if (words[MSG_CONTROLLEN] > 16 && words[CONTROL + 2] === SOL_PACKET && words[CONTROL + 3] === PACKET_AUXDATA) {
      const status = words[AUX_STATUS]!;
      if ((status & TP_STATUS_VLAN_VALID) !== 0) {
        this.vlanTag = this.block.view.getUint16(AUX_AT + 16, true);
        const known = (status & TP_STATUS_VLAN_TPID_VALID) !== 0;
        this.vlanProtocol = known ? this.block.view.getUint16(AUX_AT + 18, true) : 0x8100;
      }
    }
    return count < VIRTIO_HEADER_LENGTH ? 0 : count - VIRTIO_HEADER_LENGTH;
  }
}
