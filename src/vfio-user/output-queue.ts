/** What a client is still to be sent: replies and our own requests, in order, sent together at the end of a turn. */
import { ERROR, HEADER_BYTES, MAX_MESSAGE_BYTES, TYPE_REPLY } from './protocol.ts';

/** Bytes that may wait for a client that does not read; beyond that it is given up. */
export const QUEUE_LIMIT_BYTES = 1 << 20;
/** Room for what a device sends while its last access is being answered. */
const SLACK_BYTES = 65536;
/**
 * Longest send of more than one message. The kernel takes up to this much into one socket buffer or refuses it as a whole,
 * so that the client, which gives up on a header that arrives in parts (QEMU), finds whole messages only.
 */
const SEND_BYTES = 32768;

/** Sends bytes; returns how many were taken, or -1 where none can be now. */
export interface ByteSink {
  send(bytes: Uint8Array, offset: number, length: number): number;
}

export class OutputQueue {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** A message found no room and is lost: the client must be given up. */
  overflowed: boolean;
  #sent: number;
  #end: number;
  /** End of the messages of which a part was sent already. */
  #boundary: number;

  constructor() {
    this.bytes = new Uint8Array(QUEUE_LIMIT_BYTES + MAX_MESSAGE_BYTES + SLACK_BYTES);
    this.view = new DataView(this.bytes.buffer);
    this.overflowed = false;
    this.#sent = 0;
    this.#end = 0;
    this.#boundary = 0;
  }

  get pendingBytes(): number {
    return this.#end - this.#sent;
  }

  /** Queues a message and returns the index of its payload, which the caller fills in; -1 where there is no room. */
  add(id: number, command: number, flags: number, payloadLength: number): number {
    const start = this.#end;
    const size = HEADER_BYTES + payloadLength;
    if (start + size > this.bytes.length) {
      this.overflowed = true;
      return -1;
    }
    this.#end = start + size;
    this.view.setUint16(start, id, true);
    this.view.setUint16(start + 2, command, true);
    this.view.setUint32(start + 4, size, true);
    this.view.setUint32(start + 8, flags, true);
    this.view.setUint32(start + 12, 0, true);
    return start + HEADER_BYTES;
  }

  addReply(id: number, command: number, payloadLength: number): number {
    return this.add(id, command, TYPE_REPLY, payloadLength);
  }

  /** Queues an error reply: a header only. */
  addError(id: number, command: number, errno: number): void {
    const payload = this.add(id, command, TYPE_REPLY | ERROR, 0);
    if (payload >= 0) this.view.setUint32(payload - 4, errno, true);
  }

  /** Sends what the socket takes; true when nothing is left. */
  flush(sink: ByteSink): boolean {
    while (this.#sent < this.#end) {
      if (this.#sent >= this.#boundary) this.#boundary = this.#nextBoundary();
      const sent = sink.send(this.bytes, this.#sent, this.#boundary - this.#sent);
      if (sent <= 0) {
        this.#compact();
        return false;
      }
      this.#sent += sent;
    }
    this.#clear();
    return true;
  }

  /** Forgets everything: ready for another client. */
  reset(): void {
    this.#clear();
    this.overflowed = false;
  }

  #clear(): void {
    this.#sent = 0;
    this.#end = 0;
    this.#boundary = 0;
  }

  /** End of the whole messages from the first unsent one on that fit one send, or of that one. */
  #nextBoundary(): number {
    if (this.#end - this.#sent <= SEND_BYTES) return this.#end;
    let boundary = this.#sent + this.view.getUint32(this.#sent + 4, true);
    while (boundary < this.#end) {
      const following = boundary + this.view.getUint32(boundary + 4, true);
      if (following - this.#sent > SEND_BYTES) break;
      boundary = following;
    }
    return boundary;
  }

  #compact(): void {
    if (this.#sent === 0) return;
    this.bytes.copyWithin(0, this.#sent, this.#end);
    this.#end -= this.#sent;
    this.#boundary -= this.#sent;
    this.#sent = 0;
  }
}
