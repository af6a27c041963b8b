import { EAGAIN } from './errors.ts';
import { check, errno, fail, libc } from './libc.ts';
import { NativeBlock } from './native-block.ts';

const CLOCK_MONOTONIC = 1;
const TFD_CLOEXEC = 0o2000000;
const TFD_NONBLOCK = 0o4000;

// struct itimerspec: interval, then first expiry, each seconds and nanoseconds in 64 bits.
const spec = new NativeBlock(32);
const count = new NativeBlock(8);

/** A new timer on the monotonic clock, nonblocking and not armed. */
export function createTimerFd(): number {
  return check(libc.timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), 'timerfd_create');
}

/** Lets the timer expire once `delayNs` from now (at least 1); 0 disarms it. */
export function setTimerFd(fd: number, delayNs: number, intervalNs = 0): void {
  spec.setPointer(0, Math.floor(intervalNs / 1e9));
  spec.setPointer(2, intervalNs % 1e9);
  spec.setPointer(4, Math.floor(delayNs / 1e9));
  spec.setPointer(6, delayNs % 1e9);
  check(libc.timerfd_settime(fd, 0, spec.address, 0), 'timerfd_settime');
}

/** Expiries since the last call. */
export function drainTimerFd(fd: number): number {
  if (libc.read(fd, count.address, 8) === -1) {
    if (errno() === EAGAIN) return 0;
    fail('read');
  }
  return count.words[0]! + count.words[1]! * 4294967296;
}
