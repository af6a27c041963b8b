import { makeTask, type Task, type Tasks, type Wire, type WireDrain, type WirePort } from '../ports/index.ts';
import { ByteRing } from './byte-ring.ts';
import { FrameFinisher } from './frame-finisher.ts';
import { LONGEST_FRAME, type WireCounters } from './wire.ts';

const LENGTH_BYTES = 4;
/** What waits for a port that cannot receive; beyond it frames are dropped and counted. */
const QUEUE_BYTES = 256 * 1024;

/** A repeater: a frame that comes in at one port goes out at all others. */
export class Hub {
  private readonly tasks: Tasks;
  private readonly ports: HubPort[];

  constructor(tasks: Tasks) {
    this.tasks = tasks;
    this.ports = [];
  }

  get size(): number {
    return this.ports.length;
  }

  /** A new port, to plug something into. */
  addPort(): HubPort {
    const port = new HubPort(this.tasks, this);
    this.ports.push(port);
    return port;
  }

  /** Connects a wire that lies outside; what it leaves unfinished is finished here. */
  connect(wire: Wire): HubPort {
    const port = this.addPort();
    const finisher = new FrameFinisher({
      segment: (bytes, offset, length) => port.send(bytes, offset, length),
    });
    port.plug({
      canReceive: () => true,
      receive: (bytes, offset, length) => wire.send(bytes, offset, length, undefined),
      carrierChanged: () => undefined,
    });
    wire.plug({
      canReceive: () => true,
      receive: (bytes, offset, length, offload) => {
        if (!finisher.finish(bytes, offset, length, offload)) port.counters.malformed += 1;
      },
      carrierChanged: () => undefined,
    });
    return port;
  }

  /** For its ports. */
  repeat(from: HubPort, bytes: Uint8Array, offset: number, length: number): void {
    // Those that are there now: what a frame causes may unplug one.
    for (let n = this.ports.length - 1; n >= 0; n -= 1) {
      const port = this.ports[n];
      if (port !== undefined && port !== from) port.take(bytes, offset, length);
    }
  }

  /** For its ports. */
  remove(port: HubPort): void {
    const at = this.ports.indexOf(port);
    if (at !== -1) this.ports.splice(at, 1);
  }
}

/** One port of a hub. Always up. */
export class HubPort implements Wire {
  readonly acceptsOffload = false;
  readonly carrier = true;
  readonly counters: WireCounters;
  private readonly tasks: Tasks;
  private readonly hub: Hub;
  private readonly nobody: WireDrain;
  private readonly waiting: ByteRing;
  private readonly header: Uint8Array;
  private readonly resumeTask: Task;
  private readonly frame: Uint8Array;
  private port: WirePort | undefined;
  private closed: boolean;

  constructor(tasks: Tasks, hub: Hub) {
    this.tasks = tasks;
    this.hub = hub;
    this.counters = {
      packetsSent: 0,
      bytesSent: 0,
      packetsReceived: 0,
      bytesReceived: 0,
      dropped: 0,
      malformed: 0,
    };
    this.nobody = { drained: (frames, bytes) => this.countSent(frames, bytes) };
    this.waiting = new ByteRing(QUEUE_BYTES);
    this.header = new Uint8Array(LENGTH_BYTES);
    this.frame = new Uint8Array(LONGEST_FRAME);
    this.resumeTask = makeTask((budget) => this.deliverWaiting(budget));
    this.port = undefined;
    this.closed = false;
  }

  get drain(): WireDrain | undefined {
    return this.hub.size === 1 ? this.nobody : undefined;
  }

  send(bytes: Uint8Array, offset: number, length: number): void {
    if (this.closed) return;
    this.countSent(1, length);
    this.hub.repeat(this, bytes, offset, length);
  }

  plug(port: WirePort): void {
    this.port = port;
  }

  resume(): void {
    if (this.waiting.used > 0) this.tasks.mark(this.resumeTask);
  }

  close(): void {
    this.closed = true;
    this.port = undefined;
    this.waiting.clear();
    this.hub.remove(this);
  }

  /** A frame from another port: delivered, or kept behind those that wait. */
  take(bytes: Uint8Array, offset: number, length: number): void {
    const { port } = this;
    if (port === undefined) return;
    if (this.waiting.used === 0 && port.canReceive()) {
      this.deliver(port, bytes, offset, length);
    } else if (this.waiting.free >= LENGTH_BYTES + length && length <= LONGEST_FRAME) {
      new DataView(this.header.buffer).setUint32(0, length);
      this.waiting.push(this.header, 0, LENGTH_BYTES);
      this.waiting.push(bytes, offset, length);
    } else {
      this.counters.dropped += 1;
    }
  }

  private countSent(frames: number, bytes: number): void {
    this.counters.packetsSent += frames;
    this.counters.bytesSent += bytes;
  }

  private deliverWaiting(budget: number): boolean {
    for (let left = budget; this.waiting.used > 0; left--) {
      const { port } = this;
      if (port === undefined || !port.canReceive()) return false;
      if (left === 0) return true;
      this.waiting.peek(this.header, 0, LENGTH_BYTES);
      const length = new DataView(this.header.buffer).getUint32(0);
      this.waiting.peek(this.frame, 0, length, LENGTH_BYTES);
      this.waiting.skip(LENGTH_BYTES + length);
      this.deliver(port, this.frame, 0, length);
    }
    return false;
  }

  private deliver(port: WirePort, bytes: Uint8Array, offset: number, length: number): void {
    this.counters.packetsReceived += 1;
    this.counters.bytesReceived += length;
    port.receive(bytes, offset, length, undefined);
  }
}
