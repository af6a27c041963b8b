/**
 * The calls into libc. Pointers are plain numbers (user addresses stay below 2^47) and results are C ints or 64-bit
 * integers, so that a call neither converts nor allocates. Nothing outside this folder sees an address.
 */
import koffi from 'koffi';
import { errorCode, SystemError } from './errors.ts';

type Call = (...args: number[]) => number;
const library = koffi.load('libc.so.6');
const declare = (name: string, result: 'int' | 'int64' | 'uintptr_t', args: string[]): Call =>
  library.func(name, result, args);

const pointer = 'uintptr_t';

export const libc = {
  accept4: declare('accept4', 'int', ['int', pointer, pointer, 'int']),
  bind: declare('bind', 'int', ['int', pointer, 'uint']),
  close: declare('close', 'int', ['int']),
  connect: declare('connect', 'int', ['int', pointer, 'uint']),
  epoll_create1: declare('epoll_create1', 'int', ['int']),
  epoll_ctl: declare('epoll_ctl', 'int', ['int', 'int', 'int', pointer]),
  epoll_wait: declare('epoll_wait', 'int', ['int', pointer, 'int', 'int']),
  epoll_pwait2: declare('epoll_pwait2', 'int', ['int', pointer, 'int', pointer, pointer]),
  eventfd: declare('eventfd', 'int', ['uint', 'int']),
  fcntl: declare('fcntl', 'int', ['int', 'int', 'int64']),
  ftruncate: declare('ftruncate', 'int', ['int', 'int64']),
  getsockname: declare('getsockname', 'int', ['int', pointer, pointer]),
  getsockopt: declare('getsockopt', 'int', ['int', 'int', 'int', pointer, pointer]),
  if_nametoindex: declare('if_nametoindex', 'int', [pointer]),
  ioctl: declare('ioctl', 'int', ['int', 'uint64', pointer]),
  listen: declare('listen', 'int', ['int', 'int']),
  madvise: declare('madvise', 'int', [pointer, 'size_t', 'int']),
  memfd_create: declare('memfd_create', 'int', [pointer, 'uint']),
  mmap: declare('mmap', 'int64', [pointer, 'size_t', 'int', 'int', 'int', 'int64']),
  munmap: declare('munmap', 'int', [pointer, 'size_t']),
  nanosleep: declare('nanosleep', 'int', [pointer, pointer]),
  open: declare('open', 'int', [pointer, 'int', 'uint']),
  poll: declare('poll', 'int', [pointer, 'uint64', 'int']),
  prctl: declare('prctl', 'int', ['int', 'uint64', 'uint64', 'uint64', 'uint64']),
  read: declare('read', 'int', ['int', pointer, 'size_t']),
  readv: declare('readv', 'int', ['int', pointer, 'int']),
  recvmsg: declare('recvmsg', 'int', ['int', pointer, 'int']),
  sched_getaffinity: declare('sched_getaffinity', 'int', ['int', 'size_t', pointer]),
  sched_setaffinity: declare('sched_setaffinity', 'int', ['int', 'size_t', pointer]),
  sendmsg: declare('sendmsg', 'int', ['int', pointer, 'int']),
  setsockopt: declare('setsockopt', 'int', ['int', 'int', 'int', pointer, 'uint']),
  shutdown: declare('shutdown', 'int', ['int', 'int']),
  socket: declare('socket', 'int', ['int', 'int', 'int']),
  socketpair: declare('socketpair', 'int', ['int', 'int', 'int', pointer]),
  timerfd_create: declare('timerfd_create', 'int', ['int', 'int']),
  timerfd_settime: declare('timerfd_settime', 'int', ['int', 'int', pointer, pointer]),
  write: declare('write', 'int', ['int', pointer, 'size_t']),
  writev: declare('writev', 'int', ['int', pointer, 'int']),
};

// This thread's errno itself: read right after a call, before anything else can change it.
const errnoCell = new Int32Array(koffi.view(declare('__errno_location', pointer, [])(), 4));

/** errno as the last call of this thread left it. */
export function errno(): number {
  return errnoCell[0]!;
}

/** Throws for the call that has just failed. */
export function fail(call: string, detail?: string): never {
  throw new SystemError(errorCode(errnoCell[0]!), call, detail);
}

/** Passes a result on, or throws where it is -1. */
export function check(result: number, call: string, detail?: string): number {
  if (result === -1) fail(call, detail);
  return result;
}

/** The address of an array's first byte. It stays put, except that of a WebAssembly.Memory which grows. */
export function addressOf(bytes: ArrayBufferView): number {
  return Number(koffi.address(bytes));
}

/** An ArrayBuffer over `length` bytes at `address`, at most 1 GiB (beyond 4 GiB the process would abort). */
export function viewOf(address: number, length: number): ArrayBuffer {
  if (length > 0x4000_0000) throw new RangeError(`a view of ${length} bytes`);
  return koffi.view(address, length);
}
