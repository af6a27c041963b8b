import { EPOLLIN, type EventLoop } from '../linux/index.ts';
import type { FrameOffload, FrameRun, Wire, WirePort } from '../ports/index.ts';

/** Frames that one wire delivers before others have their turn. */
export const FRAMES_PER_TURN = 64;
/** Longest frame, QEMU's large segments and some room for tags included; what a peer frames longer is an error. */
export const LONGEST_FRAME = 65_600;
/** Bytes that a wire receives into. */
export const RECEIVE_BUFFER_LENGTH = 131_072;

/**
 * Where a wire puts what it receives: the bytes of a packet arena, say, so that checksums are summed in place. A stream
 * keeps unfinished frames there, so it belongs to one wire while that is open: another that is offered the same one takes
 * plain memory of its own.
 */
export interface ReceiveBuffer {
  readonly bytes: Uint8Array;
  readonly offset: number;
  /** At least RECEIVE_BUFFER_LENGTH. */
  readonly length: number;
}

export interface WireContext {
  readonly loop: EventLoop;
  readonly buffer?: ReceiveBuffer;
  /** Takes one line when something outside goes wrong or comes right again (a lost connection, a removed interface). */
  readonly log?: (line: string) => void;
}

export interface WireCounters {
  packetsSent: number;
  bytesSent: number;
  packetsReceived: number;
  bytesReceived: number;
  /** Frames that could not be sent. */
  dropped: number;
  /** Connections closed for what came over them, and frames too short or too long to be one. */
  malformed: number;
}

/** What all wires share: the port, the carrier, the counters. */
export abstract class BaseWire implements Wire {
  readonly counters: WireCounters;
  protected readonly loop: EventLoop;
  protected readonly buffer: ReceiveBuffer;
  protected readonly log: (line: string) => void;
  protected port: WirePort | undefined;
  private up: boolean;

  constructor(context: WireContext, carrier: boolean) {
    this.counters = {
      packetsSent: 0,
      bytesSent: 0,
      packetsReceived: 0,
      bytesReceived: 0,
      dropped: 0,
      malformed: 0,
    };
    this.loop = context.loop;
    this.buffer = claim(context.buffer);
    this.log = context.log ?? ignore;
    this.port = undefined;
    this.up = carrier;
  }

  get acceptsOffload(): boolean {
    return false;
  }

  get carrier(): boolean {
    return this.up;
  }

  plug(port: WirePort): void {
    this.port = port;
    this.resume();
  }

  abstract send(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void;
  abstract resume(): void;
  /** Gives everything back; the wire is dead afterwards. */
  abstract close(): void;

  /** Lets another wire have the buffer. */
  protected releaseBuffer(): void {
    claimed.delete(this.buffer);
  }

  protected setCarrier(up: boolean): void {
    if (up === this.up) return;
    this.up = up;
    this.port?.carrierChanged();
  }

  protected countSent(length: number): void {
    this.counters.packetsSent += 1;
    this.counters.bytesSent += length;
  }

  /** Frames that came at once: what the port takes of them together. */
  protected deliverRun(port: WirePort, run: FrameRun): void {
    const taken = port.receiveRun?.(run) ?? 0;
    this.counters.packetsReceived += taken;
    const end = run.first + taken;
    for (; run.first < end; run.first += 1) this.counters.bytesReceived += run.lengths[run.first]!;
  }

  protected deliver(
    port: WirePort,
    bytes: Uint8Array,
    offset: number,
    length: number,
    offload: FrameOffload | undefined,
  ): void {
    this.counters.packetsReceived += 1;
    this.counters.bytesReceived += length;
    port.receive(bytes, offset, length, offload);
  }
}

/** A wire over a descriptor whose every read gives one frame. Such wires are up while their descriptor is. */
export abstract class FrameWire extends BaseWire {
  private fd: number;
  private listening: boolean;
  /** Frames that came in the last turn: about so many are to be expected. */
  private lately: number;

  constructor(context: WireContext, fd: number) {
    super(context, true);
    this.fd = fd;
    this.listening = false;
    this.lately = 1;
    this.loop.watch(fd, 0, () => this.readable());
  }

  resume(): void {
    if (this.listening || this.port === undefined || this.fd === -1) return;
    this.listening = true;
    this.loop.change(this.fd, EPOLLIN);
  }

  close(): void {
    if (this.fd === -1) return;
    this.loop.unwatch(this.fd);
    this.fd = -1;
    this.closeDescriptors();
    this.releaseBuffer();
    this.setCarrier(false);
  }

  protected get isOpen(): boolean {
    return this.fd !== -1;
  }

  protected abstract closeDescriptors(): void;
  /** Reads and delivers one frame; false where none waits. Throws where the descriptor is of no more use. */
  protected abstract receiveOne(port: WirePort): boolean;

  private readable(): void {
    const { port } = this;
    if (port === undefined) return;
    try {
      this.receiveRun(port);
    } catch (error) {
      this.log(`wire lost: ${String(error)}`);
      this.close();
    }
  }

  private receiveRun(port: WirePort): void {
    port.beginRun?.(this.lately);
    try {
      this.lately = Math.max(1, this.receiveSome(port));
    } finally {
      port.endRun?.();
    }
  }

  /** Delivers the frames that wait, as many as may in one turn; returns how many. */
  private receiveSome(port: WirePort): number {
    for (let count = 0; count < FRAMES_PER_TURN; count++) {
      if (!port.canReceive()) {
        this.listening = false;
        this.loop.change(this.fd, 0);
        return count;
      }
      if (!this.receiveOne(port) || this.fd === -1) return count;
    }
    return FRAMES_PER_TURN;
  }
}

const claimed = new WeakSet<ReceiveBuffer>();

function claim(offered: ReceiveBuffer | undefined): ReceiveBuffer {
  if (offered !== undefined && offered.length < RECEIVE_BUFFER_LENGTH) throw new RangeError('receive buffer too short');
  const buffer =
    offered !== undefined && !claimed.has(offered)
      ? offered
      : { bytes: new Uint8Array(RECEIVE_BUFFER_LENGTH), offset: 0, length: RECEIVE_BUFFER_LENGTH };
  claimed.add(buffer);
  return buffer;
}

function ignore(): void {
  // Nobody wants to know.
}
