/** DEVICE_SET_IRQS and what it sets: the eventfds by which the device interrupts the guest. */
import { readlinkSync } from 'node:fs';
import { EPOLLIN, close, drain, setNonblocking, signalShared } from '../linux/index.ts';
import type { EventLoop } from '../linux/index.ts';
import { Refusal, errno } from './errors.ts';
import type { MessageReader } from './framing.ts';
import { INTX_INDEX, IRQ_INDEXES } from './protocol.ts';

/** u32 argsz, u32 flags, u32 index, u32 start, u32 count, and one byte a vector in the boolean form. */
const IRQ_SET_BYTES = 20;
const DATA_NONE = 1;
const DATA_BOOL = 2;
const DATA_EVENTFD = 4;
const DATA_MASK = 7;
const ACTION_MASK = 8;
const ACTION_UNMASK = 16;
const ACTION_TRIGGER = 32;

export interface InterruptsOptions {
  /** Vectors by irq index. */
  readonly counts: readonly number[];
  readonly loop: Pick<EventLoop, 'watch' | 'unwatch'>;
  /** Connections or masks of an index are other than before. */
  readonly changed: (index: number) => void;
}

export class Interrupts {
  /** Eventfds by index and vector, -1 where none is connected. */
  readonly #eventFds: readonly Int32Array[];
  /** Vectors to be signalled at the end of the turn, by index, a byte each. */
  readonly #raised: readonly Uint8Array[];
  #anyRaised: boolean;
  /** INTx was signalled, or masked by the client, and not unmasked since. */
  #intxMasked: boolean;
  /** An eventfd by which the client (KVM, at the guest's end of interrupt) unmasks INTx; -1 for none. */
  #unmaskFd: number;
  readonly #options: InterruptsOptions;

  constructor(options: InterruptsOptions) {
    this.#eventFds = Array.from({ length: IRQ_INDEXES }, (_, index) =>
      new Int32Array(options.counts[index] ?? 0).fill(-1),
    );
    this.#raised = this.#eventFds.map(({ length }) => new Uint8Array(length));
    this.#anyRaised = false;
    this.#intxMasked = false;
    this.#unmaskFd = -1;
    this.#options = options;
  }

  /** See VfioUserClient. What is signalled more than once in a turn interrupts once, at its end. */
  signal(index: number, vector: number): boolean {
    const fd = this.#eventFds[index]?.[vector] ?? -1;
    if (fd < 0) return false;
    if (index === INTX_INDEX) {
      if (this.#intxMasked) return false;
      this.#intxMasked = true;
    }
    this.#raised[index]![vector] = 1;
    this.#anyRaised = true;
    return true;
  }

  /** Interrupts the guest by all that was signalled since the last call. */
  flush(): void {
    if (!this.#anyRaised) return;
    this.#anyRaised = false;
    for (let index = 0; index < IRQ_INDEXES; index++) {
      const raised = this.#raised[index]!;
      for (let vector = 0; vector < raised.length; vector++) {
        if (raised[vector] === 0) continue;
        raised[vector] = 0;
        const fd = this.#eventFds[index]![vector]!;
        if (fd >= 0) signalShared(fd);
      }
    }
  }

  /** Does what a SET_IRQS message says; throws a Refusal and has then changed nothing. */
  set(message: MessageReader): void {
    // What was signalled before goes to those who were connected then.
    this.flush();
    const { view, payload, payloadLength } = message;
    if (payloadLength < IRQ_SET_BYTES || view.getUint32(payload, true) < IRQ_SET_BYTES) {
      throw new Refusal(errno.EINVAL, `SET_IRQS carries ${IRQ_SET_BYTES} bytes, not ${payloadLength}`);
    }
    const flags = view.getUint32(payload + 4, true);
    const index = view.getUint32(payload + 8, true);
    const start = view.getUint32(payload + 12, true);
    const count = view.getUint32(payload + 16, true);
    const vectors = this.#eventFds[index]?.length ?? 0;
    if (start + count > vectors || index >= IRQ_INDEXES) {
      throw new Refusal(errno.EINVAL, `SET_IRQS for vectors ${start}+${count} of the ${vectors} of irq index ${index}`);
    }
    const data = flags & DATA_MASK;
    const action = flags & ~DATA_MASK;
    if (action !== ACTION_MASK && action !== ACTION_UNMASK && action !== ACTION_TRIGGER) {
      throw new Refusal(errno.EINVAL, `SET_IRQS with flags 0x${flags.toString(16)}`);
    }
    if (action !== ACTION_TRIGGER && index !== INTX_INDEX) {
      throw new Refusal(errno.ENOTSUP, `SET_IRQS (un)masks irq index ${index}; only INTx is maskable`);
    }
    const expected = data === DATA_BOOL ? IRQ_SET_BYTES + count : IRQ_SET_BYTES;
    if (payloadLength !== expected) {
      throw new Refusal(errno.EINVAL, `SET_IRQS for ${count} vectors carries ${expected} bytes, not ${payloadLength}`);
    }
    if (data === DATA_EVENTFD) this.#connect(message, action, index, start, count);
    else if (data === DATA_NONE || data === DATA_BOOL) this.#act(message, data, action, index, start, count);
    else throw new Refusal(errno.EINVAL, `SET_IRQS with flags 0x${flags.toString(16)}`);
  }

  /** Disconnects everything. */
  close(): void {
    for (const index of this.#eventFds.keys()) this.#disable(index);
  }

  /** Descriptors in the order of vectors from `start`; without any, the vectors are disconnected. */
  #connect(message: MessageReader, action: number, index: number, start: number, count: number): void {
    if (count === 0 || (message.fdCount !== 0 && message.fdCount !== count)) {
      throw new Refusal(errno.EINVAL, `SET_IRQS for ${count} vectors with ${message.fdCount} file descriptors`);
    }
    if (action === ACTION_MASK) throw new Refusal(errno.ENOTSUP, 'SET_IRQS with an eventfd that masks');
    for (let i = 0; i < message.fdCount; i++) requireEventFd(message.fds[i]!);
    if (action === ACTION_UNMASK) {
      this.#unmaskBy(message.fdCount === 0 ? -1 : message.takeFd(0));
      return;
    }
    const fds = this.#eventFds[index]!;
    for (let i = 0; i < count; i++) {
      if (fds[start + i]! >= 0) close(fds[start + i]!);
      fds[start + i] = message.fdCount === 0 ? -1 : message.takeFd(i);
    }
    if (index === INTX_INDEX) this.#intxMasked = false;
    this.#options.changed(index);
  }

  /** The forms without descriptors: trigger, mask, unmask now; or, with no vectors at all, disable the index. */
  #act(message: MessageReader, data: number, action: number, index: number, start: number, count: number): void {
    if (message.fdCount > 0) throw new Refusal(errno.EINVAL, 'SET_IRQS with file descriptors it does not announce');
    if (count === 0) {
      if (data !== DATA_NONE || action !== ACTION_TRIGGER || start !== 0) {
        throw new Refusal(errno.EINVAL, 'SET_IRQS for no vectors');
      }
      this.#disable(index);
      this.#options.changed(index);
      return;
    }
    for (let i = 0; i < count; i++) {
      if (data === DATA_BOOL && message.bytes[message.payload + IRQ_SET_BYTES + i] === 0) continue;
      if (action === ACTION_TRIGGER) this.signal(index, start + i);
      else this.#setIntxMasked(action === ACTION_MASK);
    }
  }

  #setIntxMasked(masked: boolean): void {
    this.#intxMasked = masked;
    this.#options.changed(INTX_INDEX);
  }

  #disable(index: number): void {
    const fds = this.#eventFds[index]!;
    for (const fd of fds) if (fd >= 0) close(fd);
    fds.fill(-1);
    if (index !== INTX_INDEX) return;
    this.#intxMasked = false;
    this.#unmaskBy(-1);
  }

  #unmaskBy(fd: number): void {
    const { loop } = this.#options;
    if (this.#unmaskFd >= 0) {
      loop.unwatch(this.#unmaskFd);
      close(this.#unmaskFd);
    }
    this.#unmaskFd = fd;
    if (fd < 0) return;
    loop.watch(fd, EPOLLIN, () => {
      if (drain(fd) > 0) this.#setIntxMasked(false);
    });
  }
}

/** Anything else could block the device thread when it is signalled, or reach a file that is none of our business. */
function requireEventFd(fd: number): void {
  let kind: string;
  try {
    kind = readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    throw new Refusal(errno.EINVAL, 'SET_IRQS with a descriptor that cannot be examined; is /proc mounted?');
  }
  if (kind !== 'anon_inode:[eventfd]') throw new Refusal(errno.EINVAL, 'SET_IRQS with a descriptor that is no eventfd');
  setNonblocking(fd);
}
