/**
 * Pause frames of IEEE 802.3 annex 31B (reference §4.2, §8.8): those of the link partner stop transmission for a time, and ours
 * tell it that the packet buffer fills up. Full duplex only.
 */
import { arena } from '../../../packet/arena.ts';
import { capturedAt, makeTimer, type Timer } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import type { Link } from './link.ts';
import type { Statistics } from '../statistics.ts';
import { pf } from '../tables/index.ts';

const { CTRL, FCAH, FCAL, FCRTH, FCRTL, FCRTV, FCRUC, FCT, FCTTV, RAH, RAL, STATUS } = pf;
const { XOFFRXC, XOFFTXC, XONRXC, XONTXC } = pf;

const QUANTUM_BITS = 512;
const FRAME_BYTES = 60;
const PAUSE = 1;
/** XOFF is not repeated sooner, whatever FCTTV and FCRTV say: a guest could keep the timer busy. */
const LEAST_REFRESH_NS = 50_000;

export interface FlowControlParts {
  readonly link: Pick<Link, 'passing' | 'fullDuplex' | 'speedMbps'>;
  readonly statistics: Pick<Statistics, 'count' | 'controlTransmitted'>;
  /** Transmission may go on. */
  readonly resume: () => void;
}

export class FlowControl {
  private readonly context: PortContext;
  private readonly parts: FlowControlParts;
  private readonly values: Uint32Array;
  /** The partner has stopped us; until `pause` expires. */
  private stopped: boolean;
  private readonly pause: Timer;
  /** We have stopped the partner; XON is due some time. */
  private stopping: boolean;
  /** When the partner goes on by itself. */
  private stopEndsNs: number;
  private readonly refresh: Timer;
  /** Where our frames are made, in the arena. */
  private readonly at: number;

  constructor(context: PortContext, parts: FlowControlParts) {
    this.context = context;
    this.parts = parts;
    this.values = context.registers.values;
    this.stopped = false;
    this.pause = makeTimer(() => this.resumeTransmission());
    this.stopping = false;
    this.stopEndsNs = 0;
    this.refresh = makeTimer(() => this.sendXoff());
    this.at = arena.reserve(FRAME_BYTES);
  }

  /** No frame may leave now; pause frames of our own may. */
  get paused(): boolean {
    return this.stopped && this.parts.link.passing;
  }

  /** Software wants XOFF sent as the packet buffer fills up. */
  get sends(): boolean {
    return (this.values[CTRL.index]! & CTRL.TFCE.mask) !== 0 && this.values[FCRTH.index] !== 0 && this.works;
  }

  /** A frame of FCT's type to the pause address or to us arrived; `time` is in quanta, 0 is XON. */
  received(opcode: number, time: number): void {
    const { statistics } = this.parts;
    if (opcode !== PAUSE || (this.values[CTRL.index]! & CTRL.RFCE.mask) === 0) {
      statistics.count(FCRUC.index, 1);
      return;
    }
    statistics.count(time === 0 ? XONRXC.index : XOFFRXC.index, 1);
    if (!this.works) return;
    const { clock, trace, events } = this.context;
    if (trace.on[events.igb_flow_received] !== 0) trace.emit(events.igb_flow_received, time);
    if (time === 0) {
      this.resumeTransmission();
      return;
    }
    this.stopped = true;
    this.values[STATUS.index]! |= STATUS.TXOFF.mask;
    clock.arm(this.pause, clock.now() + this.quantaNs(time));
  }

  /** The packet buffer holds this many bytes now. */
  filled(bytes: number): void {
    if (bytes === 0 && !this.stopping) return;
    if (bytes > this.values[FCRTH.index]! && this.sends) {
      if (!this.stopping || this.context.clock.now() >= this.stopEndsNs) this.sendXoff();
    } else if (this.stopping && bytes < (this.values[FCRTL.index]! & FCRTL.RTL.mask)) {
      this.stopping = false;
      this.context.clock.disarm(this.refresh);
      if ((this.values[FCRTL.index]! & FCRTL.XONE.mask) !== 0 && this.sends) this.send(0);
    }
  }

  /** TCTL.SWXOFF: one XOFF, whatever the fill and CTRL.TFCE. */
  softwareXoff(): void {
    if (this.parts.link.passing) this.send(this.values[FCTTV.index]!);
  }

  /** CTRL was written. */
  controlWritten(): void {
    if ((this.values[CTRL.index]! & CTRL.RFCE.mask) === 0) this.resumeTransmission();
  }

  reset(): void {
    this.stopped = false;
    this.stopping = false;
    this.context.clock.disarm(this.pause);
    this.context.clock.disarm(this.refresh);
  }

  private get works(): boolean {
    return this.parts.link.passing && this.parts.link.fullDuplex;
  }

  private quantaNs(quanta: number): number {
    return Math.ceil((quanta * QUANTUM_BITS * 1000) / this.parts.link.speedMbps);
  }

  private resumeTransmission(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.values[STATUS.index]! &= ~STATUS.TXOFF.mask;
    const { clock, trace, events } = this.context;
    clock.disarm(this.pause);
    if (trace.on[events.igb_flow_resume] !== 0) trace.emit(events.igb_flow_resume);
    this.parts.resume();
  }

  /** Stops the partner, and again while the fill stays up: when its time is down to FCRTV. */
  private sendXoff(): void {
    if (!this.sends) return;
    const { clock } = this.context;
    const time = this.values[FCTTV.index]!;
    const rest = this.values[FCRTV.index]!;
    this.stopping = true;
    const now = clock.now();
    this.stopEndsNs = now + Math.max(this.quantaNs(time), LEAST_REFRESH_NS);
    if (rest !== 0 && rest < time)
      clock.arm(this.refresh, now + Math.max(this.quantaNs(time - rest), LEAST_REFRESH_NS));
    this.send(time);
  }

  private send(time: number): void {
    const { values, at } = this;
    const { bytes } = arena;
    putAddress(bytes, at, values[FCAL.index]!, values[FCAH.index]!);
    putAddress(bytes, at + 6, values[RAL.index]!, values[RAH.index]!);
    putWord(bytes, at + 12, values[FCT.index]!);
    putWord(bytes, at + 14, PAUSE);
    putWord(bytes, at + 16, time);
    bytes.fill(0, at + 18, at + FRAME_BYTES);
    const { statistics } = this.parts;
    statistics.count(time === 0 ? XONTXC.index : XOFFTXC.index, 1);
    statistics.controlTransmitted(FRAME_BYTES);
    const { taps, trace, events, wire } = this.context;
    if (taps.on[capturedAt.wire] !== 0) taps.wire(1, bytes, at, FRAME_BYTES, undefined);
    if (trace.on[events.igb_flow_send] !== 0) trace.emit(events.igb_flow_send, time);
    wire.send(bytes, at, FRAME_BYTES, undefined);
  }
}

/** An address as RAL and RAH have it, the first byte lowest. */
function putAddress(bytes: Uint8Array, at: number, low: number, high: number): void {
  for (let n = 0; n < 4; n += 1) bytes[at + n] = low >>> (8 * n);
  for (let n = 0; n < 2; n += 1) bytes[at + 4 + n] = high >>> (8 * n);
}

function putWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 8;
  bytes[at + 1] = word;
}
