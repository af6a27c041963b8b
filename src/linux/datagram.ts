import { EAGAIN, EINTR } from './errors.ts';
import { errno, fail, libc } from './libc.ts';
import { AddressCache, NativeBlock } from './native-block.ts';
import type { SocketAddress } from './socket-address.ts';

const MSG_NOSIGNAL = 0x4000;
/** What a peer that is not (yet, or no longer) there makes a read report. */
const ECONNREFUSED = 111;

// One block: msghdr (56), iovec (16), source address (112). Indices are dwords.
const MSG_NAME = 0;
const MSG_NAMELEN = 2;
const MSG_IOV = 4;
const MSG_IOVLEN = 6;
const IOV_BASE = 14;
const IOV_LEN = 16;
const NAME = 18;
const NAME_BYTES = 112;

function messageBlock(): NativeBlock {
  const block = new NativeBlock(NAME * 4 + NAME_BYTES);
  block.setPointer(MSG_IOV, block.address + IOV_BASE * 4);
  block.words[MSG_IOVLEN] = 1;
  return block;
}

/** A datagram socket, one frame a datagram. Does not own the descriptor. */
export class DatagramSocket {
  readonly fd: number;
  /** sockaddr of the sender of the datagram last read. */
  readonly source: Uint8Array;
  private readonly incoming: NativeBlock;
  private readonly outgoing: NativeBlock;
  private readonly incomingAddress: number;
  private readonly outgoingAddress: number;
  private readonly readCache: AddressCache;
  private readonly writeCache: AddressCache;

  /** Without a destination the socket must be connected. */
  constructor(fd: number, destination?: SocketAddress) {
    this.fd = fd;
    this.incoming = messageBlock();
    this.outgoing = messageBlock();
    this.incomingAddress = this.incoming.address;
    this.outgoingAddress = this.outgoing.address;
    this.incoming.setPointer(MSG_NAME, this.incomingAddress + NAME * 4);
    this.source = this.incoming.bytes.subarray(NAME * 4, NAME * 4 + NAME_BYTES);
    if (destination !== undefined) {
      this.outgoing.bytes.set(destination.block.bytes.subarray(0, destination.length), NAME * 4);
      this.outgoing.setPointer(MSG_NAME, this.outgoingAddress + NAME * 4);
      this.outgoing.words[MSG_NAMELEN] = destination.length;
    }
    this.readCache = new AddressCache();
    this.writeCache = new AddressCache();
  }

  /** Reads one datagram: its length (0 is possible), -1 where none waits. */
  read(bytes: Uint8Array, offset: number, length: number): number {
    this.incoming.setPointer(IOV_BASE, this.readCache.of(bytes, offset, length));
    this.incoming.words[IOV_LEN] = length;
    this.incoming.words[MSG_NAMELEN] = NAME_BYTES;
    const count = libc.recvmsg(this.fd, this.incomingAddress, 0);
    if (count === -1) {
      const code = errno();
      if (code === EAGAIN || code === EINTR || code === ECONNREFUSED) return -1;
      fail('recvmsg');
    }
    return count;
  }

  /** Sends one datagram; 0, or the errno value with which the kernel refused it. */
  write(bytes: Uint8Array, offset: number, length: number): number {
    this.outgoing.setPointer(IOV_BASE, this.writeCache.of(bytes, offset, length));
    this.outgoing.words[IOV_LEN] = length;
    return libc.sendmsg(this.fd, this.outgoingAddress, MSG_NOSIGNAL) === -1 ? errno() : 0;
  }

  /** The source of the last datagram is the IPv4 address and port of these 8 bytes of sockaddr_in. */
  cameFrom(address: Uint8Array): boolean {
    for (let at = 0; at < 8; at++) if (this.source[at] !== address[at]) return false;
    return true;
  }
}
