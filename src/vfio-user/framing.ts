/** Cuts the byte stream of a client into messages, and says which file descriptors came with which. */
import { HEADER_BYTES, MAX_MESSAGE_BYTES, NO_REPLY } from './protocol.ts';

/** Bytes that one receive may bring. */
export const RECEIVE_BYTES = 65536;
/** Descriptors that may wait for their message: one message may carry 16, and one receive may bring those of the next. */
const MAX_HELD_FDS = 64;

/**
 * An incremental reader over one buffer that also holds the message being handled: its fields are overwritten by the next
 * one. Nothing is allocated for a message.
 */
export class MessageReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Header fields of the present message. */
  id: number;
  command: number;
  flags: number;
  /** Index of its first byte after the header, and how many there are. */
  payload: number;
  payloadLength: number;
  /** Descriptors that came with it; -1 where a handler has taken one. */
  readonly fds: Int32Array;
  fdCount: number;
  /** The stream cannot be cut into messages any more, and why. */
  fault: string | undefined;

  #start: number;
  #end: number;
  /** Descriptors received and not yet given to a message, oldest first. */
  readonly #held: Int32Array;
  #heldCount: number;
  /** How many of those belong to the first message in the buffer, which is incomplete. */
  #carried: number;
  readonly #closeFd: (fd: number) => void;

  /** `closeFd` gets every descriptor that no handler has taken. */
  constructor(closeFd: (fd: number) => void) {
    this.bytes = new Uint8Array(MAX_MESSAGE_BYTES + RECEIVE_BYTES);
    this.view = new DataView(this.bytes.buffer);
    this.id = 0;
    this.command = 0;
    this.flags = 0;
    this.payload = 0;
    this.payloadLength = 0;
    this.fds = new Int32Array(MAX_HELD_FDS);
    this.fdCount = 0;
    this.fault = undefined;
    this.#start = 0;
    this.#end = 0;
    this.#held = new Int32Array(MAX_HELD_FDS);
    this.#heldCount = 0;
    this.#carried = 0;
    this.#closeFd = closeFd;
  }

  /** Where the next receive goes; there is always room for RECEIVE_BYTES once `next` has returned false. */
  get end(): number {
    return this.#end;
  }

  get wantsReply(): boolean {
    return (this.flags & NO_REPLY) === 0;
  }

  /** Bytes of a message that has not arrived in full. */
  get incompleteBytes(): number {
    return this.#end - this.#start;
  }

  /**
   * Takes over what one receive has put at `end`. Its descriptors belong to the message that holds its last byte: a read
   * from a unix stream ends with the segment that carries descriptors.
   */
  received(length: number, fds: Int32Array, fdCount: number): void {
    this.#end += length;
    for (let i = 0; i < fdCount; i++) {
      if (this.#heldCount < MAX_HELD_FDS) this.#held[this.#heldCount++] = fds[i]!;
      else {
        this.#closeFd(fds[i]!);
        this.fault = `more than ${MAX_HELD_FDS} file descriptors came with one message`;
      }
    }
  }

  /** Makes the next complete message the present one; false when there is none, or when the stream has a fault. */
  next(): boolean {
    const available = this.#end - this.#start;
    if (this.fault !== undefined) return false;
    if (available >= HEADER_BYTES) {
      const start = this.#start;
      const size = this.view.getUint32(start + 4, true);
      this.id = this.view.getUint16(start, true);
      this.command = this.view.getUint16(start + 2, true);
      this.flags = this.view.getUint32(start + 8, true);
      if (size < HEADER_BYTES || size > MAX_MESSAGE_BYTES) {
        this.fault = `a message claims to be ${size} bytes long; it may have ${HEADER_BYTES} to ${MAX_MESSAGE_BYTES}`;
        return false;
      }
      if (size <= available) {
        this.payload = start + HEADER_BYTES;
        this.payloadLength = size - HEADER_BYTES;
        this.#start = start + size;
        this.#giveFds(size === available ? this.#heldCount : this.#carried);
        return true;
      }
    }
    this.#carried = this.#heldCount;
    if (this.#start > 0) {
      this.bytes.copyWithin(0, this.#start, this.#end);
      this.#end = available;
      this.#start = 0;
    }
    return false;
  }

  /** A descriptor of the present message, which its caller now owns. */
  takeFd(index: number): number {
    const fd = this.fds[index]!;
    this.fds[index] = -1;
    return fd;
  }

  /** Closes the descriptors of the present message that nobody has taken. */
  release(): void {
    for (let i = 0; i < this.fdCount; i++) if (this.fds[i]! >= 0) this.#closeFd(this.fds[i]!);
    this.fdCount = 0;
  }

  /** Forgets everything received and closes its descriptors: ready for another client. */
  reset(): void {
    this.release();
    for (let i = 0; i < this.#heldCount; i++) this.#closeFd(this.#held[i]!);
    this.#heldCount = 0;
    this.#carried = 0;
    this.#start = 0;
    this.#end = 0;
    this.fault = undefined;
  }

  #giveFds(count: number): void {
    this.fdCount = count;
    if (this.#heldCount === 0) return;
    for (let i = 0; i < count; i++) this.fds[i] = this.#held[i]!;
    this.#held.copyWithin(0, count, this.#heldCount);
    this.#heldCount -= count;
    this.#carried = 0;
  }
}
