/** What goes from pool to pool: frames to the receive side, counted together at the end of a run. */
import type { ReceiveEngine } from '../rx/engine.ts';
import { wireLength, type Statistics } from '../statistics.ts';
import type { PoolSink } from '../tx/parts.ts';

export interface DeliveryParts {
  readonly receive: Pick<
    ReceiveEngine,
    'switched' | 'followSwitched' | 'placesFor' | 'switchedInPlace' | 'beginRun' | 'endRun'
  >;
  readonly statistics: Pick<Statistics, 'transmittedLocally'>;
}

export class PoolDeliveries implements PoolSink {
  /** Pools that get the packet at hand. */
  chosen: number;
  private readonly parts: DeliveryParts;
  /** What was given to pools since `begin`. */
  private frames: number;
  private bytes: number;
  private octets: number;

  constructor(parts: DeliveryParts) {
    this.chosen = 0;
    this.parts = parts;
    this.frames = 0;
    this.bytes = 0;
    this.octets = 0;
  }

  begin(frames: number): void {
    this.parts.receive.beginRun(frames);
  }

  end(queue: number): void {
    this.parts.receive.endRun();
    if (this.frames === 0) return;
    this.parts.statistics.transmittedLocally(queue, this.frames, this.bytes, this.octets);
    this.frames = 0;
    this.bytes = 0;
    this.octets = 0;
  }

  deliver(queue: number, headers: number, body: number, length: number, checksumsKnown: boolean): boolean {
    if (!this.parts.receive.switched(headers, body, length, checksumsKnown, queue & 7, this.chosen)) return false;
    this.count(length);
    return true;
  }

  follow(places: Int32Array, lengths: Uint16Array, first: number, end: number, from: number): number {
    const next = this.parts.receive.followSwitched(places, lengths, first, end, from);
    for (let n = first; n < next; n += 1) this.count(lengths[n]!);
    return next;
  }

  placesFor(length: number, most: number, places: Int32Array): number {
    return this.parts.receive.placesFor(length, most, places);
  }

  placed(headers: number, length: number, count: number, identification: number): void {
    this.parts.receive.switchedInPlace(headers, length, count, identification);
    this.count(length, count);
  }

  private count(length: number, frames = 1): void {
    this.frames += frames;
    this.bytes += length * frames;
    this.octets += wireLength(length) * frames;
  }
}
