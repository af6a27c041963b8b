/** All captures of a NIC, as its device sees them. Device thread only. */
import { capturedAt, type FrameCapture, place, type TakeFrame } from '../ports/index.ts';
import { points, PORT_POINTS, portOfPoint } from './points.ts';
import { type CaptureMemory, type Epoch } from './capture-memory.ts';
import { CaptureWriter } from './capture-writer.ts';

/** Sees frames in the device's thread, at the moment at which they pass; of each, the bytes that are there. */
export interface FrameWatcher {
  frame(port: number, packet: number, bytes: Uint8Array, offset: number, length: number): void;
}

/** By itself it is what port 0 shows its frames to. */
export class CaptureSet implements FrameCapture {
  readonly on: Uint8Array;
  /** What port 1 shows its frames to: its places do not say by themselves whose they are. */
  readonly secondPort: FrameCapture;
  readonly #now: () => number;
  readonly #epoch: Epoch;
  readonly #framesATime: number;
  /** Frames that the time at hand is still good for. */
  #timely: number;
  readonly #time: Float64Array;
  #writers: CaptureWriter[];
  #watchers: readonly FrameWatcher[];

  /**
   * `now` gives nanoseconds from `epoch` on. Reading it costs as much as all the rest: up to `framesATime` frames between two
   * calls of `turnEnded` share one reading.
   */
  constructor(now: () => number, epoch: Epoch, framesATime = 1) {
    this.on = new Uint8Array(3);
    this.secondPort = {
      on: new Uint8Array(3),
      frame: (at, reason, packet, bytes, offset, length, kept, offload) =>
        this.frame(at | place.secondPort, reason, packet, bytes, offset, length, kept, offload),
    };
    this.#now = now;
    this.#epoch = epoch;
    this.#framesATime = framesATime;
    this.#timely = 0;
    this.#time = new Float64Array(1);
    this.#writers = [];
    this.#watchers = [];
  }

  /** From now on frames go to this capture too; a second time changes nothing. */
  add(memory: CaptureMemory): void {
    if (this.#writers.some((writer) => writer.memory.id === memory.id)) return;
    this.#set([...this.#writers, new CaptureWriter(memory, this.#epoch, this.#time)]);
  }

  /** The next frame has a time of its own. */
  turnEnded(): void {
    this.#timely = 0;
    this.#publish();
  }

  remove(id: string): void {
    const gone = this.#writers.filter((writer) => writer.memory.id === id);
    this.#set(this.#writers.filter((writer) => !gone.includes(writer)));
    for (const writer of gone) {
      writer.publish();
      writer.close();
    }
  }

  readonly frame: TakeFrame = (at, reason, packet, bytes, offset, length, kept, offload) => {
    if (this.#timely === 0) {
      this.#time[0] = this.#now();
      this.#timely = this.#framesATime;
    }
    this.#timely -= 1;
    const writers = this.#writers;
    for (let n = 0; n < writers.length; n += 1) {
      writers[n]!.frame(at, reason, packet, bytes, offset, length, kept, offload);
    }
    if (this.#timely === 0) this.#publish();
    const port = (at & place.secondPort) === 0 ? 0 : 1;
    for (const watcher of this.#watchers) watcher.frame(port, packet, bytes, offset, kept);
  };

  #publish(): void {
    for (const writer of this.#writers) writer.publish();
  }

  /** Lets somebody see frames as they pass; returns what ends that. */
  watch(watcher: FrameWatcher): () => void {
    this.#watchers = [...this.#watchers, watcher];
    this.#set(this.#writers);
    return () => {
      this.#watchers = this.#watchers.filter((other) => other !== watcher);
      this.#set(this.#writers);
    };
  }

  #set(writers: CaptureWriter[]): void {
    this.#writers = writers;
    for (const [port, { on }] of [this, this.secondPort].entries()) {
      const seen = writers
        .flatMap(({ memory }) => memory.points)
        .filter((point) => portOfPoint(point) === port)
        .map((point) => point % PORT_POINTS);
      const any = (wanted: (point: number) => boolean): number =>
        this.#watchers.length > 0 || seen.some((point) => wanted(point)) ? 1 : 0;
      on[capturedAt.wire] = any((point) => point === points.wire);
      on[capturedAt.queues] = any((point) => point !== points.wire && point !== points.drops);
      on[capturedAt.drops] = any((point) => point !== points.wire);
    }
  }
}
