/**
 * One connection of a stream wire. On it each frame follows its length, four bytes in network order: QEMU's framing of
 * `-netdev stream` and `-netdev socket`, and passt's.
 */
import { close, EPOLLIN, EPOLLOUT, type EventLoop, GatheredWrite, read, write } from '../linux/index.ts';
import { arena } from '../packet/arena.ts';
import { type FrameRun, makeTask, type Task } from '../ports/index.ts';
import { ByteRing } from './byte-ring.ts';
import { LONGEST_FRAME, type ReceiveBuffer } from './wire.ts';

const LENGTH_BYTES = 4;
/** Frames of what was read at once that are delivered before others have their turn: less than 0.1 ms of small ones. */
const FRAMES_A_READ = 256;
/** Reads that follow one another while each fills the buffer. */
const READS_A_TURN = 4;
/** What may wait for a peer that reads slowly. */
export const SEND_QUEUE_BYTES = 1 << 20;

export interface ConnectionOwner {
  /** A frame may be delivered now. */
  ready(): boolean;
  frame(bytes: Uint8Array, offset: number, length: number): void;
  /** Takes frames from the beginning of a run, maybe none. */
  frames(run: FrameRun): void;
  /** The connection is closed: the peer left, or broke the framing. */
  lost(reason: string, malformed: boolean): void;
}

export class StreamConnection {
  private readonly loop: EventLoop;
  private readonly fd: number;
  private readonly owner: ConnectionOwner;
  private readonly buffer: ReceiveBuffer;
  private readonly limit: number;
  /** What was received and not delivered lies in [start, end) of the buffer. */
  private start: number;
  private end: number;
  private readonly gathered: GatheredWrite;
  private readonly queue: ByteRing;
  private readonly run: FrameRun;
  private readonly continueTask: Task;
  private readonly breakTask: Task;
  private readonly flushQueue: (bytes: Uint8Array, offset: number, length: number) => number;
  private paused: boolean;
  private open: boolean;
  private broken: string | undefined;

  /** Takes over a connected, nonblocking descriptor that nobody watches. Delivers nothing before `resume`. */
  constructor(loop: EventLoop, fd: number, buffer: ReceiveBuffer, owner: ConnectionOwner) {
    this.loop = loop;
    this.fd = fd;
    this.owner = owner;
    this.buffer = buffer;
    this.limit = buffer.offset + buffer.length;
    this.start = buffer.offset;
    this.end = buffer.offset;
    this.gathered = new GatheredWrite(LENGTH_BYTES);
    this.queue = new ByteRing(SEND_QUEUE_BYTES);
    this.run = { starts: new Int32Array(FRAMES_A_READ), lengths: new Int32Array(FRAMES_A_READ), first: 0, end: 0 };
    this.continueTask = makeTask(() => this.open && this.deliver());
    this.breakTask = makeTask(() => {
      if (this.open) this.lose(this.broken ?? 'broken', false);
      return false;
    });
    this.flushQueue = (bytes, offset, length) => Math.max(0, write(this.fd, bytes, offset, length));
    this.paused = true;
    this.open = true;
    this.broken = undefined;
    loop.watch(fd, 0, (events) => this.event(events));
  }

  /** Sends a frame, or queues it behind others; false where it had to be dropped. */
  send(bytes: Uint8Array, offset: number, length: number): boolean {
    if (!this.open || this.broken !== undefined) return false;
    const total = LENGTH_BYTES + length;
    this.gathered.header.view.setUint32(0, length);
    let sent = 0;
    if (this.queue.used === 0) {
      try {
        sent = Math.max(0, this.gathered.write(this.fd, bytes, offset, length));
      } catch (error) {
        // The caller is in the middle of transmitting: what follows from this comes later in the turn.
        this.broken = String(error);
        this.loop.mark(this.breakTask);
        return false;
      }
      if (sent === total) return true;
    } else if (this.queue.free < total) {
      return false;
    }
    if (sent < LENGTH_BYTES) this.queue.push(this.gathered.header.bytes, sent, LENGTH_BYTES - sent);
    const done = Math.max(0, sent - LENGTH_BYTES);
    this.queue.push(bytes, offset + done, length - done);
    this.listen();
    return true;
  }

  /** The owner is ready again. What was received already is delivered later in the turn. */
  resume(): void {
    if (!this.open || !this.paused) return;
    this.paused = false;
    this.loop.mark(this.continueTask);
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.loop.unwatch(this.fd);
    close(this.fd);
    this.queue.clear();
  }

  private lose(reason: string, malformed: boolean): void {
    this.close();
    this.owner.lost(reason, malformed);
  }

  private listen(): void {
    this.loop.change(this.fd, (this.paused ? 0 : EPOLLIN) | (this.queue.used > 0 ? EPOLLOUT : 0));
  }

  private event(events: number): void {
    try {
      if (this.queue.used > 0 && (events & ~EPOLLIN) !== 0) {
        this.queue.drain(this.flushQueue);
        if (this.queue.used === 0) this.listen();
      }
      if (!this.paused && !this.continueTask.marked && (events & ~EPOLLOUT) !== 0) this.receive();
    } catch (error) {
      if (!this.open) throw error;
      this.lose(String(error), false);
    }
  }

  private receive(): void {
    for (let left = READS_A_TURN; left > 0; left -= 1) {
      const room = this.limit - this.end;
      const count = read(this.fd, this.buffer.bytes, this.end, room);
      if (count === -1) return;
      if (count === 0) {
        this.lose('the peer closed the connection', false);
        return;
      }
      this.end += count;
      if (this.deliver()) {
        // The descriptor stays watched: what it tells meanwhile is not listened to, which costs less than two calls.
        this.loop.mark(this.continueTask);
        return;
      }
      if (!this.open || this.paused || count < room) return;
    }
  }

  /** Delivers whole frames, as many as a turn allows; true where more are left. */
  private deliver(): boolean {
    const { run } = this;
    this.collect();
    while (run.first < run.end) {
      if (!this.owner.ready()) {
        this.paused = true;
        break;
      }
      this.deliverSome();
      if (!this.open) return false;
    }
    if (!this.paused) {
      if (run.end === FRAMES_A_READ) return true;
      if (this.end - this.start >= LENGTH_BYTES && !isLength(this.lengthAt(this.start))) {
        this.lose(`a frame of ${this.lengthAt(this.start)} bytes`, true);
        return false;
      }
    }
    this.makeRoom();
    this.listen();
    return false;
  }

  /** Makes the next whole frames the run at hand, up to one whose length is none. */
  private collect(): void {
    const { run } = this;
    let at = this.start;
    run.first = 0;
    run.end = 0;
    while (run.end < FRAMES_A_READ && this.end - at >= LENGTH_BYTES) {
      const length = this.lengthAt(at);
      if (!isLength(length) || this.end < at + LENGTH_BYTES + length) return;
      run.starts[run.end] = at + LENGTH_BYTES;
      run.lengths[run.end] = length;
      run.end += 1;
      at += LENGTH_BYTES + length;
    }
  }

  /** What the port takes of the run together, and where that is nothing the next frame by itself. */
  private deliverSome(): void {
    const { run, owner, buffer } = this;
    const { first } = run;
    if (buffer.bytes === arena.bytes) owner.frames(run);
    const together = run.first - first;
    if (together === 0) run.first += 1;
    const last = run.first - 1;
    this.start = run.starts[last]! + run.lengths[last]!;
    if (together === 0) owner.frame(buffer.bytes, run.starts[last]!, run.lengths[last]!);
  }

  private lengthAt(at: number): number {
    const { bytes } = this.buffer;
    return bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!);
  }

  /** Moves an incomplete frame to the front where the room behind it might not do. */
  private makeRoom(): void {
    const { bytes, offset } = this.buffer;
    if (this.start === this.end) {
      this.start = offset;
      this.end = offset;
    } else if (this.limit - this.start < LENGTH_BYTES + LONGEST_FRAME || this.end === this.limit) {
      bytes.copyWithin(offset, this.start, this.end);
      this.end -= this.start - offset;
      this.start = offset;
    }
  }
}

function isLength(length: number): boolean {
  return length > 0 && length <= LONGEST_FRAME;
}
