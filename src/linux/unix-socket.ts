import { fchmodSync, lstatSync, unlinkSync } from 'node:fs';
import { SystemError } from './errors.ts';
import { mustWait } from './descriptor.ts';
import { check, fail, libc } from './libc.ts';
import { AddressCache, NativeBlock } from './native-block.ts';
import {
  acceptSocket,
  bindSocket,
  connectSocket,
  listenSocket,
  openSocket,
  SOCK_DGRAM,
  SOCK_STREAM,
  socketPair,
} from './socket.ts';
import { AF_UNIX, unixAddress } from './socket-address.ts';

const OWNER_ONLY = 0o600;

/** Listens at a path, for its owner only. A socket file that nobody listens on any more is replaced. */
export function listenUnix(path: string, options: { backlog?: number } = {}): number {
  const address = unixAddress(path);
  removeStale(path, SOCK_STREAM);
  const fd = openSocket(AF_UNIX, SOCK_STREAM);
  try {
    bindPrivately(fd, address, path);
    listenSocket(fd, options.backlog ?? 16);
  } catch (error) {
    libc.close(fd);
    throw error;
  }
  return fd;
}

/** The next connection, or -1 where none waits. */
export function acceptUnix(fd: number): number {
  return acceptSocket(fd);
}

/** Connects at once or throws ('ENOENT', 'ECONNREFUSED', 'EAGAIN' where the listener's queue is full). */
export function connectUnix(path: string): number {
  return openConnected(path, SOCK_STREAM);
}

/** A datagram socket bound to a path (replacing a stale one), for its owner only. */
export function bindUnixDatagram(path: string): number {
  const address = unixAddress(path);
  removeStale(path, SOCK_DGRAM);
  const fd = openSocket(AF_UNIX, SOCK_DGRAM);
  try {
    bindPrivately(fd, address, path);
  } catch (error) {
    libc.close(fd);
    throw error;
  }
  return fd;
}

/** A connected pair of stream sockets. */
export function streamPair(): [number, number] {
  return socketPair(AF_UNIX, SOCK_STREAM);
}

/** A connected pair of datagram sockets. */
export function datagramPair(): [number, number] {
  return socketPair(AF_UNIX, SOCK_DGRAM);
}

/** The file gets the mode that the socket has before it is bound: there is no moment in which anybody else may connect. */
function bindPrivately(fd: number, address: ReturnType<typeof unixAddress>, path: string): void {
  fchmodSync(fd, OWNER_ONLY);
  bindSocket(fd, address, path);
}

function openConnected(path: string, type: number): number {
  const address = unixAddress(path);
  const fd = openSocket(AF_UNIX, type);
  try {
    connectSocket(fd, address, path);
  } catch (error) {
    libc.close(fd);
    throw error;
  }
  return fd;
}

function removeStale(path: string, type: number): void {
  if (path.startsWith('\0') || lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  try {
    libc.close(openConnected(path, type));
  } catch (error) {
    if (error instanceof SystemError && error.code === 'ECONNREFUSED') unlinkSync(path);
  }
}

const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SCM_RIGHTS = 1;
/** Descriptors that the kernel passes in one message at most. */
const MAXIMUM_FDS = 253;

// One block: msghdr of 56 bytes, iovec of 16, control header of 16 with the descriptors behind it. Indices are dwords.
const MSG_IOV = 4;
const MSG_IOVLEN = 6;
const MSG_CONTROL = 8;
const MSG_CONTROLLEN = 10;
const IOV_BASE = 14;
const IOV_LEN = 16;
const CMSG_LEN = 18;
const CMSG_LEVEL = 20;
const CMSG_TYPE = 21;
const CMSG_DATA = 22;
const CONTROL_AT = CMSG_LEN * 4;
const CONTROL_HEADER = 16;
const SOL_SOCKET = 1;

function messageBlock(): NativeBlock {
  const block = new NativeBlock(CONTROL_AT + CONTROL_HEADER + 4 * MAXIMUM_FDS);
  block.setPointer(MSG_IOV, block.address + IOV_BASE * 4);
  block.words[MSG_IOVLEN] = 1;
  block.setPointer(MSG_CONTROL, block.address + CONTROL_AT);
  return block;
}

/** A connected unix stream socket over which descriptors travel with the bytes. */
export class MessageSocket {
  readonly fd: number;
  /** The first `receivedFdCount` entries came with the last `receive`; whoever called it owns and closes them. */
  readonly receivedFds: Int32Array;
  receivedFdCount: number;
  private readonly incoming: NativeBlock;
  private readonly outgoing: NativeBlock;
  private readonly incomingAddress: number;
  private readonly outgoingAddress: number;
  private readonly receiveCache: AddressCache;
  private readonly sendCache: AddressCache;
  private open: boolean;

  /** Takes the descriptor over. */
  constructor(fd: number) {
    this.fd = fd;
    this.receivedFds = new Int32Array(MAXIMUM_FDS);
    this.receivedFdCount = 0;
    this.incoming = messageBlock();
    this.outgoing = messageBlock();
    this.incomingAddress = this.incoming.address;
    this.outgoingAddress = this.outgoing.address;
    this.receiveCache = new AddressCache();
    this.sendCache = new AddressCache();
    this.open = true;
  }

  /** Reads into buffer[offset…]: bytes, 0 at the end of the stream, -1 where nothing waits. */
  receive(buffer: Uint8Array, offset: number, length: number): number {
    const { words } = this.incoming;
    this.incoming.setPointer(IOV_BASE, this.receiveCache.of(buffer, offset, length));
    words[IOV_LEN] = length;
    words[MSG_CONTROLLEN] = CONTROL_HEADER + 4 * MAXIMUM_FDS;
    this.receivedFdCount = 0;
    const count = libc.recvmsg(this.fd, this.incomingAddress, MSG_CMSG_CLOEXEC);
    if (count === -1) {
      if (mustWait()) return -1;
      fail('recvmsg');
    }
    if (words[MSG_CONTROLLEN] >= CONTROL_HEADER) this.takeDescriptors();
    return count;
  }

  /** Writes buffer[offset…]: bytes taken (the descriptors went with the first), or -1 where none can be taken now. */
  send(buffer: Uint8Array, offset: number, length: number, fds?: readonly number[]): number {
    const { words } = this.outgoing;
    this.outgoing.setPointer(IOV_BASE, this.sendCache.of(buffer, offset, length));
    words[IOV_LEN] = length;
    words[MSG_CONTROLLEN] = fds === undefined || fds.length === 0 ? 0 : this.putDescriptors(fds);
    const count = libc.sendmsg(this.fd, this.outgoingAddress, MSG_NOSIGNAL);
    if (count === -1 && !mustWait()) fail('sendmsg');
    return count;
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    check(libc.close(this.fd), 'close');
  }

  private takeDescriptors(): void {
    const { words } = this.incoming;
    if (words[CMSG_LEVEL] !== SOL_SOCKET || words[CMSG_TYPE] !== SCM_RIGHTS) return;
    const count = (words[CMSG_LEN]! - CONTROL_HEADER) >>> 2;
    for (let i = 0; i < count; i++) this.receivedFds[i] = words[CMSG_DATA + i]!;
    this.receivedFdCount = count;
  }

  private putDescriptors(fds: readonly number[]): number {
    if (fds.length > MAXIMUM_FDS) throw new RangeError(`${fds.length} descriptors in one message`);
    const { words } = this.outgoing;
    words[CMSG_LEN] = CONTROL_HEADER + 4 * fds.length;
    words[CMSG_LEVEL] = SOL_SOCKET;
    words[CMSG_TYPE] = SCM_RIGHTS;
    for (let i = 0; i < fds.length; i++) words[CMSG_DATA + i] = fds[i]!;
    return (CONTROL_HEADER + 4 * fds.length + 7) & ~7;
  }
}
