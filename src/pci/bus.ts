/** A bus segment: the functions below one bridge (or at the top of a domain) by their routing id. */
import type { FunctionBus, PciFunction } from './function.ts';
import type { ResetKind } from './reset.ts';

/** The bridge above a bus. */
export interface UpstreamBridge {
  readonly dmaEnabled: boolean;
  readonly secondaryNumber: number;
  /** A PME message from below. */
  pme(routingId: number): void;
}

export class Bus implements FunctionBus {
  readonly functions: PciFunction[];
  readonly bridge: UpstreamBridge | undefined;
  /** Counts changes of routing; the domain's map compares. Shared by all buses of a domain. */
  readonly routing: { generation: number };

  constructor(routing: { generation: number }, bridge: UpstreamBridge | undefined) {
    this.functions = [];
    this.bridge = bridge;
    this.routing = routing;
  }

  get mastering(): boolean {
    return this.bridge?.dmaEnabled ?? true;
  }

  get number(): number {
    return this.bridge?.secondaryNumber ?? 0;
  }

  routingChanged(): void {
    this.routing.generation += 1;
  }

  /** Plugs a function in; `routingOffset` is (bus - first bus) << 8 | device << 3 | function. */
  add(fn: PciFunction, routingOffset: number): void {
    if (this.at(routingOffset) !== undefined) throw new Error(`two functions at ${routingOffset.toString(16)}`);
    fn.routingOffset = routingOffset;
    fn.bus = this;
    this.functions.push(fn);
    fn.refreshMastering();
    this.routingChanged();
  }

  remove(fn: PciFunction): void {
    const index = this.functions.indexOf(fn);
    if (index < 0) return;
    this.functions.splice(index, 1);
    fn.bus = undefined;
    fn.refreshMastering();
    this.routingChanged();
  }

  at(routingOffset: number): PciFunction | undefined {
    for (const fn of this.functions) if (fn.routingOffset === routingOffset) return fn;
    return undefined;
  }

  /** Resets every function here; a copy is walked because a PF's reset takes its VFs away. */
  reset(kind: ResetKind): void {
    for (const fn of this.functions.slice()) if (fn.bus === this) fn.reset(kind);
  }

  pme(routingId: number): void {
    this.bridge?.pme(routingId);
  }

  refreshMastering(): void {
    for (const fn of this.functions) fn.refreshMastering();
  }
}
