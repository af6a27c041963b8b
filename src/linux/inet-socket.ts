/** TCP and UDP sockets by numeric address. */
import { libc } from './libc.ts';
import { NativeBlock } from './native-block.ts';
import {
  bindSocket,
  connectSocket,
  listenSocket,
  localPort,
  openSocket,
  setOption,
  setOptionBytes,
  setReceiveBuffer,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from './socket.ts';
import { AF_INET6, inetAddress, ipv4Bytes } from './socket-address.ts';

const IPPROTO_IP = 0;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const IP_MULTICAST_IF = 32;
const IP_MULTICAST_LOOP = 34;
const IP_ADD_MEMBERSHIP = 35;
const DATAGRAM_BUFFER_BYTES = 1 << 20;

function guarded<T>(fd: number, body: () => T): T {
  try {
    return body();
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/** Listens for TCP connections; port 0 lets the kernel choose (`localPort`). */
export function listenTcp(host: string, port: number): number {
  const address = inetAddress(host, port);
  const fd = openSocket(address.family, SOCK_STREAM);
  return guarded(fd, () => {
    setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    bindSocket(fd, address, `${host} port ${port}`);
    listenSocket(fd, 1);
    return fd;
  });
}

/** Starts a TCP connection: it stands when the descriptor is writable and `socketError` says 0. */
export function connectTcp(host: string, port: number): number {
  const address = inetAddress(host, port);
  const fd = openSocket(address.family, SOCK_STREAM);
  return guarded(fd, () => {
    setNoDelay(fd);
    connectSocket(fd, address, `${host} port ${port}`);
    return fd;
  });
}

/** Frames leave at once. */
export function setNoDelay(fd: number): void {
  setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

/** A UDP socket bound to a local address. */
export function bindUdp(host: string, port: number): number {
  const address = inetAddress(host, port);
  const fd = openSocket(address.family, SOCK_DGRAM);
  return guarded(fd, () => {
    if (address.family !== AF_INET6) setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    setReceiveBuffer(fd, DATAGRAM_BUFFER_BYTES);
    bindSocket(fd, address, `${host} port ${port}`);
    return fd;
  });
}

/** True for 224.0.0.0/4. */
export function isMulticast(host: string): boolean {
  const first = ipv4Bytes(host)[0]!;
  return first >= 224 && first < 240;
}

export interface MulticastPair {
  /** Bound to the group: what its members send, ourselves included. */
  readonly receiver: number;
  /** Connected to the group. Its own address tells our frames from those of others. */
  readonly sender: number;
  /** sockaddr_in of `sender`, 8 bytes. */
  readonly senderAddress: Uint8Array;
}

/** Joins an IPv4 multicast group on the interface that has `localHost` (or any). Frames reach members on this host, too. */
export function joinMulticast(group: string, port: number, localHost?: string): MulticastPair {
  const address = inetAddress(group, port);
  const membership = new NativeBlock(8);
  membership.bytes.set(ipv4Bytes(group), 0);
  if (localHost !== undefined) membership.bytes.set(ipv4Bytes(localHost), 4);
  const receiver = openSocket(address.family, SOCK_DGRAM);
  return guarded(receiver, () => {
    setOption(receiver, SOL_SOCKET, SO_REUSEADDR, 1);
    setReceiveBuffer(receiver, DATAGRAM_BUFFER_BYTES);
    bindSocket(receiver, address, `${group} port ${port}`);
    setOptionBytes(receiver, IPPROTO_IP, IP_ADD_MEMBERSHIP, membership, 8);
    const sender = openSocket(address.family, SOCK_DGRAM);
    return guarded(sender, () => {
      setOption(sender, IPPROTO_IP, IP_MULTICAST_LOOP, 1);
      if (localHost !== undefined) {
        const local = new NativeBlock(8);
        local.bytes.set(ipv4Bytes(localHost));
        setOptionBytes(sender, IPPROTO_IP, IP_MULTICAST_IF, local, 4);
      }
      connectSocket(sender, address, `${group} port ${port}`);
      return { receiver, sender, senderAddress: localAddress(sender) };
    });
  });
}

/** The first 8 bytes of the sockaddr_in an IPv4 socket is bound to: family, port, address. */
function localAddress(fd: number): Uint8Array {
  const block = new NativeBlock(32);
  block.words[4] = 16;
  libc.getsockname(fd, block.address, block.address + 16);
  return block.bytes.slice(0, 8);
}

export { localPort };
