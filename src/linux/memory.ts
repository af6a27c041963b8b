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
import { arena } from '../packet/index.ts';
import { SystemError } from './errors.ts';
import { addressOf, check, libc, viewOf } from './libc.ts';
import { cString } from './native-block.ts';

const PROT_NONE = 0;
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MADV_HUGEPAGE = 14;
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

/** The same with views, and where they lie in the packet arena's memory (`MemoryPiece.window`). */
export interface GuestMapping {
  readonly bytes: Uint8Array;
  readonly dwords: Uint32Array;
  readonly window: number;
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
  checkMapping(fd, fileOffset, length);
  const { blksize } = fstatSync(fd);
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

/** Throws for what cannot be mapped, or must not. */
function checkMapping(fd: number, fileOffset: number, length: number): void {
  if (!Number.isSafeInteger(length) || length <= 0 || length > MAXIMUM_MAPPING) {
    throw new SystemError('EINVAL', 'mmap', `a length of ${length} is not within 1 … ${MAXIMUM_MAPPING}`);
  }
  if (!Number.isSafeInteger(fileOffset) || fileOffset < 0 || fileOffset % PAGE !== 0) {
    throw new SystemError('EINVAL', 'mmap', `the offset ${fileOffset} is not a multiple of ${PAGE}`);
  }
  requireSeal(fd);
  const { size } = fstatSync(fd);
  if (fileOffset + length > size) {
    throw new SystemError('EINVAL', 'mmap', `bytes up to ${fileOffset + length} of a file of ${size}`);
  }
}

/** Views over a run of the packet arena's memory that shows guest memory. */
class WindowMapping implements GuestMapping {
  readonly bytes: Uint8Array;
  readonly dwords: Uint32Array;
  readonly window: number;
  private readonly place: number;
  private mapped: boolean;

  constructor(place: number, length: number) {
    const { bytes, dwords } = arena.viewOf(place, length);
    this.bytes = bytes;
    this.dwords = dwords;
    this.window = place | 0;
    this.place = place;
    this.mapped = true;
  }

  unmap(): void {
    if (!this.mapped) return;
    this.mapped = false;
    const { place } = this;
    const { length } = this.bytes;
    clearWindow(place, length);
    retired.count += 1;
    retired.bytes += length;
    // Once for each view: the place may be another guest's when neither is left.
    const views = { left: 2, place, length };
    viewCollector.register(this.bytes, views);
    viewCollector.register(this.dwords, views);
  }
}

/** Puts private zero pages where guest memory was shown. */
function clearWindow(place: number, length: number): void {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  check(libc.mmap(addressOf(arena.bytes) + place, length, PROT_READ | PROT_WRITE, flags, -1, 0), 'mmap');
}

const viewCollector = new FinalizationRegistry<{ left: number; readonly place: number; readonly length: number }>(
  (views) => {
    views.left -= 1;
    if (views.left > 0) return;
    retired.count -= 1;
    retired.bytes -= views.length;
    arena.windows.giveBack(views.place, views.length);
  },
);

/**
 * What `mapShared` does, with a place in the packet arena's memory where there is one: what lies there is copied and summed
 * without a view for each run.
 */
export function mapGuestMemory(fd: number, fileOffset: number, length: number, writable: boolean): GuestMapping {
  checkMapping(fd, fileOffset, length);
  // Larger pages want addresses of their own.
  const place = fstatSync(fd).blksize > PAGE ? -1 : arena.windows.take(length);
  if (place === -1) {
    const mapping = mapShared(fd, fileOffset, length, writable);
    const { buffer } = mapping;
    const views = { bytes: new Uint8Array(buffer), dwords: new Uint32Array(buffer) };
    return { ...views, window: -1, unmap: () => mapping.unmap() };
  }
  const kind = (writable ? MAP_SHARED : MAP_PRIVATE | MAP_NORESERVE) | MAP_FIXED;
  try {
    check(libc.mmap(addressOf(arena.bytes) + place, length, PROT_READ | PROT_WRITE, kind, fd, fileOffset), 'mmap');
  } catch (error) {
    // A call that failed may have taken away what was there.
    clearWindow(place, length);
    arena.windows.giveBack(place, length);
    throw error;
  }
  return new WindowMapping(place, length);
}

/** Asks for large pages behind memory of this process, as QEMU does for its guests': a look-up of a page costs as much as a miss. */
export function preferLargePages(bytes: Uint8Array): void {
  // A kernel without them says no, and nothing is lost.
  const address = addressOf(bytes);
  const start = Math.ceil(address / PAGE) * PAGE;
  libc.madvise(start, address + bytes.length - start, MADV_HUGEPAGE);
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
