/** A vfio-user client that does few things, with messages that are made beforehand: what it costs itself is the same for all. */
import { connectUnix, createEventFd, close, drain, EPOLLIN, EventLoop, MessageSocket } from '../linux/index.ts';

const HEADER_BYTES = 16;
const ACCESS_BYTES = 16;
const VERSION = 1;
const DMA_MAP = 2;
const SET_IRQS = 8;
const REGION_READ = 9;
const REGION_WRITE = 10;
const NO_REPLY = 0x10;
const MSIX = 2;
const EVENTFD_TRIGGER = 0x24;
const LIMIT_MS = 5000;

function message(command: number, payload: Uint8Array, flags = 0): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 1, true);
  view.setUint16(2, command, true);
  view.setUint32(4, bytes.length, true);
  view.setUint32(8, flags, true);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

function access(region: number, offset: number, size: number, value?: number): Uint8Array {
  const payload = new Uint8Array(ACCESS_BYTES + (value === undefined ? 0 : size));
  const view = new DataView(payload.buffer);
  view.setUint32(0, offset, true);
  view.setUint32(8, region, true);
  view.setUint32(12, size, true);
  if (value !== undefined) for (let n = 0; n < size; n += 1) payload[ACCESS_BYTES + n] = value >>> (8 * n);
  return payload;
}

/** A read of a dword. */
export const readMessage = (region: number, offset: number): Uint8Array =>
  message(REGION_READ, access(region, offset, 4));

/** A write, posted or to be answered. */
export const writeMessage = (region: number, offset: number, size: number, value: number, posted = false): Uint8Array =>
  message(REGION_WRITE, access(region, offset, size, value), posted ? NO_REPLY : 0);

/** A map of guest memory at an address, readable and writable; its descriptor goes with the message. */
export function dmaMapMessage(address: number, lengthBytes: number): Uint8Array {
  const payload = new DataView(new ArrayBuffer(32));
  payload.setUint32(0, 32, true);
  payload.setUint32(4, 3, true);
  payload.setBigUint64(16, BigInt(address), true);
  payload.setBigUint64(24, BigInt(lengthBytes), true);
  return message(DMA_MAP, new Uint8Array(payload.buffer));
}

export class VfioClient {
  readonly #socket: MessageSocket;
  readonly #loop: EventLoop;
  readonly #received: Uint8Array;
  /** Signalled by MSI-X vector 0. */
  readonly #event: number;

  /** Connects, agrees on a version and asks for vector 0. */
  constructor(path: string) {
    this.#socket = new MessageSocket(connectUnix(path));
    this.#loop = new EventLoop();
    this.#received = new Uint8Array(1 << 16);
    this.#event = createEventFd();
    this.#loop.watch(this.#socket.fd, EPOLLIN, () => undefined);
    this.#loop.watch(this.#event, EPOLLIN, () => undefined);
    const capabilities = '{"capabilities": {"max_msg_fds": 16, "max_data_xfer_size": 1048576}}';
    this.request(message(VERSION, Uint8Array.of(0, 0, 0, 0, ...new TextEncoder().encode(`${capabilities}\0`))));
    const irqs = new Uint8Array(Uint32Array.of(20, EVENTFD_TRIGGER, MSIX, 0, 1).buffer);
    this.request(message(SET_IRQS, irqs), [this.#event]);
  }

  /** Sends bytes, the last message of which is answered, and waits until one reply has come. */
  request(bytes: Uint8Array, fds?: readonly number[]): void {
    this.post(bytes, fds);
    for (let have = 0, size = HEADER_BYTES; have < size;) {
      const count = this.#socket.receive(this.#received, have, this.#received.length - have);
      if (count === 0) throw new Error('the server has closed the connection');
      if (count < 0) this.#wait();
      else {
        have += count;
        if (have >= HEADER_BYTES) size = new DataView(this.#received.buffer).getUint32(4, true);
      }
    }
  }

  /** Sends a read of a dword; its value. */
  read32(read: Uint8Array): number {
    this.request(read);
    return new DataView(this.#received.buffer).getUint32(HEADER_BYTES + ACCESS_BYTES, true);
  }

  /** Sends bytes that nobody answers. */
  post(bytes: Uint8Array, fds?: readonly number[]): void {
    for (let at = 0; at < bytes.length;) {
      const count = this.#socket.send(bytes, at, bytes.length - at, at === 0 ? fds : undefined);
      if (count > 0) at += count;
    }
  }

  /** Sends bytes and waits for the interrupt that follows. */
  untilInterrupt(bytes: Uint8Array): void {
    this.post(bytes);
    while (drain(this.#event) <= 0) this.#wait();
  }

  close(): void {
    this.#loop.unwatch(this.#socket.fd);
    this.#loop.unwatch(this.#event);
    this.#socket.close();
    close(this.#event);
    this.#loop.close();
  }

  #wait(): void {
    if (!this.#loop.runOnce(LIMIT_MS)) throw new Error('no answer from the server');
  }
}
