import { EAGAIN } from './errors.ts';
import { check, errno, fail, libc } from './libc.ts';
import { NativeBlock } from './native-block.ts';

const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
const POLLOUT = 4;

const one = new NativeBlock(8);
one.words[0] = 1;
const value = new NativeBlock(8);
/** struct pollfd: descriptor, then events and returned events in one dword. */
const polled = new NativeBlock(8);

/** A new eventfd, nonblocking, its counter at 0. */
export function createEventFd(): number {
  return check(libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), 'eventfd');
}

/** Adds 1 to the counter. A full counter is signalled anyway. */
export function signal(fd: number): void {
  if (libc.write(fd, one.address, 8) === -1 && errno() !== EAGAIN) fail('write');
}

/**
 * Adds 1 to the counter of an eventfd that another process has as well, and could make blocking: a counter without room is
 * left as it is, since whoever reads it finds it signalled.
 */
export function signalShared(fd: number): void {
  polled.words[0] = fd;
  polled.words[1] = POLLOUT;
  if (libc.poll(polled.address, 1, 0) === 1 && polled.words[1] >>> 16 === POLLOUT) signal(fd);
}

/** Adds any number below 2^53 to the counter. */
export function signalBy(fd: number, count: number): void {
  value.setPointer(0, count);
  if (libc.write(fd, value.address, 8) === -1 && errno() !== EAGAIN) fail('write');
}

/** Takes the counter and sets it to 0; 0 where it was not signalled. */
export function drain(fd: number): number {
  if (libc.read(fd, value.address, 8) === -1) {
    if (errno() === EAGAIN) return 0;
    fail('read');
  }
  return value.words[0]! + value.words[1]! * 4294967296;
}
