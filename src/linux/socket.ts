/** What sockets of all families share. All are nonblocking and closed on exec. */
import { EAGAIN, EINPROGRESS } from './errors.ts';
import { check, errno, fail, libc } from './libc.ts';
import { NativeBlock } from './native-block.ts';
import type { SocketAddress } from './socket-address.ts';

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
const SO_TYPE = 3;
const SO_ERROR = 4;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;

const scratch = new NativeBlock(16);

export function openSocket(family: number, type: number, protocol = 0): number {
  return check(libc.socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol), 'socket');
}

/** A connected pair of unix sockets. */
export function socketPair(family: number, type: number): [number, number] {
  check(libc.socketpair(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, scratch.address), 'socketpair');
  return [scratch.words[0]!, scratch.words[1]!];
}

export function bindSocket(fd: number, address: SocketAddress, detail?: string): void {
  check(libc.bind(fd, address.block.address, address.length), 'bind', detail);
}

/** Starts to listen. */
export function listenSocket(fd: number, backlog: number): void {
  check(libc.listen(fd, backlog), 'listen');
}

/** The next connection, or -1 where none waits (any more). */
export function acceptSocket(fd: number): number {
  const accepted = libc.accept4(fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted === -1) {
    const code = errno();
    // ECONNABORTED and its like concern one connection that went before it was taken.
    if (code === EAGAIN || code === 4 || code === 71 || code === 103) return -1;
    fail('accept4');
  }
  return accepted;
}

/** Starts to connect; false while it is under way: writable then, and `socketError` says how it ended. */
export function connectSocket(fd: number, address: SocketAddress, detail?: string): boolean {
  if (libc.connect(fd, address.block.address, address.length) !== -1) return true;
  if (errno() === EINPROGRESS) return false;
  fail('connect', detail);
}

/** The pending error of a socket as an errno value, 0 for none; taking it clears it. */
export function socketError(fd: number): number {
  return getOption(fd, SOL_SOCKET, SO_ERROR);
}

export function setOption(fd: number, level: number, option: number, value: number): void {
  scratch.words[0] = value;
  check(libc.setsockopt(fd, level, option, scratch.address, 4), 'setsockopt');
}

export function setOptionBytes(fd: number, level: number, option: number, value: NativeBlock, length: number): void {
  check(libc.setsockopt(fd, level, option, value.address, length), 'setsockopt');
}

export function getOption(fd: number, level: number, option: number): number {
  scratch.words[0] = 0;
  scratch.words[2] = 4;
  check(libc.getsockopt(fd, level, option, scratch.address, scratch.address + 8), 'getsockopt');
  return scratch.view.getInt32(0, true);
}

/** The port a TCP or UDP socket is bound to. */
export function localPort(fd: number): number {
  const address = new NativeBlock(32);
  address.words[7] = 28;
  check(libc.getsockname(fd, address.address, address.address + 28), 'getsockname');
  return address.view.getUint16(2);
}

/** A socket that keeps the bounds of what is sent, as against a stream. Throws 'ENOTSOCK'. */
export function isDatagramSocket(fd: number): boolean {
  return getOption(fd, SOL_SOCKET, SO_TYPE) === SOCK_DGRAM;
}

/** Lets more bytes wait to be read: beyond the host's limit (net.core.rmem_max) where we have the right to, else up to it. */
export function setReceiveBuffer(fd: number, lengthBytes: number): void {
  scratch.words[0] = lengthBytes;
  if (libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, scratch.address, 4) === -1) {
    setOption(fd, SOL_SOCKET, SO_RCVBUF, lengthBytes);
  }
}
