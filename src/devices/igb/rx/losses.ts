/** Frames that end before they reach a queue: shown to captures, counted, traced. */
import { NOWHERE } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { pf } from '../tables/index.ts';
import type { ReceivedFrame } from './frame.ts';
import type { ReceiveParts } from './parts.ts';

const { RLPML, ROC } = pf;

export class Losses {
  private readonly context: PortContext;
  private readonly statistics: ReceiveParts['statistics'];
  private readonly frame: ReceivedFrame;

  /** `frame` is the frame at hand. */
  constructor(context: PortContext, statistics: ReceiveParts['statistics'], frame: ReceivedFrame) {
    this.context = context;
    this.statistics = statistics;
    this.frame = frame;
  }

  /** A frame is lost for the reason that an event names; `a` and `b` are what it says. */
  lose(event: number, bytes: Uint8Array, start: number, length: number, a: number, b = 0): void {
    const { taps, trace } = this.context;
    taps.drop(0, event, NOWHERE, bytes, start, length);
    if (trace.on[event] !== 0) trace.emit(event, a, b);
  }

  /** The frame at hand is. */
  loseThis(event: number, a: number, b = 0): void {
    const { bytes, start, length } = this.frame;
    this.lose(event, bytes, start, length, a, b);
  }

  /** A frame is longer than may be received. */
  loseOversize(bytes: Uint8Array, start: number, length: number): void {
    const { events, registers } = this.context;
    this.statistics.count(ROC.index, 1);
    this.lose(events.igb_rx_drop_oversize, bytes, start, length, length, registers.values[RLPML.index]! & 0x3fff);
  }
}
