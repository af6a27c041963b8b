/**
 * Memory shared with another process, as ArrayBuffers.
 *
 * An ArrayBuffer over foreign memory cannot be detached with public means (structuredClone copies it instead), and the
 * first detached buffer of an isolate makes every typed-array access slower. So an unmapped piece keeps its addresses:
 * its pages are exchanged in place for private zero pages, and the addresses are given back only when the garbage
 * collector has found that no view is left. A stale view reads zeros or what stale writers wrote; it reaches nobody's
 * memory.
 */
import { fstatSync } from 'node:fs';
import { SystemError } from './errors.ts';
import { check, libc, viewOf } from './libc.ts';
import { cString } from './native-block.ts';

const PROT_NONE = 0;
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
const F_GET_SEALS = 1034;
const F_SEAL_SEAL = 1;
export const F_SEAL_SHRINK = 2;
const F_SEAL_GROW = 4;

const PAGE = 4096;
/** The longest piece that one mapping may have. */
export const MAXIMUM_MAPPING = 0x4000_0000;

export interface Mapping {
  readonly buffer: ArrayBuffer;
  /** Takes the memory away. Views that are left become inert; a second call does nothing. */
  unmap(): void;
}

/** Addresses kept until the collector has seen the last view of them go. */
interface Retired {
  readonly base: number;
  readonly length: number;
}

const retired = { count: 0, bytes: 0 };
const collector = new FinalizationRegistry<Retired>(({ base, length }) => {
  retired.count -= 1;
  retired.bytes -= length;
  check(libc.munmap(base, length), 'munmap');
});

/** Unmapped pieces of this thread whose addresses still wait for the garbage collector. */
export function retiredMappings(): { readonly count: number; readonly bytes: number } {
  return { count: retired.count, bytes: retired.bytes };
}

class SharedMapping implements Mapping {
  readonly buffer: ArrayBuffer;
  private readonly base: number;
  private readonly reserved: number;
  private mapped: boolean;

  constructor(base: number, reserved: number, start: number, length: number) {
    this.base = base;
    this.reserved = reserved;
    this.buffer = viewOf(start, length);
    this.mapped = true;
  }

  unmap(): void {
    if (!this.mapped) return;
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
    check(libc.mmap(this.base, this.reserved, PROT_READ | PROT_WRITE, flags, -1, 0), 'mmap');
    this.mapped = false;
    retired.count += 1;
    retired.bytes += this.reserved;
    collector.register(this.buffer, { base: this.base, length: this.reserved });
  }
}

/**
 * Maps `length` bytes (at most 1 GiB) of a memfd from `fileOffset` (a multiple of 4096) on. The descriptor may be closed
 * afterwards. Without `writable`, writes through a view stay in this process: they neither reach the owner nor end us.
 * Throws 'EUNSEALED' where the owner could still shrink the file, which would end this process by SIGBUS.
 */
export function mapShared(fd: number, fileOffset: number, length: number, writable: boolean): Mapping {
  if (!Number.isSafeInteger(length) || length <= 0 || length > MAXIMUM_MAPPING) {
    throw new SystemError('EINVAL', 'mmap', `a length of ${length} is not within 1 … ${MAXIMUM_MAPPING}`);
  }
  if (!Number.isSafeInteger(fileOffset) || fileOffset < 0 || fileOffset % PAGE !== 0) {
    throw new SystemError('EINVAL', 'mmap', `the offset ${fileOffset} is not a multiple of ${PAGE}`);
  }
  requireSeal(fd);
  const { size, blksize } = fstatSync(fd);
  if (fileOffset + length > size) {
    throw new SystemError('EINVAL', 'mmap', `bytes up to ${fileOffset + length} of a file of ${size}`);
  }
  // A hugetlb file wants addresses and lengths in its own page size, which is its block size.
  const grain = Math.max(PAGE, blksize);
  const rounded = Math.ceil(length / grain) * grain;
  const reserved = rounded + (grain === PAGE ? 0 : grain);
  const anonymous = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  const base = check(libc.mmap(0, reserved, PROT_NONE, anonymous, -1, 0), 'mmap');
  const start = Math.ceil(base / grain) * grain;
  const kind = writable ? MAP_SHARED : MAP_PRIVATE | MAP_NORESERVE;
  try {
    check(libc.mmap(start, length, PROT_READ | PROT_WRITE, kind | MAP_FIXED, fd, fileOffset), 'mmap');
    return new SharedMapping(base, reserved, start, length);
  } catch (error) {
    libc.munmap(base, reserved);
    throw error;
  }
}

function requireSeal(fd: number): void {
  if ((sealsOf(fd) & F_SEAL_SHRINK) !== 0) return;
  throw new SystemError(
    'EUNSEALED',
    'mmap',
    'the memory can be truncated by its owner; use memory-backend-memfd with share=on in QEMU, and leave seal=on as it is by default',
  );
}

/** The file seals of a descriptor (F_SEAL_…); 0 where the file cannot have any. */
export function sealsOf(fd: number): number {
  const seals = libc.fcntl(fd, F_GET_SEALS, 0);
  return seals === -1 ? 0 : seals;
}

/** The length of a file in bytes. */
export function sizeOf(fd: number): number {
  return fstatSync(fd).size;
}

/** A new file of `size` bytes in memory; sealed as QEMU seals its own where `seal` is set. */
export function createMemfd(name: string, size: number, options: { seal?: boolean } = {}): number {
  const path = cString(name);
  const fd = check(libc.memfd_create(path.address, MFD_CLOEXEC | MFD_ALLOW_SEALING), 'memfd_create');
  try {
    truncate(fd, size);
    if (options.seal ?? true) {
      check(libc.fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL), 'fcntl');
    }
  } catch (error) {
    libc.close(fd);
    throw error;
  }
  return fd;
}

/** Sets the length of a file. */
export function truncate(fd: number, size: number): void {
  check(libc.ftruncate(fd, size), 'ftruncate');
}
