/** A wire whose frames reach the device as the device's own work, under its access guard. */
import { type AccessGuard, GuardedWirePort } from '../pci/index.ts';
import type { FrameOffload, Wire, WirePort } from '../ports/index.ts';

export class GuardedWire implements Wire {
  readonly #wire: Wire;
  readonly #guard: AccessGuard;

  constructor(wire: Wire, guard: AccessGuard) {
    this.#wire = wire;
    this.#guard = guard;
  }

  get acceptsOffload(): boolean {
    return this.#wire.acceptsOffload;
  }

  get carrier(): boolean {
    return this.#wire.carrier;
  }

  send(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    this.#wire.send(bytes, offset, length, offload);
  }

  plug(port: WirePort): void {
    this.#wire.plug(new GuardedWirePort(port, this.#guard));
  }

  resume(): void {
    this.#wire.resume();
  }
}
