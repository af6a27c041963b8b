/** The same machine in this process: for profiles, for counting allocations, and for tests. */
import type { FrameOffload, Wire, WirePort } from '../ports/index.ts';
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

/** Takes everything, and hands over frames that do not come from anywhere. */
class BenchWire implements Wire {
  readonly acceptsOffload = false;
  readonly carrier = true;
  readonly drain = { drained: (): void => undefined };
  frames: readonly Uint8Array[];
  #port: WirePort | undefined;

  constructor() {
    this.frames = [];
    this.#port = undefined;
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
    for (const frame of this.frames) this.#port!.receive(frame, 0, frame.length, undefined);
  }
}

/** A case's batches on a machine of this process. */
export function openInProcess(device: DeviceCase): Work {
  const time = new VirtualTime();
  const trace = new TraceWriter(makeTraceMemory(), () => time.now());
  const machine = new Machine({ type: 'q35', ramBytes: RAM_BYTES, trace, time, defaults: false });
  const wire = new BenchWire();
  machine.addRootPort({ id: 'rp0', slot: 4 });
  machine.addIgb({ bus: 'rp0' }, wire, MAC);
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
  return device.open(new BenchCard(new MachineTransport(machine)), feed);
}
