/** A wire whose frames reach the device as the device's own work, under its access guard. */
import type { FrameOffload, Wire, WireDrain, WireGather, WirePort } from '../ports/index.ts';
import type { AccessGuard } from './access-guard.ts';
import { GuardedWirePort, type Stoppable } from './guarded-ports.ts';

export class GuardedWire implements Wire, Stoppable {
  readonly #outer: Wire;
  /** The outer one, or what stands before it. */
  #wire: Wire;
  readonly #guard: AccessGuard;
  #port: GuardedWirePort | undefined;

  constructor(wire: Wire, guard: AccessGuard) {
    this.#outer = wire;
    this.#wire = wire;
    this.#guard = guard;
    this.#port = undefined;
  }

  get acceptsOffload(): boolean {
    return this.#wire.acceptsOffload;
  }

  get carrier(): boolean {
    return this.#wire.carrier;
  }

  get drain(): WireDrain | undefined {
    return this.#wire.drain;
  }

  get gather(): WireGather | undefined {
    return this.#wire.gather;
  }

  send(bytes: Uint8Array, offset: number, length: number, offload: FrameOffload | undefined): void {
    this.#wire.send(bytes, offset, length, offload);
  }

  plug(port: WirePort): void {
    this.#port = new GuardedWirePort(port, this.#guard);
    this.#wire.plug(this.#port);
  }

  /** Puts something between port and wire; undefined takes it away. */
  interpose(between: ((wire: Wire) => Wire) | undefined): void {
    this.#wire = between === undefined ? this.#outer : between(this.#outer);
    if (this.#port === undefined) return;
    this.#wire.plug(this.#port);
    this.#port.carrierChanged();
  }

  stop(): void {
    this.#port?.stop();
  }

  cont(): void {
    this.#port?.cont();
    this.#wire.resume();
  }

  resume(): void {
    this.#wire.resume();
  }
}
