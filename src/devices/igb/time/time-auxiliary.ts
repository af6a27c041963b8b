/**
 * What SYSTIM does by itself (reference §2.14; offsets and bits of the 82580, which Linux drives): target times that turn an
 * output, clocks out, and stamps of changes at an input. No interrupt: TSICR and ICR.TS came with the 82580.
 */
import { makeTimer, type Timer } from '../../../ports/index.ts';
import type { PortContext } from '../context.ts';
import { pf } from '../tables/index.ts';
import type { PortTime } from './time.ts';

const { AUXSTMPH, AUXSTMPL, FREQOUT, TRGTTIMH, TRGTTIML, TSAUXC, TSSDP } = pf;

const CHANNELS = 2;
const NS_PER_CLOCK_UNIT = 16;
/** Sources of TSSDP before its clocks. */
const FIRST_CLOCK = 2;
/** Bits of TSAUXC and TSSDP by channel. */
const target = [TSAUXC.EN_TT0.mask, TSAUXC.EN_TT1.mask] as const;
const clock = [TSAUXC.EN_CLK0.mask, TSAUXC.EN_CLK1.mask] as const;
const startsAtTarget = [TSAUXC.ST0.mask, TSAUXC.ST1.mask] as const;
const sample = [TSAUXC.SAMP_AUT0.mask, TSAUXC.SAMP_AUT1.mask] as const;
const stamping = [TSAUXC.EN_TS0.mask, TSAUXC.EN_TS1.mask] as const;
const taken = [TSAUXC.AUTT0.mask, TSAUXC.AUTT1.mask] as const;
const stampPins = [
  { enable: TSSDP.AUX0_EN.mask, pin: TSSDP.AUX0_SEL },
  { enable: TSSDP.AUX1_EN.mask, pin: TSSDP.AUX1_SEL },
] as const;

export class TimeAuxiliary {
  private readonly context: PortContext;
  private readonly time: PortTime;
  private readonly values: Uint32Array;
  private readonly timers: readonly Timer[];
  /** Level of each target's output: it turns when the time has come. */
  private readonly turned: boolean[];
  /** When each clock began; Infinity while it does not run. */
  private readonly startNs: Float64Array;

  constructor(context: PortContext, time: PortTime) {
    this.context = context;
    this.time = time;
    this.values = context.registers.values;
    this.timers = Array.from({ length: CHANNELS }, (_, channel) => makeTimer(() => this.await(channel)));
    this.turned = Array.from({ length: CHANNELS }, () => false);
    this.startNs = new Float64Array(CHANNELS).fill(Infinity);
    time.onChange = () => this.targetsChanged();
  }

  /** Level of a source of TSSDP. */
  level(source: number): boolean {
    if (source < FIRST_CLOCK) return this.turned[source]!;
    const channel = source - FIRST_CLOCK;
    const half = (this.values[FREQOUT.index + channel]! & FREQOUT.CHCT.mask) * NS_PER_CLOCK_UNIT;
    const ran = this.context.clock.now() - this.startNs[channel]!;
    return half > 0 && ran >= 0 && Math.floor(ran / half) % 2 === 1;
  }

  /** `value` is what software wrote, `before` what TSAUXC was. */
  controlWritten(value: number, before: number): void {
    for (let channel = 0; channel < CHANNELS; channel += 1) {
      if ((value & sample[channel]!) !== 0) this.stamp(channel);
      const runs = (value & clock[channel]!) !== 0;
      if (!runs) this.startNs[channel] = Infinity;
      else if ((before & clock[channel]!) === 0 && (value & startsAtTarget[channel]!) === 0) {
        this.startNs[channel] = this.context.clock.now();
      }
      this.await(channel);
    }
  }

  /** A target time, or SYSTIM, is another. */
  targetsChanged(): void {
    for (let channel = 0; channel < CHANNELS; channel += 1) this.await(channel);
  }

  /** FREQOUT: the clock begins again with its new cycle. */
  cycleWritten(channel: number): void {
    if (this.startNs[channel] !== Infinity) this.startNs[channel] = this.context.clock.now();
  }

  /** A pin changed that may be stamped. */
  pinChanged(pin: number): void {
    for (let channel = 0; channel < CHANNELS; channel += 1) {
      const from = stampPins[channel]!;
      const choice = this.values[TSSDP.index]!;
      if ((this.values[TSAUXC.index]! & stamping[channel]!) === 0 || (choice & from.enable) === 0) continue;
      if ((choice & from.pin.mask) >>> from.pin.shift === pin) this.stamp(channel);
    }
  }

  /** AUXSTMPH: its read releases the stamp. */
  readStamp(channel: number): number {
    this.values[TSAUXC.index]! &= ~taken[channel]!;
    return this.values[AUXSTMPH.index + channel * AUXSTMPH.step]!;
  }

  reset(): void {
    for (const timer of this.timers) this.context.clock.disarm(timer);
    this.turned.fill(false);
    this.startNs.fill(Infinity);
  }

  /** Acts if the channel's target time has come, and else waits for it. */
  private await(channel: number): void {
    const { clock: time } = this.context;
    const control = this.values[TSAUXC.index]!;
    const starts = clock[channel]! | startsAtTarget[channel]!;
    const startsClock = (control & starts) === starts && this.startNs[channel] === Infinity;
    if (!startsClock && (control & target[channel]!) === 0) {
      time.disarm(this.timers[channel]!);
      return;
    }
    const low = this.values[TRGTTIML.index + channel * TRGTTIML.step]!;
    const high = this.values[TRGTTIMH.index + channel * TRGTTIMH.step]!;
    const dueNs = this.time.reachedAt(low, high);
    if (dueNs > time.now()) {
      if (dueNs === Infinity) time.disarm(this.timers[channel]!);
      else time.arm(this.timers[channel]!, dueNs);
      return;
    }
    time.disarm(this.timers[channel]!);
    if (startsClock) this.startNs[channel] = time.now();
    if ((control & target[channel]!) === 0) return;
    this.values[TSAUXC.index]! &= ~target[channel]!;
    this.turned[channel] = !this.turned[channel]!;
    const { trace, events } = this.context;
    if (trace.on[events.igb_time_target] !== 0)
      trace.emit(events.igb_time_target, channel, this.turned[channel] ? 1 : 0);
  }

  /** Takes a stamp, unless software has yet to read the last one. */
  private stamp(channel: number): void {
    if ((this.values[TSAUXC.index]! & taken[channel]!) !== 0) return;
    this.time.latch();
    const { low, high } = this.time;
    this.values[AUXSTMPL.index + channel * AUXSTMPL.step] = low;
    this.values[AUXSTMPH.index + channel * AUXSTMPH.step] = high;
    this.values[TSAUXC.index]! |= taken[channel]!;
    const { trace, events } = this.context;
    if (trace.on[events.igb_time_auxiliary_stamp] !== 0)
      trace.emit(events.igb_time_auxiliary_stamp, channel, high, low);
  }
}
