/** The same machine in this process: for profiles, for counting allocations, and for tests. */
import { inlineMore } from '../linux/index.ts';
import { arena } from '../packet/index.ts';
import type { FrameOffload, FrameRun, Wire, WirePort } from '../ports/index.ts';
import { MachineTransport } from '../qtest/client/index.ts';
import { Machine } from '../qtest/machine/machine.ts';
import { VirtualTime } from '../qtest/machine/virtual-time.ts';
import { makeTraceMemory, TraceWriter } from '../trace/ring.ts';
import { BenchCard } from './card.ts';
import type { DeviceCase } from './device-cases.ts';
import type { Feed } from './feed.ts';
import type { Work } from './work.ts';

const RAM_BYTES = 2 ** 29;
const MAC = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);

/** Frames of a run, as a stream delivers them. */
const RUN = 256;
const ROOM_BYTES = 2048;

/** Takes everything, and hands over frames that do not come from anywhere. */
class BenchWire implements Wire {
  readonly acceptsOffload = false;
  readonly carrier = true;
  readonly drain = { drained: (): void => undefined };
  readonly #run: FrameRun;
  readonly #room: number;
  #count: number;
  #port: WirePort | undefined;

  constructor() {
    this.#run = { starts: new Int32Array(RUN), lengths: new Int32Array(RUN), first: 0, end: 0 };
    this.#room = arena.reserve(RUN * ROOM_BYTES);
    this.#count = 0;
    this.#port = undefined;
  }

  /** What `deliver` delivers: frames that are all alike. */
  set frames(frames: readonly Uint8Array[]) {
    this.#count = frames.length;
    for (let n = 0; n < Math.min(RUN, frames.length); n += 1) {
      this.#run.starts[n] = this.#room + n * ROOM_BYTES;
      this.#run.lengths[n] = frames[n]!.length;
      arena.bytes.set(frames[n]!, this.#run.starts[n]);
    }
  }

  send(_bytes: Uint8Array, _offset: number, _length: number, _offload: FrameOffload | undefined): void {
    // A sink.
  }

  plug(port: WirePort): void {
    this.#port = port;
  }

  resume(): void {
    // Nothing waits.
  }

  /** All frames arrive. */
  deliver(): void {
    const run = this.#run;
    for (let left = this.#count; left > 0; left -= run.end) {
      run.first = 0;
      run.end = Math.min(left, RUN);
      while (run.first < run.end) {
        run.first += this.#port!.receiveRun!(run);
        if (run.first === run.end) break;
        this.#port!.receive(arena.bytes, run.starts[run.first]!, run.lengths[run.first]!, undefined);
        run.first += 1;
      }
    }
  }
}

/** A machine of this process with a card on a wire, and its time. */
export function openMachine(wire: Wire): { readonly card: BenchCard; readonly time: VirtualTime } {
  inlineMore();
  const time = new VirtualTime();
  const trace = new TraceWriter(makeTraceMemory(), () => time.now());
  const machine = new Machine({ type: 'q35', ramBytes: RAM_BYTES, trace, time, defaults: false });
  machine.addRootPort({ id: 'rp0', slot: 4 });
  machine.addIgb({ bus: 'rp0' }, wire, MAC);
  return { card: new BenchCard(new MachineTransport(machine)), time };
}

/** A case's batches on a machine of this process. */
export function openInProcess(device: DeviceCase): Work {
  const wire = new BenchWire();
  const { card, time } = openMachine(wire);
  const feed: Feed = {
    set frames(frames: readonly Uint8Array[]) {
      wire.frames = frames;
    },
    send() {
      wire.deliver();
      time.settle();
      return true;
    },
  };
  return device.open(card, feed);
}
