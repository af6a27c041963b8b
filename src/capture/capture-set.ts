/** All captures of a NIC, as its device sees them. Device thread only. */
import type { FrameCapture, FrameOffload } from '../ports/index.ts';
import { CaptureWriter, type CaptureMemory, type Epoch } from './ring.ts';

export class CaptureSet implements FrameCapture {
  readonly on: Uint8Array;
  readonly #now: () => number;
  readonly #epoch: Epoch;
  #writers: CaptureWriter[];

  /** `now` gives nanoseconds from `epoch` on. */
  constructor(now: () => number, epoch: Epoch) {
    this.on = new Uint8Array(1);
    this.#now = now;
    this.#epoch = epoch;
    this.#writers = [];
  }

  /** From now on frames go to this capture too; a second time changes nothing. */
  add(memory: CaptureMemory): void {
    if (this.#writers.some((writer) => writer.memory.id === memory.id)) return;
    this.#set([...this.#writers, new CaptureWriter(memory, this.#epoch)]);
  }

  remove(id: string): void {
    this.#set(this.#writers.filter((writer) => writer.memory.id !== id));
  }

  frame(
    at: number,
    reason: number,
    packet: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    kept: number,
    offload: FrameOffload | undefined,
  ): void {
    const timeNs = this.#now();
    const writers = this.#writers;
    for (let n = 0; n < writers.length; n += 1) {
      writers[n]!.frame(timeNs, at, reason, packet, bytes, offset, length, kept, offload);
    }
  }

  #set(writers: CaptureWriter[]): void {
    this.#writers = writers;
    this.on[0] = writers.length > 0 ? 1 : 0;
  }
}
