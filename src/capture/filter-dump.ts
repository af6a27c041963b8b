/** QEMU's `-object filter-dump`: every frame that a wire carries, both ways, into a pcap file. */
import type { FrameOffload, Wire, WirePort } from '../ports/index.ts';
import type { CaptureWriter } from './ring.ts';

/** Sits between a port and its wire; frames pass through unchanged. A frame left to segment is captured whole. */
export class FilterDump implements Wire, WirePort {
  readonly #wire: Wire;
  readonly #writer: CaptureWriter;
  readonly #now: () => number;
  #port: WirePort | undefined;

  constructor(wire: Wire, writer: CaptureWriter, now: () => number) {
    this.#wire = wire;
    this.#writer = writer;
    this.#now = now;
  }

  get acceptsOffload(): boolean {
    return this.#wire.acceptsOffload;
  }

  get carrier(): boolean {
    return this.#wire.carrier;
  }

  plug(port: WirePort): void {
    this.#port = port;
    this.#wire.plug(this);
  }

  send(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    this.#writer.record(this.#now(), bytes, offset, length);
    this.#wire.send(bytes, offset, length, offload);
  }

  resume(): void {
    this.#wire.resume();
  }

  canReceive(): boolean {
    return this.#port?.canReceive() ?? false;
  }

  receive(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    this.#writer.record(this.#now(), bytes, offset, length);
    this.#port?.receive(bytes, offset, length, offload);
  }

  carrierChanged(): void {
    this.#port?.carrierChanged();
  }
}
