/** What a port is plugged into for good, while the wire at the other end comes and goes. */
import type { FrameOffload, Wire, WireDrain, WireGather, WirePort } from '../ports/index.ts';

export class Cable implements Wire {
  #port: WirePort | undefined;
  #wire: Wire | undefined;

  constructor() {
    this.#port = undefined;
    this.#wire = undefined;
  }

  get acceptsOffload(): boolean {
    return this.#wire?.acceptsOffload ?? false;
  }

  get carrier(): boolean {
    return this.#wire?.carrier ?? false;
  }

  get drain(): WireDrain | undefined {
    return this.#wire?.drain;
  }

  /** The wire before is to be closed, or plugged into something else, by whoever knows it. */
  connect(wire: Wire | undefined): void {
    if (wire === this.#wire) return;
    this.#wire = wire;
    if (this.#port === undefined) return;
    wire?.plug(this.#port);
    this.#port.carrierChanged();
  }

  get gather(): WireGather | undefined {
    return this.#wire?.gather;
  }

  send(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    this.#wire?.send(bytes, offset, length, offload);
  }

  plug(port: WirePort): void {
    this.#port = port;
    this.#wire?.plug(port);
  }

  resume(): void {
    this.#wire?.resume();
  }
}
