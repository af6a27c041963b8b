/** The descriptors of a loop, what each one's events lead to, and waiting for them in the kernel. */
import { close } from './descriptor.ts';
import { EINTR } from './errors.ts';
import { check, errno, fail, libc } from './libc.ts';
import { NativeBlock } from './native-block.ts';

export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;

/** Events taken from the kernel at once; the rest comes the next time. */
const MAX_EVENTS = 64;
/** struct epoll_event is packed on x86-64: events, then 64 bits of ours (descriptor, generation). */
const EVENT_DWORDS = 3;

export type Ready = (events: number) => void;

export class Epoll {
  private readonly fd: number;
  /** The same without those of guests. */
  private readonly withoutGuests: number;
  private readonly onError: (error: unknown) => void;
  private readonly events: NativeBlock;
  private readonly eventsAddress: number;
  private readonly control: NativeBlock;
  private readonly time: NativeBlock;
  private readonly timeAddress: number;
  private readonly handlers: (Ready | undefined)[];
  private readonly interests: number[];
  private readonly guests: boolean[];
  private guestCount: number;
  private readonly generations: number[];

  /** `onError` takes what a handler threw. */
  constructor(onError: (error: unknown) => void) {
    this.onError = onError;
    this.events = new NativeBlock(MAX_EVENTS * EVENT_DWORDS * 4);
    this.eventsAddress = this.events.address;
    this.control = new NativeBlock(16);
    this.time = new NativeBlock(16);
    this.timeAddress = this.time.address;
    this.handlers = [];
    this.interests = [];
    this.guests = [];
    this.guestCount = 0;
    this.generations = [];
    this.fd = check(libc.epoll_create1(EPOLL_CLOEXEC), 'epoll_create1');
    this.withoutGuests = check(libc.epoll_create1(EPOLL_CLOEXEC), 'epoll_create1');
  }

  /** Guests that are attached. */
  get guestsWatched(): number {
    return this.guestCount;
  }

  /** See EventLoop.watch. */
  watch(fd: number, interest: number, ready: Ready, guest = false): void {
    if (this.handlers[fd] !== undefined) throw new Error(`descriptor ${fd} is watched already`);
    this.guests[fd] = guest;
    this.generations[fd] = ((this.generations[fd] ?? 0) + 1) >>> 0;
    this.interests[fd] = 0;
    this.handlers[fd] = ready;
    try {
      this.change(fd, interest);
    } catch (error) {
      this.handlers[fd] = undefined;
      throw error;
    }
    if (guest) this.guestCount += 1;
  }

  change(fd: number, interest: number): void {
    if (this.handlers[fd] === undefined) throw new Error(`descriptor ${fd} is not watched`);
    const before = this.interests[fd]!;
    if (before === interest) return;
    const operation = before === 0 ? EPOLL_CTL_ADD : interest === 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    this.control.words[0] = interest;
    this.control.words[1] = fd;
    this.control.words[2] = this.generations[fd]!;
    check(libc.epoll_ctl(this.fd, operation, fd, this.control.address), 'epoll_ctl');
    if (!this.guests[fd]) check(libc.epoll_ctl(this.withoutGuests, operation, fd, this.control.address), 'epoll_ctl');
    this.interests[fd] = interest;
  }

  unwatch(fd: number): void {
    if (this.handlers[fd] === undefined) return;
    this.change(fd, 0);
    this.handlers[fd] = undefined;
    if (this.guests[fd]) this.guestCount -= 1;
  }

  /** How many events are there now; `dispatch` them before the next look. */
  look(): number {
    return checked(libc.epoll_wait(this.fd, this.eventsAddress, MAX_EVENTS, 0));
  }

  /** Waits for events. */
  sleep(waitNs: number): number {
    if (waitNs === Infinity) return checked(libc.epoll_wait(this.fd, this.eventsAddress, MAX_EVENTS, -1));
    this.setTime(waitNs);
    return checked(libc.epoll_pwait2(this.fd, this.eventsAddress, MAX_EVENTS, this.timeAddress, 0));
  }

  /** Waits without being woken by what comes, then looks. */
  nap(durationNs: number): number {
    this.setTime(durationNs);
    libc.nanosleep(this.timeAddress, 0);
    return this.look();
  }

  /** Waits without being woken by guests; true when something else came. Look then in any case. */
  napFromGuests(durationNs: number): boolean {
    this.setTime(durationNs);
    return checked(libc.epoll_pwait2(this.withoutGuests, this.eventsAddress, 1, this.timeAddress, 0)) > 0;
  }

  /** Calls the handlers of `count` events. */
  dispatch(count: number): void {
    const { words } = this.events;
    for (let i = 0; i < count; i++) {
      const at = i * EVENT_DWORDS;
      const fd = words[at + 1]!;
      const handler = this.handlers[fd];
      // A handler before this one may have closed the descriptor, and another may have got its number.
      if (handler === undefined || this.generations[fd] !== words[at + 2] || this.interests[fd] === 0) continue;
      try {
        handler(words[at]!);
      } catch (error) {
        this.onError(error);
      }
    }
  }

  close(): void {
    close(this.fd);
    close(this.withoutGuests);
  }

  private setTime(ns: number): void {
    this.time.setPointer(0, Math.floor(ns / 1e9));
    this.time.setPointer(2, Math.ceil(ns % 1e9));
  }
}

function checked(count: number): number {
  if (count !== -1) return count;
  if (errno() !== EINTR) fail('epoll_wait');
  return 0;
}
