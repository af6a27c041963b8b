import { EAGAIN, EINTR } from './errors.ts';
import { check, errno, fail, libc } from './libc.ts';
import { AddressCache, NativeBlock } from './native-block.ts';

const F_GETFD = 1;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const O_NONBLOCK = 0o4000;

// One iovec: an address in an argument would be boxed at every call.
const vector = new NativeBlock(16);
const vectorAddress = vector.address;
const readCache = new AddressCache();
const writeCache = new AddressCache();

/** Closes a descriptor; it is gone even where the kernel reports an error of an earlier write. */
export function close(fd: number): void {
  if (libc.close(fd) === -1 && errno() !== EINTR) fail('close');
}

/** Reads up to `length` bytes: their number, 0 at the end, -1 where nothing is there yet. */
export function read(fd: number, bytes: Uint8Array, offset: number, length: number): number {
  vector.setPointer(0, readCache.of(bytes, offset, length));
  vector.setPointer(2, length);
  const count = libc.readv(fd, vectorAddress, 1);
  if (count === -1 && !mustWait()) fail('read');
  return count;
}

/** Writes up to `length` bytes: their number, or -1 where none can be taken now. */
export function write(fd: number, bytes: Uint8Array, offset: number, length: number): number {
  vector.setPointer(0, writeCache.of(bytes, offset, length));
  vector.setPointer(2, length);
  const count = libc.writev(fd, vectorAddress, 1);
  if (count === -1 && !mustWait()) fail('write');
  return count;
}

/** The call that has just failed can succeed later. */
export function mustWait(): boolean {
  const code = errno();
  return code === EAGAIN || code === EINTR;
}

export function setNonblocking(fd: number): void {
  const flags = check(libc.fcntl(fd, F_GETFL, 0), 'fcntl');
  if ((flags & O_NONBLOCK) === 0) check(libc.fcntl(fd, F_SETFL, flags | O_NONBLOCK), 'fcntl');
}

/** A second descriptor of the same open file; not inherited by programs that are started. */
export function duplicate(fd: number): number {
  return check(libc.fcntl(fd, F_DUPFD_CLOEXEC, 0), 'fcntl');
}

/** Whether the number is an open descriptor. */
export function isOpen(fd: number): boolean {
  return libc.fcntl(fd, F_GETFD, 0) !== -1;
}

const TIOCOUTQ = 0x5411;
const outQueue = new NativeBlock(8);

/** Bytes written to a unix socket that the other end has not read yet. */
export function unreadBytes(fd: number): number {
  check(libc.ioctl(fd, TIOCOUTQ, outQueue.address), 'ioctl');
  return outQueue.words[0]!;
}
