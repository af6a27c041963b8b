/** For tests: a port that keeps what it is given, and a way to run a loop beside Node's own. */
import { readdirSync } from 'node:fs';
import type { EventLoop } from '../linux/index.ts';
import type { FrameOffload, WirePort } from '../ports/index.ts';

export class RecordingPort implements WirePort {
  readonly frames: Uint8Array[];
  readonly offloads: (FrameOffload | undefined)[];
  /** Frames that it takes before it says that it cannot. */
  room: number;
  carrierChanges: number;

  constructor(room = Infinity) {
    this.frames = [];
    this.offloads = [];
    this.room = room;
    this.carrierChanges = 0;
  }

  canReceive(): boolean {
    return this.room > 0;
  }

  receive(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    this.room -= 1;
    this.frames.push(bytes.slice(offset, offset + length));
    this.offloads.push(offload === undefined ? undefined : { ...offload });
  }

  carrierChanged(): void {
    this.carrierChanges += 1;
  }
}

/** Runs turns of `loop`, and Node's loop in between, until `done` holds. Fails after two seconds. */
export async function pump(loop: EventLoop, done: () => boolean): Promise<void> {
  const end = performance.now() + 2000;
  for (;;) {
    loop.runOnce(0);
    if (done()) return;
    if (performance.now() > end) throw new Error(`not within two seconds: ${String(done)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A frame of a length whose bytes depend on `seed`. */
export function makeFrame(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + seed) & 0xff);
}

/** A frame as it looks on a stream. */
export function framed(frame: Uint8Array, length = frame.length): Buffer {
  const result = Buffer.alloc(4 + frame.length);
  result.writeUInt32BE(length);
  result.set(frame, 4);
  return result;
}

export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Waits until as many descriptors are open as before; Node closes those of child processes and sockets a little later. */
export async function descriptorsBackTo(count: number): Promise<void> {
  const end = performance.now() + 2000;
  while (openDescriptors() > count && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 2));
  if (openDescriptors() > count) throw new Error(`${openDescriptors()} descriptors are open, not ${count}`);
}
