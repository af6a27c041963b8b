/** What every block of one 82576 port shares: its registers and its ways to the outside. */
import type { Clock, GuestMemory, InterruptPort, Tasks, Trace, TraceEvents, Wire } from '../../ports/index.ts';
import type { RegisterFile } from '../../registers/index.ts';
import type { FrameTaps } from './frame-taps.ts';
import type { igbTraceEvents } from './trace-events.ts';

export { POOLS, QUEUES } from './sizes.ts';

/** Moves on whenever something changes that steers packets, for what is worked out from such registers beforehand. */
export interface Settings {
  version: number;
}

export interface PortContext {
  readonly registers: RegisterFile;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly tasks: Tasks;
  readonly trace: Trace;
  readonly events: TraceEvents<typeof igbTraceEvents>;
  readonly wire: Wire;
  /** Frames seen and lost, for captures and metrics. */
  readonly taps: FrameTaps;
  /** Memory and interrupts by function: 0 is the PF, 1 + v is VF v. */
  readonly memory: readonly GuestMemory[];
  readonly interruptPorts: readonly InterruptPort[];
  /** Function whose requester id a queue's DMA carries: 0, or 1 + v while VF v exists. */
  readonly queueFunction: Uint8Array;
  /** Which of the chip's ports this is (STATUS.FUNC). */
  readonly portNumber: number;
}
