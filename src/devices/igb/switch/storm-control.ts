/** Storm control: limits on broadcast and multicast from the wire (meaning and units in docs/fidelity.md). */
import type { Clock } from '../../../ports/index.ts';
import { pf } from '../tables/index.ts';

const { BSCTRH, MSCTRH, SCCRL } = pf;

const NS_PER_INTERVAL = 1e6;
/** Of BSCTRH and MSCTRH. */
const UNIT_BYTES = 64;
const FCS_BYTES = 4;
const MINIMUM_BYTES = 64;

/** What became of a frame: it passes, is dropped, or is dropped or passes as the first one over a threshold. */
export const STORM_DROP = 1;
export const STORM_EVENT = 2;

/** Whether SCCRL asks for any of it. */
export function controlsStorms(values: Uint32Array): boolean {
  return (values[SCCRL.index]! & (MULTICAST_BITS | BROADCAST_BITS)) !== 0;
}

/** One class of traffic in the current window. */
class StormWindow {
  /** Number of the window since time 0. */
  number: number;
  bytes: number;
  exceeded: boolean;
  exceededBefore: boolean;

  constructor() {
    this.number = 0;
    this.bytes = 0;
    this.exceeded = false;
    this.exceededBefore = false;
  }

  enter(number: number): void {
    if (number === this.number) return;
    this.exceededBefore = this.exceeded && number === this.number + 1;
    this.number = number;
    this.bytes = 0;
    this.exceeded = false;
  }
}

export class StormControl {
  private readonly values: Uint32Array;
  private readonly clock: Clock;
  private readonly broadcast: StormWindow;
  private readonly multicast: StormWindow;

  constructor(values: Uint32Array, clock: Clock) {
    this.values = values;
    this.clock = clock;
    this.broadcast = new StormWindow();
    this.multicast = new StormWindow();
  }

  /** Whether frames have to be shown to `judge` at all. */
  get isOn(): boolean {
    return controlsStorms(this.values);
  }

  /** Counts a broadcast or multicast frame of `length` bytes without FCS; STORM_DROP and STORM_EVENT as they apply. */
  judge(isBroadcast: boolean, length: number): number {
    const { values } = this;
    const control = values[SCCRL.index]!;
    if ((control & (isBroadcast ? BROADCAST_BITS : MULTICAST_BITS)) === 0) return 0;
    const window = isBroadcast ? this.broadcast : this.multicast;
    const interval = (control & SCCRL.INTERVAL.mask) >>> SCCRL.INTERVAL.shift;
    window.enter(Math.floor(this.clock.now() / (NS_PER_INTERVAL * (interval === 0 ? 1 : interval))));
    const threshold = values[isBroadcast ? BSCTRH.index : MSCTRH.index]! & BSCTRH.THRESHOLD.mask;
    const bytes = length + FCS_BYTES;
    window.bytes += bytes < MINIMUM_BYTES ? MINIMUM_BYTES : bytes;
    let result = 0;
    if (!window.exceeded && window.bytes > threshold * UNIT_BYTES) {
      window.exceeded = true;
      result = STORM_EVENT;
    }
    const current = isBroadcast ? SCCRL.BDICW.mask : SCCRL.MDICW.mask;
    const previous = isBroadcast ? SCCRL.BDIPW.mask : SCCRL.MDIPW.mask;
    const isDropped =
      ((control & current) !== 0 && window.exceeded) || ((control & previous) !== 0 && window.exceededBefore);
    return isDropped ? result | STORM_DROP : result;
  }

  reset(): void {
    for (const window of [this.broadcast, this.multicast]) {
      window.bytes = 0;
      window.exceeded = false;
      window.exceededBefore = false;
    }
  }
}

const MULTICAST_BITS = SCCRL.MDIPW.mask | SCCRL.MDICW.mask;
const BROADCAST_BITS = SCCRL.BDIPW.mask | SCCRL.BDICW.mask;
