/** Both ends of a mailbox, access by access as igb (§7.5) and igbvf (§7.6) do it. Nothing here waits. */
import { pf, vf } from '../devices/igb/tables/index.ts';
import { read, write, type RegisterBus } from './bus.ts';
import { MAILBOX_DWORDS } from './messages.ts';

const { MBVFICR, P2VMAILBOX, VFLRE, VMBMEM } = pf;

/** The PF's end of all eight. */
export class PfMailboxes {
  readonly #bus: RegisterBus;

  constructor(bus: RegisterBus) {
    this.#bus = bus;
  }

  /** True once for each time that the VF posted a message since the last call. */
  takeRequest(index: number): boolean {
    return this.#take(MBVFICR, 1 << (MBVFICR.VFREQ.shift + index));
  }

  /** The same for what the VF has read. */
  takeAcknowledgement(index: number): boolean {
    return this.#take(MBVFICR, 1 << (MBVFICR.VFACK.shift + index));
  }

  /** The same for resets of the VF. */
  takeReset(index: number): boolean {
    return this.#take(VFLRE, 1 << index);
  }

  /** Copies a whole message and tells the VF; false while the VF owns the buffer. */
  read(index: number, message: Uint32Array): boolean {
    if (!this.#lock(index)) return false;
    for (let word = 0; word < MAILBOX_DWORDS; word += 1) {
      message[word] = read(this.#bus, VMBMEM, index * MAILBOX_DWORDS + word);
    }
    write(this.#bus, P2VMAILBOX, P2VMAILBOX.ACK.mask, index);
    return true;
  }

  /** Posts the first `length` dwords; what the VF had posted meanwhile is dropped. False while the VF owns the buffer. */
  write(index: number, message: Uint32Array, length: number): boolean {
    if (!this.#lock(index)) return false;
    this.takeRequest(index);
    this.takeAcknowledgement(index);
    for (let word = 0; word < length; word += 1) {
      write(this.#bus, VMBMEM, message[word]!, index * MAILBOX_DWORDS + word);
    }
    write(this.#bus, P2VMAILBOX, P2VMAILBOX.STS.mask, index);
    return true;
  }

  #lock(index: number): boolean {
    write(this.#bus, P2VMAILBOX, P2VMAILBOX.PFU.mask, index);
    return (read(this.#bus, P2VMAILBOX, index) & P2VMAILBOX.PFU.mask) !== 0;
  }

  #take(register: typeof MBVFICR | typeof VFLRE, bit: number): boolean {
    if ((read(this.#bus, register) & bit) === 0) return false;
    write(this.#bus, register, bit);
    return true;
  }
}

const { V2PMAILBOX } = vf;
/** Bits that a read clears, and that are remembered until somebody asks for them. */
const REMEMBERED = V2PMAILBOX.PFSTS.mask | V2PMAILBOX.PFACK.mask | V2PMAILBOX.RSTD.mask;

/** A VF's end of its own, through its own registers. */
export class VfMailbox {
  readonly #bus: RegisterBus;
  #remembered: number;

  constructor(bus: RegisterBus) {
    this.#bus = bus;
    this.#remembered = 0;
  }

  /** The PF posted a message. */
  takeMessage(): boolean {
    return this.#take(V2PMAILBOX.PFSTS.mask);
  }

  /** The PF has read ours. */
  takeAcknowledgement(): boolean {
    return this.#take(V2PMAILBOX.PFACK.mask);
  }

  /** The PF is in reset, or was. */
  takeReset(): boolean {
    return this.#take(V2PMAILBOX.RSTI.mask | V2PMAILBOX.RSTD.mask);
  }

  /** Posts a message; false while the PF owns the buffer. */
  write(message: ArrayLike<number>): boolean {
    if (!this.#lock()) return false;
    this.takeAcknowledgement();
    this.takeMessage();
    for (let word = 0; word < message.length; word += 1) write(this.#bus, vf.VMBMEM, message[word]!, word);
    write(this.#bus, V2PMAILBOX, V2PMAILBOX.REQ.mask);
    return true;
  }

  /** The first `length` dwords of what is in the buffer, whoever wrote it; undefined while the PF owns it. */
  read(length: number): number[] | undefined {
    if (!this.#lock()) return undefined;
    const message = Array.from({ length }, (_, word) => read(this.#bus, vf.VMBMEM, word));
    write(this.#bus, V2PMAILBOX, V2PMAILBOX.ACK.mask);
    return message;
  }

  #lock(): boolean {
    write(this.#bus, V2PMAILBOX, V2PMAILBOX.VFU.mask);
    return (this.#status() & V2PMAILBOX.VFU.mask) !== 0;
  }

  #take(mask: number): boolean {
    const found = (this.#status() & mask) !== 0;
    this.#remembered &= ~mask;
    return found;
  }

  #status(): number {
    const status = read(this.#bus, V2PMAILBOX) | this.#remembered;
    this.#remembered |= status & REMEMBERED;
    return status;
  }
}
