/** A vfio-user client that speaks bytes by itself: it shares no code with the server. */
import { MessageSocket, SystemError, connectUnix } from '../../src/linux/index.ts';

const HEADER = 16;
const REPLY = 1;
const ERROR = 0x20;

export const VERSION = 1;
export const DMA_MAP = 2;
export const DMA_UNMAP = 3;
export const GET_INFO = 4;
export const GET_REGION_INFO = 5;
export const GET_IRQ_INFO = 7;
export const SET_IRQS = 8;
export const REGION_READ = 9;
export const REGION_WRITE = 10;
export const DMA_READ = 11;
export const DMA_WRITE = 12;
export const RESET = 13;
export const NO_REPLY = 0x10;

/** The capabilities that QEMU 11.1.3 proposes. */
export const QEMU_CAPABILITIES =
  '{"capabilities": {"pgsizes": 4096, "max_msg_fds": 16, "max_dma_maps": 65535, "max_data_xfer_size": 1048576, ' +
  '"migration": {"pgsize": 4096, "max_bitmap_size": 268435456}, "write_multiple": true}}';

/** A message as it was on the wire. */
export interface Message {
  readonly id: number;
  readonly command: number;
  readonly size: number;
  readonly flags: number;
  readonly errno: number;
  readonly payload: DataView;
}

/** One field of a payload: its width in bits and its value. */
type Field = readonly [8 | 16 | 32 | 64, number | bigint];

export const u8 = (value: number): Field => [8, value];
export const u16 = (value: number): Field => [16, value];
export const u32 = (value: number): Field => [32, value];
export const u64 = (value: number | bigint): Field => [64, value];

/** Little-endian bytes of fields. */
export function pack(...fields: readonly Field[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, [bits]) => sum + bits / 8, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [bits, value] of fields) {
    if (bits === 8) view.setUint8(at, Number(value));
    else if (bits === 16) view.setUint16(at, Number(value), true);
    else if (bits === 32) view.setUint32(at, Number(value), true);
    else view.setBigUint64(at, BigInt(value), true);
    at += bits / 8;
  }
  return bytes;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A whole message; `size` lies about its length. */
export function message(
  command: number,
  payload: Uint8Array = new Uint8Array(0),
  options: { id?: number; flags?: number; size?: number } = {},
): Uint8Array {
  const header = pack(
    u16(options.id ?? 1),
    u16(command),
    u32(options.size ?? HEADER + payload.length),
    u32(options.flags ?? 0),
    u32(0),
  );
  const bytes = new Uint8Array(HEADER + payload.length);
  bytes.set(header);
  bytes.set(payload, HEADER);
  return bytes;
}

export function versionPayload(capabilities = QEMU_CAPABILITIES, major = 0, minor = 0): Uint8Array {
  return concat(pack(u16(major), u16(minor)), new TextEncoder().encode(`${capabilities}\0`));
}

export class Client {
  readonly socket: MessageSocket;
  /** Gives the server, which lives in the same thread, time to act; false when nothing happened. */
  readonly pump: (timeoutMs: number) => boolean;
  readonly #received: Uint8Array;
  #end: number;
  #id: number;
  #ended: boolean;

  constructor(path: string, pump: (timeoutMs: number) => boolean) {
    this.socket = new MessageSocket(connectUnix(path));
    this.pump = pump;
    this.#received = new Uint8Array(4 << 20);
    this.#end = 0;
    this.#id = 100;
    this.#ended = false;
  }

  /** Sends all bytes, letting the server read meanwhile; false when it has closed the connection. */
  send(bytes: Uint8Array, fds: readonly number[] = []): boolean {
    let at = 0;
    while (at < bytes.length) {
      let sent: number;
      try {
        sent = this.socket.send(bytes, at, bytes.length - at, at === 0 ? fds : []);
      } catch (error) {
        if (error instanceof SystemError) return false;
        throw error;
      }
      if (sent < 0) this.pump(20);
      else at += sent;
    }
    return true;
  }

  /** The next message from the server; undefined where none comes within the time, or it has closed the connection. */
  receive(timeoutMs = 1000): Message | undefined {
    const until = Date.now() + timeoutMs;
    for (;;) {
      const complete = this.#take();
      if (complete !== undefined) return complete;
      if (this.#ended) return undefined;
      const count = this.#read();
      if (count === 0) this.#ended = true;
      else if (count > 0) this.#end += count;
      else if (!this.pump(Math.min(20, timeoutMs)) && Date.now() >= until) return undefined;
    }
  }

  /** Whether the server closes the connection; messages that come before are dropped. */
  closes(timeoutMs = 1000): boolean {
    while (this.receive(timeoutMs) !== undefined);
    return this.#ended;
  }

  /** Sends a request and returns its reply, whatever comes in between. */
  request(command: number, payload?: Uint8Array, fds: readonly number[] = []): Message {
    const id = this.#id++ & 0xffff;
    this.send(message(command, payload, { id }), fds);
    for (;;) {
      const reply = this.receive();
      if (reply === undefined) throw new Error(`no reply to command ${command}`);
      if (reply.id === id && (reply.flags & 0xf) === REPLY) return reply;
    }
  }

  /** Like `request`, for a reply without an error. */
  accepted(command: number, payload?: Uint8Array, fds: readonly number[] = []): DataView {
    const reply = this.request(command, payload, fds);
    if ((reply.flags & ERROR) !== 0) throw new Error(`command ${command} was refused with errno ${reply.errno}`);
    return reply.payload;
  }

  /** Like `request`, for an error reply, which is a header only; its errno. */
  refused(command: number, payload?: Uint8Array, fds: readonly number[] = []): number {
    const reply = this.request(command, payload, fds);
    if ((reply.flags & ERROR) === 0 || reply.size !== HEADER) throw new Error(`command ${command} was not refused`);
    return reply.errno;
  }

  version(): this {
    this.accepted(VERSION, versionPayload());
    return this;
  }

  /** Fields in QEMU's order: argsz, flags, file offset, address, length. */
  map(
    address: number | bigint,
    length: number | bigint,
    options: { fd?: number; offset?: number | bigint; flags?: number } = {},
  ): number {
    const payload = pack(u32(32), u32(options.flags ?? 3), u64(options.offset ?? 0), u64(address), u64(length));
    return this.request(DMA_MAP, payload, options.fd === undefined ? [] : [options.fd]).errno;
  }

  unmap(address: number | bigint, length: number | bigint, flags = 0): number {
    return this.request(DMA_UNMAP, pack(u32(24), u32(flags), u64(address), u64(length))).errno;
  }

  read(region: number, offset: number | bigint, count: number): Uint8Array {
    const { payload } = this.request(REGION_READ, pack(u64(offset), u32(region), u32(count)));
    return new Uint8Array(payload.buffer, payload.byteOffset + 16, payload.getUint32(12, true));
  }

  /** A posted write, as QEMU sends it. */
  write(region: number, offset: number | bigint, data: Uint8Array): void {
    const payload = concat(pack(u64(offset), u32(region), u32(data.length)), data);
    this.send(message(REGION_WRITE, payload, { flags: NO_REPLY }));
  }

  /** argsz counts what follows the header. */
  setIrqs(flags: number, index: number, start: number, count: number, rest: readonly Field[] = []): Uint8Array {
    return pack(u32(20 + rest.length), u32(flags), u32(index), u32(start), u32(count), ...rest);
  }

  close(): void {
    this.socket.close();
  }

  #read(): number {
    try {
      return this.socket.receive(this.#received, this.#end, this.#received.length - this.#end);
    } catch (error) {
      if (error instanceof SystemError) return 0;
      throw error;
    }
  }

  #take(): Message | undefined {
    if (this.#end < HEADER) return undefined;
    const view = new DataView(this.#received.buffer);
    const size = view.getUint32(4, true);
    if (size > this.#end) return undefined;
    const bytes = this.#received.slice(0, size);
    this.#received.copyWithin(0, size, this.#end);
    this.#end -= size;
    const header = new DataView(bytes.buffer);
    return {
      id: header.getUint16(0, true),
      command: header.getUint16(2, true),
      size,
      flags: header.getUint32(8, true),
      errno: header.getUint32(12, true),
      payload: new DataView(bytes.buffer, HEADER),
    };
  }
}
